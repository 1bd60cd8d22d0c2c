//! The table: accusing, confirming, refuting, and what ends with a node or a job.

use core::hash::Hash;

use smallvec::SmallVec;

use super::deadlines::Deadlines;
use super::extension::{Extension, ExtensionPolicy};
use super::index::Index;
use super::record::{Neighbours, Record, Records, NIL};
use super::{Subject, Timeout, Verdict};
use crate::Instant;

/// What bounds a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open suspicions and remembered job-layer deaths together.
    pub total: usize,
    /// The same of one job.
    pub per_job: usize,
    /// Nodes about which anything is known. Where it is reached, the refutation or death that
    /// was remembered the longest is forgotten.
    pub nodes: usize,
    /// The highest health multiplier.
    pub multiplier: u32,
    /// Job-layer deaths of one node from which on each asks for a probe of the node.
    pub deaths_to_probe: u32,
    /// How extensions are granted.
    pub extensions: ExtensionPolicy,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: 100_000,
            per_job: 10_000,
            nodes: 100_000,
            multiplier: 9,
            deaths_to_probe: 3,
            extensions: ExtensionPolicy::default(),
        }
    }
}

/// Accusations that a limit turned away, by limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// [`Limits::total`] was reached.
    pub total: u64,
    /// [`Limits::per_job`] was reached.
    pub per_job: u64,
    /// [`Limits::nodes`] was reached and no node was idle.
    pub nodes: u64,
}

/// Open suspicions of both layers, by node and by job.
///
/// `J` names a job and `N` a node; both are compared whole. For the rules see the
/// [module](super). Opening, confirming and refuting are O(1) and allocate nothing once the
/// table is warm, up to four confirmers.
#[repr(C)] // Whether it is empty is asked at every timeout.
pub struct SuspicionTable<J, N> {
    pub(super) records: Records<J, N>,
    pub(super) index: Index<J, N>,
    pub(super) deadlines: Deadlines,
    pub(super) limits: Limits,
    /// Scratch space of [`Self::expire`]: deadline, order of opening, record.
    pub(super) due: Vec<(Instant, u64, u32)>,
    refusals: Refusals,
    serial: u64,
}

impl<J: Copy + Eq + Hash, N: Copy + Eq + Hash> SuspicionTable<J, N> {
    /// An empty table whose clock stands at `origin`, with multiplier 1.
    pub fn new(origin: Instant, limits: Limits) -> Self {
        Self {
            records: Records::new(),
            index: Index::new(limits.nodes),
            deadlines: Deadlines::new(origin, limits.multiplier),
            limits,
            due: Vec::new(),
            refusals: Refusals::default(),
            serial: 0,
        }
    }

    /// `accuser` says that `subject` does not answer, at `incarnation`.
    ///
    /// `timeout` applies if this opens a suspicion, and stays with it. An accusation of what
    /// is suspected at the same incarnation is a confirmation.
    pub fn suspect(
        &mut self,
        subject: Subject<J, N>,
        incarnation: u64,
        accuser: N,
        timeout: Timeout,
        now: Instant,
    ) -> Verdict {
        let known = self.index.look(&subject);
        if let Some(record) = self.records.find(known.record) {
            if record.is_death() {
                return Verdict::Dead;
            }
            if incarnation == record.incarnation {
                let counted = self.add_confirmer(known.record, accuser, now);
                return if counted {
                    Verdict::Confirmed
                } else {
                    Verdict::Known
                };
            }
            if incarnation < record.incarnation || incarnation < known.refuted {
                return Verdict::Stale;
            }
            self.remove(known.record, 0);
            self.open(subject, incarnation, accuser, timeout, now);
            return Verdict::Reopened;
        }
        if known.dead {
            return Verdict::Dead;
        }
        if incarnation < known.refuted {
            return Verdict::Stale;
        }
        if let Err(count) = self.admit(&subject) {
            *count += 1;
            return Verdict::Refused;
        }
        self.open(subject, incarnation, accuser, timeout, now);
        Verdict::Opened
    }

