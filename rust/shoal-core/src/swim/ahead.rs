//! Looking ahead, for hosts that run thousands of nodes in one process.
//!
//! There nearly every access misses the caches, and a node asks for one thing after the other:
//! its own front, the member whose turn it is, the address of that member. A host that knows
//! which nodes come next has all of these read first, for many nodes at a time, and the waits
//! overlap. Nothing here changes anything, and nothing promises to stay: it is public for
//! `shoal-sim` alone, and hidden from the documentation.

use core::net::SocketAddr;

use super::timers::Timer;
use super::Node;
use crate::time::Instant;

#[doc(hidden)]
impl Node {
    /// Reads a word of each cache line that a quiet period needs, and returns their sum, which
    /// means nothing.
    pub fn read_front(&self) -> u64 {
        let words = [
            self.now.as_micros(),
            self.agenda.next_due().map_or(0, |due| due.as_micros()),
            self.pulse.mtu as u64,
            u64::from(self.fitness.is_unfit()),
            self.probes.len() as u64,
            self.outbox.len() as u64,
            self.events.len() as u64,
            u64::from(self.space.here().height.to_bits()),
            self.table.living() as u64,
            self.stats.datagrams_in,
            self.stats.probes_answered,
            self.suspicions.len() as u64,
        ];
        words.into_iter().fold(0, u64::wrapping_add)
    }

    /// Whether a new period begins if the node is called at `now`.
    pub fn begins_period(&self, now: Instant) -> bool {
        self.agenda.is_first(Timer::Period) && self.poll_timeout().is_some_and(|due| due <= now)
    }

    /// Where the next probe goes, if the round is not over.
    pub fn next_probe(&self) -> Option<SocketAddr> {
        let row = self.table.existing(self.table.upcoming()?)?;
        Some(self.address_of(row))
    }

    /// Reads what a datagram from `instance` needs, and returns a word of it.
    pub fn read_sender(&self, instance: u64) -> u64 {
        let row = self.table.guess(instance);
        row.map_or(0, |row| u64::from(row.incarnation))
    }
}
