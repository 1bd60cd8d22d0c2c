//! Which sources are listened to at all: a list of networks in CIDR notation (RFC 4632).

use std::net::IpAddr;
use std::str::FromStr;

/// One network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `address` lies inside. An IPv4 address mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(given)) => {
                let shift = 32 - u32::from(self.bits);
                shift == 32 || (u32::from(base) ^ u32::from(given)) >> shift == 0
            }
            (IpAddr::V6(base), IpAddr::V6(given)) => {
                let shift = 128 - u32::from(self.bits);
                shift == 128 || (u128::from(base) ^ u128::from(given)) >> shift == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    /// Reads `10.0.0.0/8`, `fd00::/8` or a bare address.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = address
            .parse()
            .map_err(|_| format!("{text:?} is not a network such as 10.0.0.0/8"))?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|bits| *bits <= most)
                .ok_or_else(|| format!("{text:?} needs a prefix length of 0 to {most}"))?,
        };
        Ok(Self { base, bits })
    }
}

/// Whether `address` may speak to us: an empty list allows everyone.
pub(crate) fn allows(networks: &[Network], address: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(address))
}

#[cfg(test)]
mod tests {
    use super::{allows, Network};

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_holds_what_shares_its_prefix() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "fd00::1", false),
            ("fd00::/8", "fdff::1", true),
            ("::/0", "2001:db8::1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
        ];
        for (text, address, inside) in cases {
            let found = network(text).contains(address.parse().unwrap());
            assert_eq!(found, inside, "{address} in {text}");
        }
    }

    #[test]
    fn no_list_allows_everyone_and_a_list_only_its_own() {
        let stranger = "198.51.100.1".parse().unwrap();
        assert!(allows(&[], stranger));
        assert!(!allows(&[network("10.0.0.0/8")], stranger));
    }

    #[test]
    fn a_network_that_is_none_says_what_would_be_one() {
        for text in ["", "10.0.0.0/33", "fd00::/129", "ten", "10.0.0.0/-1"] {
            let error = text.parse::<Network>().unwrap_err();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
