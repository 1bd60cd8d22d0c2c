//! Questions to the table, each at the cost of its answer.

use core::fmt;
use core::hash::Hash;

use super::record::{Neighbours, Record, Records};
use super::{Subject, SuspicionTable};
use crate::Instant;

/// How a node stands, as far as one job is concerned. Later variants are worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Standing {
    /// Nothing is held against it.
    Alive,
    /// Suspected for this job only.
    SuspectedForJob,
    /// Suspected as a node.
    Suspected,
    /// Dead for this job only.
    DeadForJob,
    /// Dead for every job.
    Dead,
}

impl<J: Copy + Eq + Hash, N: Copy + Eq + Hash> SuspicionTable<J, N> {
    /// How `node` stands for `job`, or on the node layer alone.
    pub fn standing(&self, job: Option<J>, node: N) -> Standing {
        let Some(entry) = self.index.node(node) else {
            return Standing::Alive;
        };
        if entry.dead.is_some() {
            return Standing::Dead;
        }
        let of_node = match self.record(&Subject::node(node)) {
            Some(_) => Standing::Suspected,
            None => Standing::Alive,
        };
        let of_job = match job.and_then(|job| self.record(&Subject::job(job, node))) {
            Some(record) if record.is_death() => Standing::DeadForJob,
            Some(_) => Standing::SuspectedForJob,
            None => Standing::Alive,
        };
        of_node.max(of_job)
    }

    /// When `subject` is due under the multiplier now in force; `None` if it is not suspected.
    pub fn deadline(&self, subject: Subject<J, N>) -> Option<Instant> {
        let record = self.record(&subject).filter(|record| !record.is_death())?;
        Some(record.pace().deadline(self.deadlines.multiplier()))
    }

    /// The incarnation at which `subject` is suspected, or dead for its job.
    pub fn incarnation(&self, subject: Subject<J, N>) -> Option<u64> {
        self.record(&subject).map(|record| record.incarnation)
    }

    /// Who confirmed the suspicion of `subject`, in that order.
    pub fn confirmers(&self, subject: Subject<J, N>) -> &[N] {
        self.record(&subject)
            .map_or(&[], |record| &record.confirmers)
    }

    /// The nodes that `job` suspects or counts as dead, the latest first.
    pub fn accused_by(&self, job: J) -> impl Iterator<Item = N> + '_ {
        let head = self.index.job(job).map(|entry| entry.head);
        self.walk(head, |record| record.of_job)
            .map(|record| record.subject.node)
    }

    /// The jobs that suspect `node` or count it as dead, the latest first.
    pub fn jobs_accusing(&self, node: N) -> impl Iterator<Item = J> + '_ {
        self.walk(self.first_job_record(node), |record| record.of_node)
            .filter_map(|record| record.subject.job)
    }

    /// When [`Self::expire`] has something to do next. Never later than the first suspicion is
    /// due; earlier where the multiplier rose meanwhile.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// The health multiplier in force.
    pub const fn multiplier(&self) -> u32 {
        self.deadlines.multiplier()
    }

    /// Open suspicions and remembered job-layer deaths.
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing is suspected and no job-layer death is remembered.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nodes about which anything is known, a refutation or a death included.
    pub fn nodes_known(&self) -> usize {
        self.index.nodes_known()
    }

    /// Jobs about which anything is known.
    pub fn jobs_known(&self) -> usize {
        self.index.jobs_known()
    }

    /// Gives back what past suspicions took; does nothing while any is open.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            self.records = Records::new();
            self.deadlines.shrink();
            self.index.shrink();
            self.due = Vec::new();
        }
    }

    /// Bytes reserved for suspicions and their timers, without the maps.
    pub fn allocated_bytes(&self) -> usize {
        self.records.allocated() + self.deadlines.allocated()
    }

    fn record(&self, subject: &Subject<J, N>) -> Option<&Record<J, N>> {
        self.records.find(self.index.record(subject)?)
    }

    fn walk(
        &self,
        head: Option<u32>,
        list: impl Fn(&Record<J, N>) -> Neighbours,
    ) -> impl Iterator<Item = &Record<J, N>> {
        let first = head.and_then(|index| self.records.find(index));
        core::iter::successors(first, move |record| self.records.find(list(record).next))
    }
}

impl<J: Copy + Eq + Hash, N: Copy + Eq + Hash> fmt::Debug for SuspicionTable<J, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuspicionTable")
            .field("len", &self.len())
            .field("multiplier", &self.multiplier())
            .field("next_deadline", &self.next_deadline())
            .finish_non_exhaustive()
    }
}
