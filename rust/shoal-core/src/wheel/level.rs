//! Levels and slots: which bucket a tick belongs to, and which bucket comes next.
//!
//! A tick is read as nine digits of six bits. Level `k` has one slot for each value of digit
//! `k`, and a timer sits on the level of the highest digit in which its tick differs from the
//! wheel's position:
//!
//! | level | a slot spans | the level reaches |
//! | --- | --- | --- |
//! | 0 | 1.024 ms | 65.5 ms |
//! | 1 | 65.5 ms | 4.19 s |
//! | 2 | 4.19 s | 4.5 min |
//! | 3 | 4.5 min | 4.8 h |
//! | 4 | 4.8 h | 12.7 days |
//! | 5 | 12.7 days | 2.2 years |
//! | 6 to 8 | 2.2 to 9,000 years | the end of [`crate::Instant`] |
//!
//! It follows that every timer of a lower level is due before every timer of a higher one,
//! that the slots in use of one level follow each other without wrapping round, and that
//! timers with the same tick always share a slot, in the order in which they were put in.

use core::sync::atomic::{AtomicU64, Ordering};

use super::slab::{Link, NIL};

pub(super) const LEVELS: usize = 9;
const BITS: usize = 6;
pub(super) const SLOTS: usize = 1 << BITS;

/// A tick is 1,024 microseconds, so that nine levels cover every [`crate::Instant`].
const TICK_BITS: u32 = 10;

/// The earliest deadline of an unordered list whose earliest timer was taken out.
const UNKNOWN: u64 = u64::MAX;

pub(super) const fn tick_of(micros: u64) -> u64 {
    micros >> TICK_BITS
}

/// The index of the slot for `tick` as seen from `position`, which is not later.
pub(super) const fn slot_for(position: u64, tick: u64) -> usize {
    let differing = (position ^ tick) | 1;
    let level = (63 - differing.leading_zeros() as usize) / BITS;
    level * SLOTS + ((tick >> (level * BITS)) as usize & (SLOTS - 1))
}

/// Lists that the timers of one slot are spread over on the levels [`SPREAD`], by a hash of the
/// deadline, so that equal deadlines share a list and stay in the order of insertion. A list is
/// a chain through memory that no cache holds where timers are many; when a slot is opened, its
/// lists are walked side by side and the waits overlap.
pub(super) const LISTS: usize = 4;

/// The levels whose slots have [`LISTS`] lists: those from which most timers come down.
const SPREAD: core::ops::Range<usize> = 1..3;

/// The first list of a slot and how many it has.
pub(super) const fn lists_of(slot: usize) -> (usize, usize) {
    let (first, end) = (SPREAD.start * SLOTS, SPREAD.end * SLOTS);
    if slot < first {
        (slot, 1)
    } else if slot < end {
        (first + (slot - first) * LISTS, LISTS)
    } else {
        (slot + (end - first) * (LISTS - 1), 1)
    }
}

/// The slot that a list belongs to.
pub(super) const fn slot_of(list: usize) -> usize {
    let (first, end) = (SPREAD.start * SLOTS, SPREAD.end * SLOTS);
    if list < first {
        list
    } else if list < first + (end - first) * LISTS {
        first + (list - first) / LISTS
    } else {
        list - (end - first) * (LISTS - 1)
    }
}

/// The list of a slot in which a deadline stands.
pub(super) const fn list_for(slot: usize, deadline: u64) -> usize {
    let (first, count) = lists_of(slot);
    let hash = deadline.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    first + hash as usize % count
}

/// How many lists there are in all.
pub(super) const ALL_LISTS: usize = lists_of(LEVELS * SLOTS - 1).0 + 1;

/// A list of timers, in the order of insertion.
pub(super) struct List {
    pub(super) head: u32,
    pub(super) tail: u32,
    pub(super) len: u32,
    /// The earliest deadline in the list, or [`UNKNOWN`]. Filled in by readers, hence atomic.
    earliest: AtomicU64,
    /// Whether the list is also in order of deadline.
    pub(super) ordered: bool,
}

