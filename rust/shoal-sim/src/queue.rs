//! What is under way, in order of arrival.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use shoal_core::Instant;

/// A priority queue of arrivals: by time, equal times in the order of pushing. The payloads
/// stay in a slab, so that sifting moves twenty-four bytes, and nothing is allocated once warm.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    heap: BinaryHeap<Reverse<(Instant, u64, u32)>>,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    serial: u64,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self {
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
        self.heap.push(Reverse((at, self.serial, slot)));
    }

    /// The first arrival, if it is due by `until`.
    pub(crate) fn pop(&mut self, until: Instant) -> Option<(Instant, T)> {
        let &Reverse((at, _, slot)) = self.heap.peek()?;
        if at > until {
            return None;
        }
        self.heap.pop();
        self.free.push(slot);
        let value = self.slots[slot as usize].take();
        value.map(|value| (at, value))
    }
}
