//! The record of a suspicion that ran out: enough to see why a node was declared dead.

use core::hash::Hash;
use core::time::Duration;

use smallvec::SmallVec;

use super::{Grant, Subject, SuspicionTable, Timeout};
use crate::Instant;

/// One suspicion that nobody refuted in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Expiry<J, N> {
    /// What is dead now.
    pub subject: Subject<J, N>,
    /// The incarnation that was suspected.
    pub incarnation: u64,
    /// Who accused first.
    pub accuser: N,
    /// Who confirmed, in that order.
    pub confirmers: SmallVec<[N; 4]>,
    /// When the suspicion was opened.
    pub started_at: Instant,
    /// When it was due.
    pub deadline: Instant,
    /// When it was judged; later than `deadline` by what the owner was late.
    pub expired_at: Instant,
    /// The health multiplier that applied.
    pub multiplier: u32,
    /// The bounds that applied.
    pub timeout: Timeout,
    /// The extensions that had been granted.
    pub grants: Vec<Grant>,
    /// Whether this node has died for so many jobs that its reachability is in question: the
    /// owner should probe it. Only ever true on the job layer, which never kills a node.
    pub asks_for_probe: bool,
    /// The jobs whose suspicions or deaths of this node ended with it. Only on the node layer.
    pub resolved_jobs: Vec<J>,
}

impl<J, N> Expiry<J, N> {
    /// How long the subject was suspected.
    pub const fn suspected_for(&self) -> Duration {
        self.expired_at.saturating_since(self.started_at)
    }
}

impl<J: Copy + Eq + Hash, N: Copy + Eq + Hash> SuspicionTable<J, N> {
    /// Appends what is due at `now` to `expired`, in order of deadline, equal ones in the order
    /// of opening.
    ///
    /// On the node layer the node is dead with it, and its job-layer suspicions end, those due
    /// at the same `now` but later included. On the job layer the node is dead for that job.
    pub fn expire(&mut self, now: Instant, expired: &mut Vec<Expiry<J, N>>) {
        let woken = self.deadlines.wake(now);
        let mut due = core::mem::take(&mut self.due);
        for &(_, index) in &woken {
            let Some(record) = self.records.find_mut(index) else {
                continue;
            };
            let pace = record.pace();
            let deadline = pace.deadline(self.deadlines.multiplier());
            if deadline <= now {
                due.push((deadline, record.serial, index));
            } else {
                record.armed = Some(self.deadlines.arm(index, &pace, now));
            }
        }
        self.deadlines.recycle(woken);
        due.sort_unstable();
        for (deadline, _, index) in due.drain(..) {
            expired.extend(self.expire_one(index, deadline, now));
        }
        self.due = due;
    }

    fn expire_one(&mut self, index: u32, deadline: Instant, now: Instant) -> Option<Expiry<J, N>> {
        let multiplier = self.deadlines.multiplier();
        let record = self.records.find_mut(index)?;
        record.armed = None;
        let mut expiry = Expiry {
            subject: record.subject,
            incarnation: record.incarnation,
            accuser: record.accuser,
            confirmers: core::mem::take(&mut record.confirmers),
            started_at: record.started_at,
            deadline,
            expired_at: now,
            multiplier,
            timeout: record.timeout,
            grants: record
                .grants
                .take()
                .map_or_else(Vec::new, |grants| grants.log),
            asks_for_probe: false,
            resolved_jobs: Vec::new(),
        };
        let node = expiry.subject.node;
        if expiry.subject.job.is_none() {
            expiry.resolved_jobs = self.node_died(node, expiry.incarnation);
        } else {
            let threshold = self.limits.deaths_to_probe;
            self.index.update(node, |entry| {
                entry.deaths += 1;
                expiry.asks_for_probe = entry.deaths >= threshold;
            });
        }
        Some(expiry)
    }
}
