//! Many datagrams for one system call: `recvmmsg` and `sendmmsg`.
//!
//! Gossip goes to many destinations at once, which rules out segmentation offload; these two
//! calls are what the kernel offers instead. This is the only module of the crate with
//! `unsafe`: each block hands the kernel pointers into vectors that outlive the call. Where
//! the calls do not exist (not Linux), `fallback` makes one call for each datagram.
#![cfg_attr(
    any(target_os = "linux", target_os = "android"),
    allow(
        unsafe_code,
        reason = "the two system calls take arrays of raw pointers"
    )
)]

use std::io;
use std::net::{SocketAddr, UdpSocket};

/// Datagrams taken or given in one system call at most.
pub(crate) const BATCH: usize = 64;
/// Datagrams taken by a call of which few are expected: the arrays of such a call are small.
const FEW: usize = 8;
/// Room for one received datagram, bytes: a jumbo Ethernet frame.
pub(crate) const SLOT: usize = 9_216;

/// How many datagrams a call takes at most.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Batch {
    /// As much as a quiet socket holds.
    Few,
    /// As much as one call can take.
    Many,
}

/// What one call received. The buffers are used again by the next call.
pub(crate) struct Inbox {
    buffers: Vec<u8>,
    arrived: Vec<(SocketAddr, usize)>,
    /// Datagrams that were longer than a slot, or whose source was no internet address.
    pub(crate) unreadable: u64,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self {
            buffers: vec![0; BATCH * SLOT],
            arrived: Vec::with_capacity(BATCH),
            unreadable: 0,
        }
    }

    /// Takes what waits on `socket`, up to a batch. True where that emptied the socket.
    pub(crate) fn receive(&mut self, socket: &UdpSocket, batch: Batch) -> io::Result<bool> {
        self.arrived.clear();
        match batch {
            Batch::Few => imp::receive::<FEW>(self, socket).map(|count| count < FEW),
            Batch::Many => imp::receive::<BATCH>(self, socket).map(|count| count < BATCH),
        }
    }

    /// The datagrams of the last call with their sources, each buffer free to be written.
    pub(crate) fn datagrams(&mut self) -> impl Iterator<Item = (SocketAddr, &mut [u8])> {
        self.arrived
            .iter()
            .zip(self.buffers.chunks_exact_mut(SLOT))
            .filter(|((_, length), _)| *length > 0)
            .map(|((source, length), slot)| (*source, &mut slot[..*length]))
    }
}

/// Datagrams that wait to be sent from one socket, their bytes in one buffer.
#[derive(Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    pending: Vec<(SocketAddr, usize, usize)>,
}

impl Outbox {
    /// Appends one datagram.
    pub(crate) fn push(&mut self, destination: SocketAddr, datagram: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(datagram);
        self.pending.push((destination, start, self.bytes.len()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Sends everything and empties the box. A datagram the kernel refuses is counted and
    /// left out, as the network would have lost it; the others go on.
    pub(crate) fn send(&mut self, socket: &UdpSocket) -> Sent {
        let mut sent = Sent::default();
        let mut from = 0;
        while from < self.pending.len() {
            let to = self.pending.len().min(from + BATCH);
            let one_call = match &self.pending[from..to] {
                [(destination, start, end)] => socket
                    .send_to(&self.bytes[*start..*end], destination)
                    .map(|_| 1),
                several => imp::send(socket, &self.bytes, several),
            };
            match one_call {
                Ok(count) => {
                    let taken = &self.pending[from..from + count];
                    sent.datagrams += count as u64;
                    sent.bytes += taken.iter().map(|(_, a, b)| (b - a) as u64).sum::<u64>();
                    from += count.max(1);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    sent.refused += 1;
                    sent.refusal = Some((self.pending[from].0, error));
                    from += 1;
                }
            }
        }
        self.bytes.clear();
        self.pending.clear();
        sent
    }
}

/// What became of an [`Outbox`].
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    pub(crate) refused: u64,
    pub(crate) refusal: Option<(SocketAddr, io::Error)>,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
use linux as imp;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use fallback as imp;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::{Inbox, BATCH, SLOT};
    use std::io;
    use std::mem::{size_of, zeroed};
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
    use std::os::fd::AsRawFd;

    /// Large enough and aligned for both families.
    #[repr(C)]
    #[derive(Clone, Copy)]
    union Address {
        family: libc::sa_family_t,
        v4: libc::sockaddr_in,
        v6: libc::sockaddr_in6,
    }

    pub(super) fn receive<const MOST: usize>(
        inbox: &mut Inbox,
        socket: &UdpSocket,
    ) -> io::Result<usize> {
        // SAFETY: every field of these C structures may be zero.
        let (mut addresses, mut headers): ([Address; MOST], [libc::mmsghdr; MOST]) =
            unsafe { (zeroed(), zeroed()) };
        let mut pieces = [libc::iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: SLOT,
        }; MOST];
        for (i, slot) in inbox.buffers.chunks_exact_mut(SLOT).take(MOST).enumerate() {
            pieces[i].iov_base = slot.as_mut_ptr().cast();
            let header = &mut headers[i].msg_hdr;
            header.msg_name = (&raw mut addresses[i]).cast();
            header.msg_namelen = size_of::<Address>() as libc::socklen_t;
            header.msg_iov = &raw mut pieces[i];
            header.msg_iovlen = 1;
        }
        // SAFETY: the descriptor is open, each header names one address and one slot that
        // live until the call returns, and the kernel writes at most their stated lengths.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                MOST as _,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (header, address) in headers[..count].iter().zip(&addresses) {
            let whole = header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0;
            match read(address).filter(|_| whole) {
                Some(source) => inbox.arrived.push((source, header.msg_len as usize)),
                None => {
                    inbox.unreadable += 1;
                    inbox.arrived.push((SocketAddr::from(([0, 0, 0, 0], 0)), 0));
                }
            }
        }
        Ok(count)
    }

