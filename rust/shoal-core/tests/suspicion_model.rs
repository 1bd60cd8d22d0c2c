//! The table against a plain list that recomputes every deadline at every step.

use std::time::Duration;

use proptest::prelude::*;
use shoal_core::suspicion::{Limits, Subject, SuspicionTable, Timeout, Verdict};
use shoal_core::Instant;

const ACCUSER: u32 = 1_000;
const OPERATIONS: usize = 400;

#[derive(Clone, Debug)]
enum Operation {
    Suspect(u32, Option<u64>, u64),
    Confirm(usize, u32),
    Refute(usize, bool),
    NodeDied(u32),
    JobEnded(u64),
    Multiplier(u32),
    Extend(usize, u64),
    Advance(u64),
    AdvanceToNext,
}

fn operation() -> impl Strategy<Value = Operation> {
    let job = prop_oneof![Just(None), (0_u64..4).prop_map(Some)];
    prop_oneof![
        8 => (0_u32..12, job, 1_u64..60_000).prop_map(|(n, j, ms)| Operation::Suspect(n, j, ms)),
        5 => (any::<usize>(), 0_u32..8).prop_map(|(which, by)| Operation::Confirm(which, 500 + by)),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(which, up)| Operation::Refute(which, up)),
        1 => (0_u32..12).prop_map(Operation::NodeDied),
        1 => (0_u64..4).prop_map(Operation::JobEnded),
        2 => (1_u32..10).prop_map(Operation::Multiplier),
        2 => (any::<usize>(), 0_u64..9).prop_map(|(which, value)| Operation::Extend(which, value)),
        3 => (0_u64..20_000_000).prop_map(Operation::Advance),
        3 => Just(Operation::AdvanceToNext),
    ]
}

struct Open {
    subject: Subject<u64, u32>,
    incarnation: u64,
    start: Instant,
    timeout: Timeout,
    confirmers: Vec<u32>,
    grants: u32,
    progress: u64,
    floor: Instant,
}

impl Open {
    fn deadline(&self, multiplier: u32) -> Instant {
        let allowed = self.timeout.after(self.confirmers.len() as u32);
        (self.start + allowed * multiplier).max(self.floor)
    }
}

struct Pair {
    table: SuspicionTable<u64, u32>,
    open: Vec<Open>,
    multiplier: u32,
    now: Instant,
    incarnation: u64,
}

impl Pair {
    fn suspect(&mut self, subject: Subject<u64, u32>, max_millis: u64) {
        self.incarnation += 1;
        self.table.forget_dead(subject, self.incarnation);
        let max = Duration::from_millis(max_millis);
        let timeout = Timeout::new(max / 6, max, 3);
        let verdict = self
            .table
            .suspect(subject, self.incarnation, ACCUSER, timeout, self.now);
        let known = self.open.iter().position(|open| open.subject == subject);
        assert_eq!(verdict == Verdict::Reopened, known.is_some());
        if let Some(known) = known {
            self.open.remove(known);
        }
        self.open.push(Open {
            subject,
            incarnation: self.incarnation,
            start: self.now,
            timeout,
            confirmers: Vec::new(),
            grants: 0,
            progress: 0,
            floor: Instant::ZERO,
        });
    }

    fn confirm(&mut self, which: usize, by: u32) {
        let (now, table) = (self.now, &mut self.table);
        let count = self.open.len();
        if let Some(open) = self.open.get_mut(which % count.max(1)) {
            let counts = open.confirmers.len() < 3 && !open.confirmers.contains(&by);
            assert_eq!(
                table.confirm(open.subject, open.incarnation, by, now),
                counts
            );
            if counts {
                open.confirmers.push(by);
            }
        }
    }

