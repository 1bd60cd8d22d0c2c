//! While a wheel has few timers: one list for all of them, and no buckets.
//!
//! Most wheels of a process are empty most of the time, each membership has some of them, and the
//! buckets of one take 23 KiB. The occupancy stays empty, so that nothing is found in a bucket.

use super::level::{slot_for, tick_of, List, Occupancy, ALL_LISTS};
use super::slab::NIL;
use super::{TimerKey, Wheel};
use crate::Instant;

/// So many timers are looked through faster than buckets are filled.
const MOST: u32 = 32;

pub(super) fn one_list() -> Box<[List]> {
    Box::new([List::new()])
}

impl<T> Wheel<T> {
    /// Gives back what past timers took; does nothing while any timer waits. Keys that were
    /// given out before still refer to nothing.
    pub fn shrink(&mut self) {
        if !self.is_empty() {
            return;
        }
        if !self.has_few() {
            self.lists = one_list();
        }
        self.slab.shrink();
        self.batch.shrink();
    }

    #[inline]
    pub(super) fn has_few(&self) -> bool {
        self.lists.len() == 1
    }

    /// Adds a timer to the others, or makes the buckets where they become too many.
    pub(super) fn place_with_few(&mut self, index: u32) {
        self.slab.links[index as usize].list = 0;
        self.lists[0].push(&mut self.slab.links, index);
        if self.lists[0].len > MOST {
            self.spread();
        }
    }

    fn spread(&mut self) {
        let all = (0..ALL_LISTS).map(|_| List::new()).collect();
        let one = core::mem::replace(&mut self.lists, all);
        let mut next = one[0].head;
        while next != NIL {
            let index = next;
            next = self.slab.links[index as usize].next;
            self.place(index);
        }
    }

    pub(super) fn next_of_few(&self) -> Option<Instant> {
        let few = self.has_few() && !self.is_empty();
        few.then(|| Instant::from_micros(self.lists[0].earliest(&self.slab.links)))
    }

    /// Takes what is due at `now`, in microseconds, where there are few timers.
    pub(super) fn take_of_few(&mut self, now: u64, due: &mut Vec<(TimerKey, T)>) {
        if self.has_few() && !self.is_empty() {
            self.take_until(0, now, due);
        }
    }

    /// The slots that few timers would stand in.
    pub(super) fn occupancy_of_few(&self) -> Option<Occupancy> {
        if !self.has_few() {
            return None;
        }
        let mut occupancy = Occupancy::default();
        let mut next = self.lists[0].head;
        while let Some(link) = self.slab.links.get(next as usize) {
            let tick = tick_of(link.deadline).max(self.position);
            occupancy.set(slot_for(self.position, tick));
            next = link.next;
        }
        Some(occupancy)
    }
}

#[cfg(test)]
mod tests {
    use super::Wheel;
    use crate::Instant;

    const DAY: u64 = 86_400_000_000;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    fn fired(wheel: &mut Wheel<u64>, now: u64) -> Vec<u64> {
        let mut due = Vec::new();
        wheel.advance(at(now), &mut due);
        due.into_iter().map(|(_, value)| value).collect()
    }

    #[test]
    fn a_wheel_has_no_buckets_until_it_has_more_than_a_few_timers() {
        let mut wheel = Wheel::new(at(0));
        let mut sizes = Vec::new();
        for n in 0..100 {
            wheel.insert(at(n * 1_000_000), n);
            sizes.push(wheel.allocated_bytes());
        }
        assert!(sizes[9] * 10 < sizes[99], "{sizes:?}");
        assert_eq!(fired(&mut wheel, DAY), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn an_empty_wheel_gives_its_room_back_and_no_key_comes_twice() {
        let mut wheel = Wheel::new(at(0));
        let bare = wheel.allocated_bytes();
        let mut old = Vec::new();
        for round in 0..5 {
            old.extend((0..100).map(|n| wheel.insert(at(n), n)));
            wheel.shrink();
            assert_eq!(wheel.len(), 100, "nothing is lost while timers wait");
            fired(&mut wheel, DAY + round);
            wheel.shrink();
            assert_eq!(wheel.allocated_bytes(), bare);
        }
        let new = wheel.insert(at(2 * DAY), 7);
        assert!(old.iter().all(|key| wheel.cancel(*key).is_none()));
        assert_eq!(wheel.value(new), Some(&7));
    }
}
