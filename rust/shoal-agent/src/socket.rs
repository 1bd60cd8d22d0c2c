//! The sockets of one membership: UDP and TCP on the same port.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::AgentError;

/// Asked of the kernel for each direction, bytes; it may grant less.
const BUFFER: usize = 4 << 20;
const BACKLOG: i32 = 256;
/// Ports tried where the kernel chooses one that is free for TCP alone.
const ATTEMPTS: usize = 32;

/// A UDP socket and a TCP listener on one port, non-blocking.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) udp: UdpSocket,
    pub(crate) listener: TcpListener,
    /// What was bound, the port filled in.
    pub(crate) bound: SocketAddr,
}

impl Sockets {
    /// Binds both. Port 0 lets the kernel choose one that is free for both protocols.
    pub(crate) fn bind(address: SocketAddr) -> Result<Self, AgentError> {
        let mut attempts = if address.port() == 0 { ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            match Self::attempt(address) {
                Ok(sockets) => return Ok(sockets),
                Err(error) if attempts > 0 && error.kind() == io::ErrorKind::AddrInUse => {}
                Err(source) => return Err(AgentError::Bind { address, source }),
            }
        }
    }

    fn attempt(address: SocketAddr) -> io::Result<Self> {
        let tcp = open(address, Type::STREAM, Protocol::TCP)?;
        tcp.set_reuse_address(true)?;
        tcp.bind(&address.into())?;
        tcp.listen(BACKLOG)?;
        let listener = TcpListener::from(tcp);
        let bound = listener.local_addr()?;
        let udp = open(bound, Type::DGRAM, Protocol::UDP)?;
        udp.bind(&bound.into())?;
        // The kernel clamps both to its own limits, which is all that can be asked for.
        drop(udp.set_recv_buffer_size(BUFFER));
        drop(udp.set_send_buffer_size(BUFFER));
        Ok(Self {
            udp: UdpSocket::from(udp),
            listener,
            bound,
        })
    }
}

/// The address in the family of a socket bound to `bound`: one dual-stack socket reaches both.
pub(crate) fn reachable(bound: SocketAddr, destination: SocketAddr) -> SocketAddr {
    match (bound, destination) {
        (SocketAddr::V6(_), SocketAddr::V4(v4)) => {
            SocketAddr::new(IpAddr::V6(v4.ip().to_ipv6_mapped()), v4.port())
        }
        _ => destination,
    }
}

/// An IPv4 peer of a dual-stack socket under its own address.
pub(crate) fn canonical(source: SocketAddr) -> SocketAddr {
    SocketAddr::new(source.ip().to_canonical(), source.port())
}

fn open(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The address that others reach us at: the bound one, or where every interface is bound the
/// one that the route to `towards` (a seed, else a documentation address) leaves from.
/// Sends nothing.
pub(crate) fn advertised(
    bound: SocketAddr,
    towards: Option<SocketAddr>,
) -> Result<SocketAddr, AgentError> {
    if !bound.ip().is_unspecified() {
        return Ok(bound);
    }
    let local: IpAddr = match bound {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let documentation: SocketAddr = match bound {
        SocketAddr::V4(_) => (Ipv4Addr::new(192, 0, 2, 1), 9).into(),
        SocketAddr::V6(_) => (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into(),
    };
    let leaves_from = |target: SocketAddr| -> io::Result<IpAddr> {
        let family = if target.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            local
        };
        let probe = UdpSocket::bind((family, 0))?;
        probe.connect(target)?;
        Ok(probe.local_addr()?.ip())
    };
    towards
        .into_iter()
        .chain([documentation])
        .find_map(|target| leaves_from(target).ok())
        .filter(|ip| !ip.is_unspecified())
        .map(|ip| SocketAddr::new(ip, bound.port()))
        .ok_or(AgentError::NoAdvertise { bound })
}

#[cfg(test)]
mod tests {
    use super::{advertised, canonical, reachable, Sockets};
    use std::net::SocketAddr;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn both_protocols_share_one_port() {
        let sockets = Sockets::bind(address("127.0.0.1:0")).unwrap();
        assert_eq!(sockets.udp.local_addr().unwrap(), sockets.bound);
        assert_eq!(sockets.listener.local_addr().unwrap(), sockets.bound);
        assert_ne!(sockets.bound.port(), 0);
    }

    #[test]
    fn a_taken_port_is_named_in_the_error() {
        let first = Sockets::bind(address("127.0.0.1:0")).unwrap();
        let error = Sockets::bind(first.bound).unwrap_err();
        assert!(
            error.to_string().contains(&first.bound.to_string()),
            "{error}"
        );
    }

    #[test]
    fn a_port_is_free_again_as_soon_as_its_sockets_are_dropped() {
        let first = Sockets::bind(address("127.0.0.1:0")).unwrap();
        let bound = first.bound;
        drop(first);
        Sockets::bind(bound).unwrap();
    }

    #[test]
    fn a_dual_stack_socket_speaks_to_both_families() {
        let Ok(sockets) = Sockets::bind(address("[::]:0")) else {
            return;
        };
        let mapped = reachable(sockets.bound, address("127.0.0.1:7946"));
        assert_eq!(mapped, address("[::ffff:127.0.0.1]:7946"));
        assert_eq!(canonical(mapped), address("127.0.0.1:7946"));
    }

    #[test]
    fn a_bound_address_is_advertised_as_it_is() {
        let bound = address("127.0.0.1:7946");
        assert_eq!(advertised(bound, None).unwrap(), bound);
    }

    #[test]
    fn every_interface_is_advertised_as_the_one_that_leads_to_the_seed() {
        let found = advertised(address("0.0.0.0:7946"), Some(address("127.0.0.1:1"))).unwrap();
        assert_eq!(found, address("127.0.0.1:7946"));
    }
}
