//! Socket addresses: a family byte, the address, the port.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::cursor::Cursor;
use super::WireError;

const V4: u8 = 4;
const V6: u8 = 6;

/// Appends `addr`. Flow label and scope stay behind: they mean nothing on another host.
pub(crate) fn put(out: &mut Vec<u8>, addr: SocketAddr) {
    match addr.ip() {
        IpAddr::V4(ip) => {
            out.push(V4);
            out.extend_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            out.push(V6);
            out.extend_from_slice(&ip.octets());
        }
    }
    out.extend_from_slice(&addr.port().to_le_bytes());
}

/// Reads an address that a member can be reached at; anything else is refused, so that no
/// input can create a member without one.
pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<SocketAddr, WireError> {
    const WHAT: &str = "address";
    let at = cursor.at();
    let ip = match cursor.u8(WHAT)? {
        V4 => IpAddr::V4(Ipv4Addr::from(cursor.array::<4>(WHAT)?)),
        V6 => IpAddr::V6(Ipv6Addr::from(cursor.array::<16>(WHAT)?)),
        _ => return Err(WireError::Value { what: WHAT, at }),
    };
    let addr = SocketAddr::new(ip, cursor.u16(WHAT)?);
    if is_reachable(addr) {
        Ok(addr)
    } else {
        Err(WireError::Value { what: WHAT, at })
    }
}

/// Whether a datagram can be sent to `addr` and reach one process: not unspecified, not
/// multicast, not broadcast, and with a port.
pub fn is_reachable(addr: SocketAddr) -> bool {
    let one_host = match addr.ip() {
        IpAddr::V4(ip) => !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()),
        IpAddr::V6(ip) => !(ip.is_unspecified() || ip.is_multicast()),
    };
    one_host && addr.port() != 0
}
