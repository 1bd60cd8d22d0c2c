//! Looking ahead: what the next nodes will need is read for all of them together.
//!
//! A network of thousands of nodes fits no cache, and a node at work waits for one line after
//! the other. Read for thirty nodes at a time the same lines arrive side by side. This changes
//! nothing but the time that a run takes.

use std::hint::black_box;

use shoal_core::{Instant, Node};

use crate::host::Arrival;
use crate::queue::AHEAD;
use crate::simulation::{Delivery, Simulation};

impl Simulation {
    /// Reads what those about to begin a period need, and what those need whom they will probe.
    pub(crate) fn look_ahead(&self) {
        let mut probing = [0; AHEAD];
        let mut count = 0;
        let mut sum = 0_u64;
        for (at, delivery) in self.queue.ahead() {
            if self.begins_period(at, delivery) {
                probing[count] = delivery.host;
                count += 1;
            }
        }
        for node in probing[..count].iter().filter_map(|host| self.node(*host)) {
            sum = sum.wrapping_add(node.read_front());
        }
        let mut probed = [(0, 0); AHEAD];
        for (probe, host) in probed.iter_mut().zip(&probing[..count]) {
            let node = self.node(*host);
            let target = node.and_then(Node::next_probe);
            let peer = target.and_then(|address| self.host_at(address));
            *probe = (node.map_or(0, Node::instance), peer.unwrap_or(*host));
        }
        for (_, peer) in &probed[..count] {
            sum = sum.wrapping_add(self.node(*peer).map_or(0, Node::read_front));
        }
        for (from, peer) in &probed[..count] {
            let row = self.node(*peer).map_or(0, |node| node.read_sender(*from));
            sum = sum.wrapping_add(row);
        }
        black_box(sum);
    }

    fn begins_period(&self, at: Instant, delivery: &Delivery) -> bool {
        let host = &self.hosts[delivery.host as usize];
        let node = host.node.as_ref();
        matches!(delivery.arrival, Arrival::Wake)
            && node.is_some_and(|node| node.begins_period(host.local(at)))
    }
}
