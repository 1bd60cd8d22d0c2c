//! Giving back what a storm took, once there is nothing left to tell.
//!
//! Everybody hears of everybody when a cluster boots; a quiet member needs little of the room
//! that this takes, and a process may have hundreds of members.

use super::Node;

impl Node {
    /// Gossip has come to rest. What still waits for something keeps its room.
    pub(super) fn rest(&mut self) {
        self.news.shrink();
        self.shouts.shrink();
        self.suspicions.shrink();
        self.agenda.shrink();
        self.streams.shrink();
        self.outbox.shrink();
        self.accusers.shrink_to_fit();
        for suspicions in [&mut self.expired, &mut self.verdicts] {
            suspicions.shrink_to_fit();
        }
        self.relays.shrink_to_fit();
    }

    /// Bytes of room that come and go with storms.
    #[cfg(test)]
    fn storm_room(&self) -> usize {
        self.suspicions.allocated_bytes() + self.agenda.allocated_bytes() + self.news.room()
    }
}

#[cfg(test)]
mod tests {
    use core::net::SocketAddr;
    use core::time::Duration;

    use super::Node;
    use crate::config::Config;
    use crate::time::Instant;
    use crate::wire::{Record, State, Versions};

    fn address(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn hear(node: &mut Node, number: u16, incarnation: u64) {
        let record = Record {
            name: &format!("m{number}"),
            instance: u64::from(number),
            incarnation,
            addr: address(number),
            meta_version: 0,
            meta: &[],
            versions: Versions::OURS,
        };
        node.read_record(&record, None);
    }

    #[test]
    fn the_room_of_a_storm_is_given_back_once_everything_is_told() {
        let mut config = Config::lan("me", address(1));
        config.probe.interval = Duration::from_secs(3_600);
        config.suspicion.second_opinions = 0;
        let mut node = Node::new(config, 7, Instant::ZERO).unwrap();
        for number in 2..300 {
            hear(&mut node, number, 0);
        }
        for number in 2..300 {
            node.read_claim(number, 0, State::Suspect, 2);
        }
        assert!(node.stats().suspects > 200);
        let full = node.storm_room();
        for number in 2..300 {
            hear(&mut node, number, 1);
        }
        let mut buf = Vec::new();
        for step in 0..600 {
            node.handle_timeout(Instant::from_millis(step * 100));
            while node.poll_transmit(&mut buf).is_some() {}
        }
        assert_eq!((node.stats().members, node.stats().suspects), (299, 0));
        assert!(
            node.storm_room() * 10 < full,
            "{} of {full}",
            node.storm_room()
        );
    }
}