impl List {
    pub(super) const fn new() -> Self {
        Self {
            head: NIL,
            tail: NIL,
            len: 0,
            earliest: AtomicU64::new(UNKNOWN),
            ordered: true,
        }
    }

    /// Appends the entry `index` to the list.
    pub(super) fn push(&mut self, links: &mut [Link], index: u32) {
        let deadline = links[index as usize].deadline;
        let tail = self.tail;
        let link = &mut links[index as usize];
        link.prev = tail;
        link.next = NIL;
        self.tail = index;
        self.len += 1;
        let earliest = self.earliest.get_mut();
        if tail == NIL {
            self.head = index;
            *earliest = deadline;
            self.ordered = true;
            return;
        }
        if *earliest != UNKNOWN && deadline < *earliest {
            *earliest = deadline;
        }
        let last = &mut links[tail as usize];
        last.next = index;
        self.ordered &= last.deadline <= deadline;
    }

    /// Takes the entry `index` out of the list.
    pub(super) fn unlink(&mut self, links: &mut [Link], index: u32) {
        let Link {
            deadline,
            prev,
            next,
            ..
        } = links[index as usize];
        self.len -= 1;
        match prev {
            NIL => self.head = next,
            _ => links[prev as usize].next = next,
        }
        match next {
            NIL => self.tail = prev,
            _ => links[next as usize].prev = prev,
        }
        if self.head != NIL && deadline == *self.earliest.get_mut() {
            let known = self.ordered.then(|| links[self.head as usize].deadline);
            *self.earliest.get_mut() = known.unwrap_or(UNKNOWN);
        }
    }

    /// Empties the list and returns what it was; the entries stay chained.
    pub(super) fn detach(&mut self) -> Self {
        core::mem::replace(self, Self::new())
    }

    /// The earliest deadline of a list that is not empty.
    ///
    /// A walk happens only in a list that was filled out of order and has since lost its
    /// earliest timer; its result is kept.
    pub(super) fn earliest(&self, links: &[Link]) -> u64 {
        let known = self.earliest.load(Ordering::Relaxed);
        if known != UNKNOWN {
            return known;
        }
        let mut earliest = UNKNOWN;
        let mut index = self.head;
        while index != NIL {
            let link = &links[index as usize];
            earliest = earliest.min(link.deadline);
            index = link.next;
        }
        self.earliest.store(earliest, Ordering::Relaxed);
        earliest
    }
}

/// Which slots hold timers: a bit for each slot, and one for each level.
#[derive(Default)]
pub(super) struct Occupancy {
    levels: u16,
    slots: [u64; LEVELS],
}

impl Occupancy {
    pub(super) const fn set(&mut self, slot: usize) {
        self.slots[slot / SLOTS] |= 1 << (slot % SLOTS);
        self.levels |= 1 << (slot / SLOTS);
    }

    pub(super) const fn clear(&mut self, slot: usize) {
        let level = slot / SLOTS;
        self.slots[level] &= !(1 << (slot % SLOTS));
        if self.slots[level] == 0 {
            self.levels &= !(1 << level);
        }
    }

    /// How many slots of each level hold a timer, the finest level first.
    pub(super) fn by_level(&self) -> [u32; LEVELS] {
        self.slots.map(u64::count_ones)
    }

    /// The occupied slot whose timers are due first.
    pub(super) const fn first(&self) -> Option<usize> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        Some(level * SLOTS + self.slots[level].trailing_zeros() as usize)
    }
}

/// The first and last tick of a slot, as seen from `position`.
pub(super) const fn span(position: u64, slot: usize) -> (u64, u64) {
    let level = slot / SLOTS;
    let width = 1 << (level * BITS);
    let above = position & !((width << BITS) - 1);
    let start = above | ((slot % SLOTS) as u64 * width);
    (start, start + (width - 1))
}
