//! What is under way, in order of arrival.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use shoal_core::Instant;

/// Arrivals that are taken off the heap together, so that the host may look ahead.
pub(crate) const AHEAD: usize = 32;

/// Time, number of the push, slot.
type Entry = (Instant, u64, u32);

/// A priority queue of arrivals: by time, equal times in the order of pushing. The payloads
/// stay in a slab, so that sifting moves twenty-four bytes, and nothing is allocated once warm.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    /// The earliest arrivals, the very first at the back.
    front: Vec<Entry>,
    /// The others; none is earlier than any of the front.
    heap: BinaryHeap<Reverse<Entry>>,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    serial: u64,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self {
            front: Vec::with_capacity(2 * AHEAD),
            heap: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            serial: 0,
        }
    }

    pub(crate) fn push(&mut self, at: Instant, value: T) {
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(value);
            slot
        } else {
            self.slots.push(Some(value));
            self.slots.len() as u32 - 1
        };
        self.serial += 1;
        let entry = (at, self.serial, slot);
        if self.front.first().is_some_and(|last| entry < *last) {
            let later = self.front.iter().rev().take_while(|other| **other < entry);
            let place = self.front.len() - later.count();
            self.front.insert(place, entry);
        } else {
            self.heap.push(Reverse(entry));
        }
    }

    /// Takes the next arrivals off the heap if none is at hand; true if there are new ones to
    /// look at with [`Self::ahead`].
    pub(crate) fn refill(&mut self) -> bool {
        if !self.front.is_empty() {
            return false;
        }
        while self.front.len() < AHEAD {
            let Some(Reverse(entry)) = self.heap.pop() else {
                break;
            };
            self.front.push(entry);
        }
        self.front.reverse();
        !self.front.is_empty()
    }

    /// The arrivals at hand, the latest first.
    pub(crate) fn ahead(&self) -> impl Iterator<Item = (Instant, &T)> + '_ {
        let entries = self.front.iter();
        entries.filter_map(|(at, _, slot)| Some((*at, self.slots[*slot as usize].as_ref()?)))
    }

    /// The first arrival at hand, if it is due by `until`.
    pub(crate) fn pop(&mut self, until: Instant) -> Option<(Instant, T)> {
        let &(at, _, slot) = self.front.last()?;
        if at > until {
            return None;
        }
        self.front.pop();
        self.free.push(slot);
        let value = self.slots[slot as usize].take();
        value.map(|value| (at, value))
    }
}

#[cfg(test)]
mod tests;
