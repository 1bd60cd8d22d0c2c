//! A hierarchical timing wheel: every timer of a process in one structure.
//!
//! After Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 7, with
//! an occupancy bitmap for each level in place of a scan and with lists that are threaded
//! through a slab.

mod batch;
mod fire;
mod level;
mod slab;

#[cfg(test)]
mod tests;

use core::fmt;

pub use fire::{Fired, Firing};

use crate::Instant;
use batch::{Batch, TOGETHER};
use level::{slot_for, span, tick_of, Occupancy, Slot, LEVELS, SLOTS};
use slab::{Slab, NIL};

/// Names one timer of one wheel; refers to nothing once that timer fired or was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerKey {
    index: u32,
    generation: u32,
}

impl TimerKey {
    /// The key as one number, for a border that has no structs.
    pub const fn to_bits(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }

    /// The key that [`Self::to_bits`] came from. Any number is safe: one that was never given
    /// out finds nothing, or the timer that now has that key.
    pub const fn from_bits(bits: u64) -> Self {
        Self {
            index: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

/// Timers with a payload of type `T`, ordered by deadline.
///
/// Insert, cancel and move cost O(1) and allocate nothing once the wheel has held as many
/// timers before. Nothing fires early. [`Self::advance`] yields a timer at the first call
/// with `now >= deadline`, to the microsecond: the tick of 1,024 microseconds is only the
/// width of the finest bucket. Every [`Instant`] can be a deadline; none is too far.
pub struct Wheel<T> {
    slab: Slab<T>,
    slots: Box<[Slot]>,
    occupancy: Occupancy,
    /// The tick up to which buckets were emptied or redistributed.
    position: u64,
    batch: Batch,
}

impl<T> Wheel<T> {
    /// An empty wheel that stands at `origin`; earlier deadlines count as overdue.
    pub fn new(origin: Instant) -> Self {
        Self {
            slab: Slab::new(),
            slots: (0..LEVELS * SLOTS).map(|_| Slot::new()).collect(),
            occupancy: Occupancy::default(),
            position: tick_of(origin.as_micros()),
            batch: Batch::default(),
        }
    }

    /// An empty wheel that will not allocate for its first `capacity` timers.
    pub fn with_capacity(origin: Instant, capacity: usize) -> Self {
        let mut wheel = Self::new(origin);
        wheel.slab.reserve(capacity);
        wheel
    }

    /// Adds a timer; a deadline in the past is due at the next [`Self::advance`].
    pub fn insert(&mut self, deadline: Instant, value: T) -> TimerKey {
        let index = self.slab.insert(deadline.as_micros(), value);
        self.place(index);
        self.slab.key(index)
    }

    /// Takes a timer out before it fires; `None` if it fired or was cancelled before.
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let slot = self.slab.find(key)?.slot;
        self.unlink(key.index, slot);
        self.slab.remove(key.index)
    }

    /// Moves a timer to another deadline and keeps its key; false if there is no such timer.
    ///
    /// Among equal deadlines the moved timer counts as inserted now.
    pub fn reschedule(&mut self, key: TimerKey, deadline: Instant) -> bool {
        let Some(link) = self.slab.find(key) else {
            return false;
        };
        self.unlink(key.index, link.slot);
        self.slab.links[key.index as usize].deadline = deadline.as_micros();
        self.place(key.index);
        true
    }

    /// Appends every timer with a deadline up to `now` to `due`: in order of deadline, equal
    /// ones in order of insertion.
    ///
    /// The cost follows what is due, not how much time went by. A `now` that lies before an
    /// earlier one is no error: what is overdue at it fires, and the wheel does not turn back.
    pub fn advance(&mut self, now: Instant, due: &mut Vec<(TimerKey, T)>) {
        let target = tick_of(now.as_micros()).max(self.position);
        loop {
            while self.take_whole_slots(target, due) {}
            let Some(slot) = self.occupancy.first() else {
                break;
            };
            let (start, _) = span(self.position, slot);
            if start > target {
                break;
            }
            if slot < SLOTS {
                self.take_until(slot, now.as_micros(), due);
                break;
            }
            self.position = start;
            self.redistribute(slot);
        }
        self.position = target;
    }

    /// Takes every timer out, due or not, in no particular order.
    pub fn drain(&mut self, into: &mut Vec<(TimerKey, T)>) {
        while self.take_whole_slots(u64::MAX, into) {}
    }

    /// The deadline of a timer, `None` once it fired or was cancelled.
    pub fn deadline(&self, key: TimerKey) -> Option<Instant> {
        self.slab
            .find(key)
            .map(|link| Instant::from_micros(link.deadline))
    }

    /// The payload of a timer, `None` once it fired or was cancelled.
    pub fn value(&self, key: TimerKey) -> Option<&T> {
        self.slab.find(key).and_then(|_| self.slab.value(key.index))
    }

    /// The exact deadline of the timer that fires next; in the past if it is overdue.
    ///
    /// May change after any call that takes `&mut self`.
    pub fn next_deadline(&self) -> Option<Instant> {
        let slot = self.occupancy.first()?;
        Some(Instant::from_micros(
            self.slots[slot].earliest(&self.slab.links),
        ))
    }

    /// How many timers wait.
    pub const fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether no timer waits.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of the 64 slots of each level hold a timer, the finest level first.
    pub fn slots_in_use(&self) -> [u32; 9] {
        self.occupancy.by_level()
    }

    /// Bytes reserved for timers and buckets, used or not.
    pub fn allocated_bytes(&self) -> usize {
        self.slab.allocated() + self.slots.len() * size_of::<Slot>() + self.batch.allocated()
    }

    fn place(&mut self, index: u32) {
        let link = &mut self.slab.links[index as usize];
        let slot = slot_for(self.position, tick_of(link.deadline).max(self.position));
        link.slot = slot as u16;
        self.slots[slot].push(&mut self.slab.links, index);
        self.occupancy.set(slot);
    }

    fn unlink(&mut self, index: u32, slot: u16) {
        let slot = usize::from(slot);
        self.slots[slot].unlink(&mut self.slab.links, index);
        if self.slots[slot].head == NIL {
            self.occupancy.clear(slot);
        }
    }

    /// Spreads the timers of a slot that the position has just entered over lower levels.
    fn redistribute(&mut self, slot: usize) {
        let ends = self.empty(slot);
        let mut batch = core::mem::take(&mut self.batch);
        batch.list(&self.slab.links, &[ends]);
        for &(_, index) in batch.timers(0) {
            self.place(index);
        }
        self.batch = batch;
    }

    /// Takes the next slots that end before the tick `target`; false if there is none.
    fn take_whole_slots(&mut self, target: u64, due: &mut Vec<(TimerKey, T)>) -> bool {
        let (mut ends, mut ordered) = ([(NIL, NIL); TOGETHER], [true; TOGETHER]);
        let mut count = 0;
        while let Some(slot) = self.occupancy.first().filter(|_| count < TOGETHER) {
            if span(self.position, slot).1 >= target {
                break;
            }
            ordered[count] = self.slots[slot].ordered;
            ends[count] = self.empty(slot);
            count += 1;
        }
        if count == 0 {
            return false;
        }
        let mut batch = core::mem::take(&mut self.batch);
        batch.list(&self.slab.links, &ends[..count]);
        for (chain, ordered) in ordered[..count].iter().enumerate() {
            if !ordered {
                batch.sort(chain);
            }
            due.reserve(batch.timers(chain).len());
            for &(_, index) in batch.timers(chain) {
                let key = self.slab.key(index);
                due.extend(self.slab.remove(index).map(|value| (key, value)));
            }
        }
        self.batch = batch;
        true
    }

    /// Takes what is due out of the slot that `now` lies in.
    fn take_until(&mut self, slot: usize, now: u64, due: &mut Vec<(TimerKey, T)>) {
        if self.slots[slot].earliest(&self.slab.links) > now {
            return;
        }
        if !self.slots[slot].ordered {
            let ends = self.empty(slot);
            let mut batch = core::mem::take(&mut self.batch);
            batch.list(&self.slab.links, &[ends]);
            batch.sort(0);
            for &(_, index) in batch.timers(0) {
                self.place(index);
            }
            self.batch = batch;
        }
        loop {
            let index = self.slots[slot].head;
            if index == NIL || self.slab.links[index as usize].deadline > now {
                break;
            }
            let key = self.slab.key(index);
            self.unlink(index, slot as u16);
            due.extend(self.slab.remove(index).map(|value| (key, value)));
        }
    }

    /// Empties a slot and returns its first and last entry; the entries stay chained.
    fn empty(&mut self, slot: usize) -> (u32, u32) {
        self.occupancy.clear(slot);
        let Slot { head, tail, .. } = self.slots[slot].detach();
        (head, tail)
    }
}

impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("len", &self.len())
            .field("next_deadline", &self.next_deadline())
            .finish_non_exhaustive()
    }
}