    /// `confirmer` says the same of what is suspected at exactly `incarnation`. True if it
    /// counted.
    pub fn confirm(
        &mut self,
        subject: Subject<J, N>,
        incarnation: u64,
        confirmer: N,
        now: Instant,
    ) -> bool {
        let Some(index) = self.index.record(&subject) else {
            return false;
        };
        let suspected =
            |record: &Record<J, N>| record.incarnation == incarnation && !record.is_death();
        self.records.find(index).is_some_and(suspected) && self.add_confirmer(index, confirmer, now)
    }

    /// Evidence that `subject` answers at `incarnation`: ends its suspicion, or its job-layer
    /// death, if that is of a lower incarnation. True if it ended one.
    ///
    /// This is about one subject: a node that answers for one job may still fail another. For
    /// all layers at once see [`Self::refute_everywhere`].
    pub fn refute(&mut self, subject: Subject<J, N>, incarnation: u64) -> bool {
        let Some(index) = self.index.record(&subject) else {
            return false;
        };
        let open = self.records.find(index);
        if open.is_none_or(|record| record.incarnation >= incarnation) {
            return false;
        }
        self.remove(index, incarnation);
        true
    }

    /// Evidence from the node itself, on every layer: ends each of its suspicions and
    /// job-layer deaths of a lower incarnation, and its own death. Returns how many.
    pub fn refute_everywhere(&mut self, node: N, incarnation: u64) -> usize {
        let mut ended = usize::from(self.refute(Subject::node(node), incarnation));
        ended += usize::from(self.revive(node, incarnation));
        let mut next = self.index.node(node).map_or(NIL, |entry| entry.jobs);
        while let Some(record) = self.records.find(next) {
            let subject = record.subject;
            next = record.of_node.next;
            ended += usize::from(self.refute(subject, incarnation));
        }
        ended
    }

    /// The node is dead, at `incarnation`: on the word of another or because its node-layer
    /// suspicion expired. Ends all its suspicions, on both layers, and returns the jobs.
    ///
    /// The death is remembered until [`Self::revive`], [`Self::joined`] or [`Self::forget`].
    pub fn node_died(&mut self, node: N, incarnation: u64) -> Vec<J> {
        let mut jobs = Vec::new();
        if let Some(entry) = self.index.node(node) {
            let (suspicion, mut next) = (entry.suspicion, entry.jobs);
            self.remove(suspicion, 0);
            while let Some(record) = self.remove(next, 0) {
                next = record.of_node.next;
                jobs.extend(record.subject.job);
            }
        }
        if self.index.has_room(node) {
            self.index.update_or_new(node, |entry| {
                entry.dead = Some(entry.dead.unwrap_or(0).max(incarnation));
            });
        } else {
            self.refusals.nodes += 1;
        }
        jobs
    }

    /// The node is alive at `incarnation`: ends its death if that was at a lower one.
    pub fn revive(&mut self, node: N, incarnation: u64) -> bool {
        let died = self.index.node(node).and_then(|entry| entry.dead);
        let revived = died.is_some_and(|died| died < incarnation);
        if revived {
            self.index.update(node, |entry| {
                entry.dead = None;
                entry.refuted = entry.refuted.max(incarnation);
            });
        }
        revived
    }

    /// The node joined anew: whatever was known about it is about another life.
    pub fn joined(&mut self, node: N) {
        self.forget(node);
    }

    /// Drops all that is known about a node, deaths and refutations included.
    pub fn forget(&mut self, node: N) {
        self.node_died(node, 0);
        self.index.update(node, |entry| {
            entry.dead = None;
            entry.refuted = 0;
        });
    }

    /// The job is over: ends all its suspicions and deaths. Returns how many.
    pub fn job_ended(&mut self, job: J) -> usize {
        let mut ended = 0;
        while let Some(head) = self.index.job(job).map(|entry| entry.head) {
            self.remove(head, 0);
            ended += 1;
        }
        ended
    }

