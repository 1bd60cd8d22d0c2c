//! The wheel against a sorted map: no sequence of operations tells them apart.

use std::collections::BTreeMap;

use proptest::prelude::*;
use shoal_core::wheel::{TimerKey, Wheel};
use shoal_core::Instant;

/// Every case runs this many operations and there are 128 cases: 256,000 a run.
const OPERATIONS: usize = 2_000;

#[derive(Clone, Debug)]
enum Operation {
    /// Insert at the clock plus this many microseconds (before it where negative).
    Insert(i64),
    /// Cancel the timer at this place among those ever made.
    Cancel(usize),
    Move(usize, i64),
    Advance(u64),
    /// Advance to the next deadline, or to one microsecond before it.
    AdvanceToNext(bool),
    /// Take everything out and give the room back.
    Clear,
}

fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => -2_000_i64..2_000,
        4 => 0_i64..100_000,
        4 => 0_i64..60_000_000,
        1 => (0_i64..100).prop_map(|n| n * 1_024),
        1 => 0_i64..100_000_000_000_000,
        1 => Just(i64::MAX),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        1 => prop::bool::weighted(0.05).prop_map(|clear| {
            if clear { Operation::Clear } else { Operation::AdvanceToNext(false) }
        }),
        6 => offset().prop_map(Operation::Insert),
        2 => any::<usize>().prop_map(Operation::Cancel),
        2 => (any::<usize>(), offset()).prop_map(|(which, to)| Operation::Move(which, to)),
        1 => prop_oneof![
            0_u64..3_000, 0_u64..200_000, 0_u64..90_000_000, 0_u64..10_000_000_000_000,
        ].prop_map(Operation::Advance),
        2 => any::<bool>().prop_map(Operation::AdvanceToNext),
    ]
}

/// The wheel, and a map of (deadline, age) to what the timer carries.
struct Pair {
    wheel: Wheel<u64>,
    model: BTreeMap<(u64, u64), u64>,
    /// Every timer ever made: its key, and its place in the model while it waits.
    made: Vec<(TimerKey, Option<(u64, u64)>)>,
    age: u64,
    now: u64,
}

impl Pair {
    fn new(origin: u64) -> Self {
        Self {
            wheel: Wheel::new(Instant::from_micros(origin)),
            model: BTreeMap::new(),
            made: Vec::new(),
            age: 0,
            now: origin,
        }
    }

    fn place(&mut self, offset: i64) -> (u64, u64) {
        self.age += 1;
        (self.now.saturating_add_signed(offset), self.age)
    }

    fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::Insert(offset) => {
                let place = self.place(offset);
                let id = self.made.len() as u64;
                let key = self.wheel.insert(Instant::from_micros(place.0), id);
                self.model.insert(place, id);
                self.made.push((key, Some(place)));
            }
            Operation::Cancel(which) if !self.made.is_empty() => {
                let which = which % self.made.len();
                let (key, place) = self.made[which];
                let expected = place.and_then(|place| self.model.remove(&place));
                assert_eq!(self.wheel.cancel(key), expected);
                self.made[which].1 = None;
            }
            Operation::Move(which, offset) if !self.made.is_empty() => {
                let which = which % self.made.len();
                let place = self.place(offset);
                let (key, old) = self.made[which];
                let waits = old.and_then(|old| self.model.remove(&old));
                let moved = self.wheel.reschedule(key, Instant::from_micros(place.0));
                assert_eq!(moved, waits.is_some());
                if let Some(id) = waits {
                    self.model.insert(place, id);
                    self.made[which].1 = Some(place);
                }
            }
            Operation::Advance(by) => self.advance(self.now.saturating_add(by)),
            Operation::AdvanceToNext(just_before) => {
                if let Some(next) = self.wheel.next_deadline() {
                    let to = next.as_micros() - u64::from(just_before && next > Instant::ZERO);
                    self.advance(to.max(self.now));
                }
            }
            Operation::Clear => self.clear(),
            Operation::Cancel(_) | Operation::Move(..) => {}
        }
    }

    fn advance(&mut self, now: u64) {
        self.now = now;
        let mut due = Vec::new();
        self.wheel.advance(Instant::from_micros(now), &mut due);
        let mut expected = Vec::new();
        while let Some(entry) = self
            .model
            .first_entry()
            .filter(|entry| entry.key().0 <= now)
        {
            let id = entry.remove();
            self.made[id as usize].1 = None;
            expected.push((self.made[id as usize].0, id));
        }
        assert_eq!(due, expected);
    }

    fn clear(&mut self) {
        let mut out = Vec::new();
        self.wheel.drain(&mut out);
        self.wheel.shrink();
        out.sort_unstable_by_key(|&(_, id)| id);
        let mut ids: Vec<u64> = std::mem::take(&mut self.model).into_values().collect();
        ids.sort_unstable();
        let expected: Vec<_> = ids
            .iter()
            .map(|&id| (self.made[id as usize].0, id))
            .collect();
        assert_eq!(out, expected);
        for id in ids {
            self.made[id as usize].1 = None;
        }
    }

    fn check(&self) {
        assert_eq!(self.wheel.len(), self.model.len());
        let next = self
            .model
            .first_key_value()
            .map(|((deadline, _), _)| *deadline);
        assert_eq!(self.wheel.next_deadline().map(Instant::as_micros), next);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_operations_tells_the_wheel_from_a_sorted_map(
        origin in prop_oneof![Just(0), any::<u32>().prop_map(u64::from), 0..1_u64 << 60],
        operations in prop::collection::vec(operation(), OPERATIONS),
    ) {
        let mut pair = Pair::new(origin);
        for operation in &operations {
            pair.apply(operation);
            pair.check();
        }
        for (key, place) in pair.made.clone() {
            prop_assert_eq!(pair.wheel.deadline(key).map(Instant::as_micros), place.map(|p| p.0));
        }
        pair.advance(u64::MAX);
        pair.check();
        prop_assert!(pair.wheel.is_empty());
    }
}