    pub(super) fn send(
        socket: &UdpSocket,
        bytes: &[u8],
        pending: &[(SocketAddr, usize, usize)],
    ) -> io::Result<usize> {
        // SAFETY: every field of these C structures may be zero.
        let (mut addresses, mut headers): ([Address; BATCH], [libc::mmsghdr; BATCH]) =
            unsafe { (zeroed(), zeroed()) };
        let mut pieces = [libc::iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        }; BATCH];
        let count = pending.len().min(BATCH);
        for (i, (destination, start, end)) in pending[..count].iter().enumerate() {
            let datagram = &bytes[*start..*end];
            pieces[i].iov_base = datagram.as_ptr().cast_mut().cast();
            pieces[i].iov_len = datagram.len();
            let header = &mut headers[i].msg_hdr;
            header.msg_namelen = write(&mut addresses[i], *destination);
            header.msg_name = (&raw mut addresses[i]).cast();
            header.msg_iov = &raw mut pieces[i];
            header.msg_iovlen = 1;
        }
        // SAFETY: the descriptor is open, and each header names an address and bytes that
        // live until the call returns; the kernel only reads them.
        let sent = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                count as _,
                (libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) as _,
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    fn read(address: &Address) -> Option<SocketAddr> {
        // SAFETY: the family leads all three, and the whole union was zeroed before the kernel
        // wrote to it, so that each view holds initialised integers.
        unsafe {
            match libc::c_int::from(address.family) {
                libc::AF_INET => Some(SocketAddr::V4(SocketAddrV4::new(
                    Ipv4Addr::from(u32::from_be(address.v4.sin_addr.s_addr)),
                    u16::from_be(address.v4.sin_port),
                ))),
                libc::AF_INET6 => Some(SocketAddr::V6(SocketAddrV6::new(
                    Ipv6Addr::from(address.v6.sin6_addr.s6_addr),
                    u16::from_be(address.v6.sin6_port),
                    address.v6.sin6_flowinfo,
                    address.v6.sin6_scope_id,
                ))),
                _ => None,
            }
        }
    }

    fn write(address: &mut Address, destination: SocketAddr) -> libc::socklen_t {
        let length = match destination {
            SocketAddr::V4(v4) => {
                address.v4 = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: v4.port().to_be(),
                    sin_addr: libc::in_addr {
                        s_addr: u32::from(*v4.ip()).to_be(),
                    },
                    sin_zero: [0; 8],
                };
                size_of::<libc::sockaddr_in>()
            }
            SocketAddr::V6(v6) => {
                address.v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: v6.port().to_be(),
                    sin6_flowinfo: v6.flowinfo(),
                    sin6_addr: libc::in6_addr {
                        s6_addr: v6.ip().octets(),
                    },
                    sin6_scope_id: v6.scope_id(),
                };
                size_of::<libc::sockaddr_in6>()
            }
        };
        length as libc::socklen_t
    }
}

#[cfg_attr(
    any(target_os = "linux", target_os = "android"),
    allow(
        dead_code,
        reason = "compiled and tested everywhere, used where the batch calls lack"
    )
)]
mod fallback {
    use super::{Inbox, SLOT};
    use std::io;
    use std::net::{SocketAddr, UdpSocket};

    pub(super) fn receive<const MOST: usize>(
        inbox: &mut Inbox,
        socket: &UdpSocket,
    ) -> io::Result<usize> {
        for slot in inbox.buffers.chunks_exact_mut(SLOT).take(MOST) {
            match socket.recv_from(slot) {
                Ok((length, source)) => inbox.arrived.push((source, length)),
                Err(_) if !inbox.arrived.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(inbox.arrived.len())
    }

    pub(super) fn send(
        socket: &UdpSocket,
        bytes: &[u8],
        pending: &[(SocketAddr, usize, usize)],
    ) -> io::Result<usize> {
        for (i, (destination, start, end)) in pending.iter().enumerate() {
            match socket.send_to(&bytes[*start..*end], destination) {
                Ok(_) => {}
                Err(_) if i > 0 => return Ok(i),
                Err(error) => return Err(error),
            }
        }
        Ok(pending.len())
    }
}

#[cfg(test)]
#[path = "mmsg_tests.rs"]
mod tests;