    /// Sets the local health multiplier, 1 where all is well, in O(1).
    ///
    /// After lowering it, [`Self::next_deadline`] is at most `now` if that made suspicions
    /// due: call [`Self::expire`] in the same step. Above [`Limits::multiplier`] counts as
    /// that, 0 as 1.
    pub fn set_multiplier(&mut self, multiplier: u32, now: Instant) {
        self.deadlines.set_multiplier(multiplier, now);
    }

    /// A suspect shows `progress`, a value that rises while it works: its deadline moves later
    /// by half as much as the last time, as long as [`Limits::extensions`] allows.
    ///
    /// The deadline never moves earlier for it, and no later confirmation undercuts it.
    pub fn extend(
        &mut self,
        subject: Subject<J, N>,
        progress: u64,
        reason: &str,
        now: Instant,
    ) -> Extension {
        let index = self.index.record(&subject).unwrap_or(NIL);
        let Some(record) = self.records.find_mut(index) else {
            return Extension::NotSuspected;
        };
        let Some(armed) = record.armed else {
            return Extension::NotSuspected;
        };
        let deadline = record.pace().deadline(self.deadlines.multiplier());
        let policy = &self.limits.extensions;
        let grants = record.grants.get_or_insert_default();
        let answer = grants.request(policy, deadline, progress, reason, now);
        record.armed = Some(self.deadlines.rearm(armed, index, &record.pace(), now));
        answer
    }

    /// What was turned away so far.
    pub const fn refusals(&self) -> Refusals {
        self.refusals
    }

    pub(super) fn first_job_record(&self, node: N) -> Option<u32> {
        self.index
            .node(node)
            .map(|entry| entry.jobs)
            .filter(|&index| index != NIL)
    }

    /// Makes sure that there is room, or names the counter of what there is not.
    fn admit(&mut self, subject: &Subject<J, N>) -> Result<(), &mut u64> {
        if self.records.len() >= self.limits.total {
            return Err(&mut self.refusals.total);
        }
        let of_job = subject.job.and_then(|job| self.index.job(job));
        if of_job.is_some_and(|job| job.len >= self.limits.per_job) {
            return Err(&mut self.refusals.per_job);
        }
        if !self.index.has_room(subject.node) {
            return Err(&mut self.refusals.nodes);
        }
        Ok(())
    }

    fn open(
        &mut self,
        subject: Subject<J, N>,
        incarnation: u64,
        accuser: N,
        timeout: Timeout,
        now: Instant,
    ) {
        self.serial += 1;
        let index = self.records.insert(Record {
            subject,
            incarnation,
            accuser,
            confirmers: SmallVec::new(),
            started_at: now,
            timeout,
            serial: self.serial,
            armed: None,
            grants: None,
            of_node: Neighbours::NONE,
            of_job: Neighbours::NONE,
        });
        self.index.link(&mut self.records, index, subject);
        if let Some(record) = self.records.find_mut(index) {
            record.armed = Some(self.deadlines.arm(index, &record.pace(), now));
        }
    }

    fn add_confirmer(&mut self, index: u32, confirmer: N, now: Instant) -> bool {
        let Some(record) = self.records.find_mut(index) else {
            return false;
        };
        let full = record.confirmers.len() >= record.timeout.expected() as usize;
        let involved = confirmer == record.accuser || confirmer == record.subject.node;
        if full || involved || record.confirmers.contains(&confirmer) {
            return false;
        }
        record.confirmers.push(confirmer);
        if let Some(armed) = record.armed {
            record.armed = Some(self.deadlines.rearm(armed, index, &record.pace(), now));
        }
        true
    }

    /// Removes a record; `refuted` is the incarnation that refuted it, 0 for none.
    pub(super) fn remove(&mut self, index: u32, refuted: u64) -> Option<Record<J, N>> {
        let record = self.records.remove(index)?;
        if let Some(armed) = record.armed {
            self.deadlines.disarm(armed);
        }
        self.index.unlink(&mut self.records, &record, refuted);
        Some(record)
    }
}
