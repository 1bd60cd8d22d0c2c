//! A hierarchical timing wheel: every timer of a process in one structure.
//!
//! After Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 7, with
//! an occupancy bitmap for each level in place of a scan and with lists that are threaded
//! through a slab.

mod batch;
mod few;
mod fire;
mod level;
mod slab;

#[cfg(test)]
mod tests;

use core::fmt;

pub use fire::{Fired, Firing};

use crate::Instant;
use batch::Batch;
use level::{list_for, lists_of, slot_for, slot_of, span, tick_of, List, Occupancy, SLOTS};
use slab::{Slab, NIL};

/// The first slot of the level above the one that is next to the finest.
const FIRST_ABOVE_FINEST: usize = 2 * SLOTS;

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
/// timers before. The buckets are made once there are more than a few timers. Nothing fires early. [`Self::advance`] yields a timer at the first call
/// with `now >= deadline`, to the microsecond: the tick of 1,024 microseconds is only the
/// width of the finest bucket. Every [`Instant`] can be a deadline; none is too far.
pub struct Wheel<T> {
    slab: Slab<T>,
    /// A list for each bucket, or one for all while there are few timers.
    lists: Box<[List]>,
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
            lists: few::one_list(),
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
        let list = self.slab.find(key)?.list;
        self.unlink(key.index, list);
        self.slab.remove(key.index)
    }

    /// Moves a timer to another deadline and keeps its key; false if there is no such timer.
    ///
    /// Among equal deadlines the moved timer counts as inserted now.
    pub fn reschedule(&mut self, key: TimerKey, deadline: Instant) -> bool {
        let Some(link) = self.slab.find(key) else {
            return false;
        };
        self.unlink(key.index, link.list);
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
        self.take_of_few(now.as_micros(), due);
    }

    /// Takes every timer out, due or not, in no particular order.
    pub fn drain(&mut self, into: &mut Vec<(TimerKey, T)>) {
        while self.take_whole_slots(u64::MAX, into) {}
        self.take_of_few(u64::MAX, into);
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
        let Some(slot) = self.occupancy.first() else {
            return self.next_of_few();
        };
        Some(Instant::from_micros(self.earliest(slot)))
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
        self.occupancy_of_few()
            .map_or_else(|| self.occupancy.by_level(), |few| few.by_level())
    }

    /// Bytes reserved for timers and buckets, used or not.
    pub fn allocated_bytes(&self) -> usize {
        self.slab.allocated() + self.lists.len() * size_of::<List>() + self.batch.allocated()
    }

    fn place(&mut self, index: u32) {
        if self.has_few() {
            return self.place_with_few(index);
        }
        let link = &mut self.slab.links[index as usize];
        let slot = slot_for(self.position, tick_of(link.deadline).max(self.position));
        let list = list_for(slot, link.deadline);
        link.list = list as u16;
        self.lists[list].push(&mut self.slab.links, index);
        self.occupancy.set(slot);
    }

    fn unlink(&mut self, index: u32, list: u16) {
        let list = usize::from(list);
        self.lists[list].unlink(&mut self.slab.links, index);
        if self.lists[list].head == NIL {
            let slot = slot_of(list);
            let (first, count) = lists_of(slot);
            let lists = &self.lists[first..first + count];
            if lists.iter().all(|list| list.head == NIL) {
                self.occupancy.clear(slot);
            }
        }
    }

    /// The earliest deadline in a slot that is not empty.
    fn earliest(&self, slot: usize) -> u64 {
        let (first, count) = lists_of(slot);
        let lists = self.lists[first..first + count].iter();
        lists
            .filter(|list| list.head != NIL)
            .map(|list| list.earliest(&self.slab.links))
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Spreads the timers of a slot that the position has just entered over lower levels.
    fn redistribute(&mut self, slot: usize) {
        let mut batch = core::mem::take(&mut self.batch);
        batch.clear();
        self.empty(slot, &mut batch);
        batch.walk(&self.slab.links);
        for &(_, index) in batch.timers(0) {
            self.place(index);
        }
        if slot < FIRST_ABOVE_FINEST {
            // They fire within 66 ms: their payloads are asked for while the waits can overlap.
            let payloads = batch.timers(0).iter();
            let waiting = payloads.filter(|(_, index)| self.slab.value(*index).is_some());
            core::hint::black_box(waiting.count());
        }
        self.batch = batch;
    }

    /// Takes the next slots that end before the tick `target`; false if there is none.
    fn take_whole_slots(&mut self, target: u64, due: &mut Vec<(TimerKey, T)>) -> bool {
        let mut batch = core::mem::take(&mut self.batch);
        batch.clear();
        while let Some(slot) = self.occupancy.first() {
            let lists = lists_of(slot).1;
            if batch.room() < lists || span(self.position, slot).1 >= target {
                break;
            }
            self.empty(slot, &mut batch);
        }
        batch.walk(&self.slab.links);
        for group in 0..batch.groups() {
            batch.sort(group);
            due.reserve(batch.timers(group).len());
            for &(_, index) in batch.timers(group) {
                let key = self.slab.key(index);
                due.extend(self.slab.remove(index).map(|value| (key, value)));
            }
        }
        let took = batch.groups() > 0;
        self.batch = batch;
        took
    }

    /// Takes what is due out of the slot of the finest level that `now` lies in.
    fn take_until(&mut self, slot: usize, now: u64, due: &mut Vec<(TimerKey, T)>) {
        if self.lists[slot].earliest(&self.slab.links) > now {
            return;
        }
        if !self.lists[slot].ordered {
            let mut batch = core::mem::take(&mut self.batch);
            batch.clear();
            self.empty(slot, &mut batch);
            batch.walk(&self.slab.links);
            batch.sort(0);
            for &(_, index) in batch.timers(0) {
                self.place(index);
            }
            self.batch = batch;
        }
        loop {
            let index = self.lists[slot].head;
            if index == NIL || self.slab.links[index as usize].deadline > now {
                break;
            }
            let key = self.slab.key(index);
            self.unlink(index, slot as u16);
            due.extend(self.slab.remove(index).map(|value| (key, value)));
        }
    }

    /// Empties a slot into a group of the batch; the entries stay chained.
    fn empty(&mut self, slot: usize, batch: &mut Batch) {
        self.occupancy.clear(slot);
        let (first, count) = lists_of(slot);
        batch.begin_group(count > 1 || !self.lists[first].ordered);
        for list in &mut self.lists[first..first + count] {
            let List {
                head, tail, len, ..
            } = list.detach();
            if len > 0 {
                batch.add(head, tail, len);
            }
        }
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
