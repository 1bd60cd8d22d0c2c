//! User events: their Lamport time, and having seen them before.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::{Equivalent, HashSet};

/// No honest clock stands higher; what does is refused, so that nobody can exhaust the clock.
const MOST_LAMPORT: u64 = 1 << 62;

/// The largest step that is believed of a cluster whose time is known.
const MOST_STEP: u64 = 1 << 40;

/// Which event: its origin's instance, its Lamport time, its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EventKey {
    pub(crate) origin: u64,
    pub(crate) lamport: u64,
    pub(crate) name: Arc<str>,
}

/// A key that borrows its name, to look one up. Hashes as [`EventKey`] does.
#[derive(Hash)]
struct Borrowed<'a> {
    origin: u64,
    lamport: u64,
    name: &'a str,
}

impl Equivalent<EventKey> for Borrowed<'_> {
    fn equivalent(&self, key: &EventKey) -> bool {
        self.origin == key.origin && self.lamport == key.lamport && *self.name == *key.name
    }
}

/// The Lamport clock (1978) of user events, and the last events seen.
#[derive(Debug)]
pub(crate) struct EventLog {
    clock: u64,
    seen: HashSet<EventKey, ahash::RandomState>,
    order: VecDeque<EventKey>,
    capacity: usize,
}

impl EventLog {
    pub(crate) fn new(capacity: usize, seed: u64) -> Self {
        Self {
            clock: 0,
            seen: HashSet::with_hasher(ahash::RandomState::with_seeds(seed, 4, 5, 6)),
            order: VecDeque::new(),
            capacity,
        }
    }

    /// The time of an event that happens now, here.
    pub(crate) fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Whether a Lamport time can be believed.
    pub(crate) fn is_plausible(&self, lamport: u64) -> bool {
        let step = if self.clock == 0 {
            MOST_LAMPORT
        } else {
            MOST_STEP
        };
        lamport < MOST_LAMPORT && lamport <= self.clock.saturating_add(step)
    }

    /// Whether an event was seen before.
    pub(crate) fn has_seen(&self, origin: u64, lamport: u64, name: &str) -> bool {
        self.seen.contains(&Borrowed {
            origin,
            lamport,
            name,
        })
    }

    /// Takes an event in; false if it was seen before.
    pub(crate) fn witness(&mut self, key: EventKey) -> bool {
        if !self.seen.insert(key.clone()) {
            return false;
        }
        self.clock = self.clock.max(key.lamport);
        self.order.push_back(key);
        if self.order.len() > self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
        true
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }
}
