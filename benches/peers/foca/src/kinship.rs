//! kinship-core 0.5 in the harness, with its LAN numbers and without encryption. Members are
//! given as a list; its exchange of whole views and its attempts to reconnect, which need
//! streams, are switched off.

use std::net::SocketAddr;
use std::time::Duration;

use kinship_core::{Config, Identity, Instant, Node, Security, State, Transmit};

use crate::harness::{Net, Peer};
use crate::ours::{address, index};

pub struct Kinship {
    node: Node,
    wakes_at: u64,
}

fn instant(micros: u64) -> Instant {
    Instant::from_nanos(micros * 1_000)
}

impl Kinship {
    /// A cluster in which everybody knows everybody, at rest.
    pub fn cluster(count: u32) -> (Vec<Self>, Net<()>) {
        let mut net = Net::new();
        let mut peers: Vec<Self> = (0..count).map(|i| Self::new(i, count, &net)).collect();
        for i in 0..count {
            net.me = i;
            peers[i as usize].drain(&mut net);
        }
        net.run(&mut peers, 120_000_000);
        let all_alive = |peer: &Self| {
            let alive = peer.node.members().filter(|m| m.state == State::Alive);
            alive.count() == count as usize
        };
        assert!(peers.iter().all(all_alive));
        (peers, net)
    }

    fn new(i: u32, count: u32, net: &Net<()>) -> Self {
        let mut config = Config::lan(Security::InsecurePlaintext);
        config.push_pull_interval = Duration::ZERO;
        config.reconnect_interval = Duration::ZERO;
        let me = Identity::new(name(i), address(i)).expect("short");
        let now = instant(net.now);
        let mut node = Node::new(config, me, now, u64::from(i), &[i as u8; 32]).expect("valid");
        for other in (0..count).filter(|other| *other != i) {
            let known = node.add_member(now, &name(other), address(other));
            known.expect("there is room");
        }
        Self {
            node,
            wakes_at: u64::MAX,
        }
    }

    fn drain(&mut self, net: &mut Net<()>) {
        while let Some(transmit) = self.node.poll_transmit() {
            match transmit {
                Transmit::Datagram { to, payload } => net.send(index(to), &payload),
                other => unreachable!("nothing is amiss: {other:?}"),
            }
        }
        while self.node.poll_event().is_some() {}
        if let Some(due) = self.node.poll_timeout() {
            let due = due.as_nanos().div_ceil(1_000).max(net.now);
            if due < self.wakes_at {
                self.wakes_at = due;
                net.wake(net.me, due, ());
            }
        }
    }
}

fn name(i: u32) -> String {
    format!("node-{i}")
}

impl Peer for Kinship {
    type Timer = ();

    fn datagram(&mut self, from: u32, bytes: &mut [u8], net: &mut Net<()>) {
        let from: SocketAddr = address(from);
        self.node.handle_datagram(instant(net.now), from, bytes);
        self.drain(net);
    }

    fn timer(&mut self, (): (), net: &mut Net<()>) {
        self.wakes_at = u64::MAX;
        self.node.handle_timeout(instant(net.now));
        self.drain(net);
    }
}
