//! Replay protection: a sliding window over each sender's counters (RFC 6479).

use indexmap::IndexMap;

use crate::wire::Instance;

const WORDS: usize = 16;

/// Counters that a window remembers: one word is always on its way out. A datagram that comes
/// later than this many newer ones of its sender is refused as if it had been seen.
pub(crate) const WINDOW: u64 = (WORDS as u64 - 1) * 64;

/// How many windows are compared when one must go.
const EVICTION_SAMPLE: usize = 8;

/// One session of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sender {
    pub(crate) instance: Instance,
    pub(crate) salt: u64,
}

#[derive(Clone, Debug)]
struct Window {
    highest: u64,
    seen: [u64; WORDS],
    heard: u64,
}

/// The windows of every sender heard, at most a fixed number of them.
///
/// Only authenticated datagrams make an entry. When the table is full, one of those heard
/// longest ago goes, and what its sender sent before could then be replayed: size the table
/// for the cluster.
#[derive(Debug)]
pub(crate) struct ReplayTable {
    windows: IndexMap<Sender, Window, ahash::RandomState>,
    capacity: usize,
    clock: u64,
    hand: usize,
}

impl ReplayTable {
    pub(crate) fn new(capacity: usize, seed: u64) -> Self {
        let hasher = ahash::RandomState::with_seeds(seed, !seed, seed.rotate_left(32), 1);
        Self {
            windows: IndexMap::with_hasher(hasher),
            capacity: capacity.max(1),
            clock: 0,
            hand: 0,
        }
    }

    /// Whether `counter` of `sender` has been seen, or is too old to tell.
    pub(crate) fn has_seen(&self, sender: &Sender, counter: u64) -> bool {
        self.windows
            .get(sender)
            .is_some_and(|window| window.has_seen(counter))
    }

    /// Remembers an authenticated datagram.
    pub(crate) fn record(&mut self, sender: Sender, counter: u64) {
        self.clock += 1;
        if let Some(window) = self.windows.get_mut(&sender) {
            window.record(counter);
            window.heard = self.clock;
            return;
        }
        if self.windows.len() == self.capacity {
            self.evict();
        }
        let mut window = Window {
            highest: counter,
            seen: [0; WORDS],
            heard: self.clock,
        };
        window.record(counter);
        self.windows.insert(sender, window);
    }

    /// How many senders are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.windows.len()
    }

    /// Drops the longest silent of a few windows, other ones each time.
    fn evict(&mut self) {
        let len = self.windows.len();
        let oldest = (0..EVICTION_SAMPLE.min(len))
            .map(|i| (self.hand + i) % len)
            .min_by_key(|&at| self.windows[at].heard);
        if let Some(at) = oldest {
            self.windows.swap_remove_index(at);
        }
        self.hand = (self.hand + EVICTION_SAMPLE) % len;
    }
}

impl Window {
    fn has_seen(&self, counter: u64) -> bool {
        if counter > self.highest {
            return false;
        }
        self.highest - counter >= WINDOW || self.seen[word(counter)] & bit(counter) != 0
    }

    fn record(&mut self, counter: u64) {
        if counter > self.highest {
            let passed = (counter / 64 - self.highest / 64).min(WORDS as u64);
            for step in 1..=passed {
                self.seen[word((self.highest / 64 + step) * 64)] = 0;
            }
            self.highest = counter;
        }
        self.seen[word(counter)] |= bit(counter);
    }
}

fn word(counter: u64) -> usize {
    (counter / 64 % WORDS as u64) as usize
}

fn bit(counter: u64) -> u64 {
    1 << (counter % 64)
}