    fn extend(&mut self, which: usize, progress: u64) {
        let (now, multiplier, table) = (self.now, self.multiplier, &mut self.table);
        let count = self.open.len();
        if let Some(open) = self.open.get_mut(which % count.max(1)) {
            table.extend(open.subject, progress, "model", now);
            if open.grants < 5 && (open.grants == 0 || progress > open.progress) {
                let by = (Duration::from_secs(15) / (1 << open.grants)).max(Duration::from_secs(1));
                open.floor = open.deadline(multiplier) + by;
                open.grants += 1;
                open.progress = progress;
            }
        }
    }

    fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::Suspect(node, job, millis) => self.suspect(Subject { job, node }, millis),
            Operation::Confirm(which, by) => self.confirm(which, by),
            Operation::Refute(which, higher) if !self.open.is_empty() => {
                let which = which % self.open.len();
                let Open {
                    subject,
                    incarnation,
                    ..
                } = self.open[which];
                assert_eq!(
                    self.table.refute(subject, incarnation + u64::from(higher)),
                    higher
                );
                self.incarnation += 1;
                if higher {
                    self.open.remove(which);
                }
            }
            Operation::NodeDied(node) => {
                self.table.node_died(node, self.incarnation);
                self.open.retain(|open| open.subject.node != node);
            }
            Operation::JobEnded(job) => {
                self.table.job_ended(job);
                self.open.retain(|open| open.subject.job != Some(job));
            }
            Operation::Multiplier(multiplier) => {
                self.table.set_multiplier(multiplier, self.now);
                self.multiplier = multiplier;
            }
            Operation::Extend(which, progress) => self.extend(which, progress),
            Operation::Advance(by) => self.now += Duration::from_micros(by),
            Operation::AdvanceToNext => {
                self.now = self
                    .table
                    .next_deadline()
                    .map_or(self.now, |next| next.max(self.now));
            }
            Operation::Refute(..) => {}
        }
    }

    /// Expires both and compares what is dead, in order, and what is left.
    fn check(&mut self) {
        let multiplier = self.multiplier;
        let mut expired = Vec::new();
        self.table.expire(self.now, &mut expired);
        let mut expected = Vec::new();
        while let Some(next) = self
            .open
            .iter()
            .position(|open| Some(open.deadline(multiplier)) == self.earliest())
            .filter(|&next| self.open[next].deadline(multiplier) <= self.now)
        {
            let open = self.open.remove(next);
            if open.subject.job.is_none() {
                self.open
                    .retain(|other| other.subject.node != open.subject.node);
            }
            expected.push((open.subject, open.deadline(multiplier)));
        }
        let given: Vec<_> = expired
            .iter()
            .map(|one| (one.subject, one.deadline))
            .collect();
        assert_eq!(given, expected);
        for open in &self.open {
            assert_eq!(
                self.table.deadline(open.subject),
                Some(open.deadline(multiplier))
            );
        }
        let next = self.table.next_deadline();
        assert_eq!(next.is_some(), !self.open.is_empty());
        assert!(next <= self.earliest() && next.is_none_or(|next| next > self.now));
    }

    fn earliest(&self) -> Option<Instant> {
        self.open
            .iter()
            .map(|open| open.deadline(self.multiplier))
            .min()
    }
}

/// What the model leaves out: it accuses only what is not dead.
trait ForgetDead {
    fn forget_dead(&mut self, subject: Subject<u64, u32>, incarnation: u64);
}

impl ForgetDead for SuspicionTable<u64, u32> {
    fn forget_dead(&mut self, subject: Subject<u64, u32>, incarnation: u64) {
        self.revive(subject.node, incarnation);
        if self.deadline(subject).is_none() {
            self.refute(subject, incarnation);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_operations_tells_the_table_from_a_plain_list(
        operations in prop::collection::vec(operation(), OPERATIONS),
    ) {
        let mut pair = Pair {
            table: SuspicionTable::new(Instant::ZERO, Limits::default()),
            open: Vec::new(),
            multiplier: 1,
            now: Instant::ZERO,
            incarnation: 1,
        };
        for operation in &operations {
            pair.apply(operation);
            pair.check();
        }
    }
}
