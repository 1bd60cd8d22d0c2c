//! The job layer: which nodes do not answer for which jobs.
//!
//! The table is called on the owner's thread, so that an answer is true the moment it is
//! given; the agent's wheel only tells when something is due. The lock is held for one
//! operation of the table at a time, and the agent never waits for it.

use core::time::Duration;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shoal_core::suspicion::{
    Expiry, Extension, Limits, Standing, Subject, SuspicionTable, Timeout, Verdict,
};
use shoal_core::Instant;

/// Bounds of job-layer suspicions.
#[derive(Clone, Copy, Debug)]
pub struct JobTimeout {
    /// Time allowed once all expected confirmations are in.
    pub min: Duration,
    /// Time allowed while nobody confirms.
    pub max: Duration,
    /// Confirmations after which the time allowed is `min`.
    pub confirmations: u32,
}

impl Default for JobTimeout {
    fn default() -> Self {
        Self {
            min: Duration::from_secs(1),
            max: Duration::from_secs(10),
            confirmations: 3,
        }
    }
}

/// A node that is dead for one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDeath {
    /// The job.
    pub job: Arc<str>,
    /// The node.
    pub node: Arc<str>,
    /// Who accused and confirmed, for how long, at which multiplier.
    pub reason: String,
    /// The node failed so many jobs that its reachability is in question.
    pub asks_for_probe: bool,
}

/// Who does not answer for which job; shared by its owner and the agent.
pub struct JobLayer(Mutex<Inner>);

struct Inner {
    /// Made by the first suspicion: most members never have one.
    table: Option<Box<SuspicionTable<u32, u32>>>,
    timeout: Timeout,
    jobs: Names,
    nodes: Names,
    /// Per node, what the table takes for an incarnation: rises with every refutation.
    epochs: HashMap<u32, u64>,
}

/// Whole names by small numbers.
#[derive(Default)]
struct Names {
    by_name: HashMap<Arc<str>, u32>,
    by_number: HashMap<u32, Arc<str>>,
    next: u32,
}

impl Names {
    fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    fn intern(&mut self, name: &str) -> u32 {
        if let Some(number) = self.find(name) {
            return number;
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let name: Arc<str> = name.into();
        self.by_name.insert(Arc::clone(&name), number);
        self.by_number.insert(number, name);
        number
    }

    fn name(&self, number: u32) -> Arc<str> {
        self.by_number.get(&number).cloned().unwrap_or_default()
    }

    fn forget(&mut self, number: u32) {
        if let Some(name) = self.by_number.remove(&number) {
            self.by_name.remove(&name);
        }
    }
}

impl JobLayer {
    pub(crate) fn new(timeout: JobTimeout) -> Self {
        Self(Mutex::new(Inner {
            table: None,
            timeout: Timeout::new(timeout.min, timeout.max, timeout.confirmations),
            jobs: Names::default(),
            nodes: Names::default(),
            epochs: HashMap::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn suspect(&self, job: &str, node: &str, accuser: &str, now: Instant) -> Verdict {
        let mut inner = self.lock();
        let subject = Subject::job(inner.jobs.intern(job), inner.nodes.intern(node));
        let accuser = inner.nodes.intern(accuser);
        let epoch = inner.epochs.get(&subject.node).copied().unwrap_or(0);
        let timeout = inner.timeout;
        let table = inner
            .table
            .get_or_insert_with(|| Box::new(SuspicionTable::new(now, Limits::default())));
        let verdict = table.suspect(subject, epoch, accuser, timeout, now);
        inner.release_job(subject.job);
        verdict
    }

    pub(crate) fn confirm(&self, job: &str, node: &str, confirmer: &str, now: Instant) -> bool {
        let mut inner = self.lock();
        let Some((subject, epoch)) = inner.open(job, node) else {
            return false;
        };
        let confirmer = inner.nodes.intern(confirmer);
        let table = inner.table.as_mut();
        table.is_some_and(|table| table.confirm(subject, epoch, confirmer, now))
    }

    /// `node` answered for `job`. True if that ended a suspicion or a death.
    pub(crate) fn refute(&self, job: &str, node: &str) -> bool {
        let mut inner = self.lock();
        let Some((subject, epoch)) = inner.open(job, node) else {
            return false;
        };
        let table = inner.table.as_mut();
        let ended = table.is_some_and(|table| table.refute(subject, epoch + 1));
        let known = inner.epochs.entry(subject.node).or_default();
        *known = (*known).max(epoch + 1);
        inner.release_job(subject.job);
        ended
    }

    /// `node` proves progress on `job`. True if its suspicion was extended.
    pub(crate) fn extend(
        &self,
        job: &str,
        node: &str,
        progress: u64,
        reason: &str,
        now: Instant,
    ) -> bool {
        let mut inner = self.lock();
        let Some((subject, _)) = inner.open(job, node) else {
            return false;
        };
        inner.table.as_mut().is_some_and(|table| {
            let extension = table.extend(subject, progress, reason, now);
            matches!(extension, Extension::Granted { .. })
        })
    }

    /// The job is over. Returns how many suspicions and deaths ended with it.
    pub(crate) fn end_job(&self, job: &str) -> usize {
        let mut inner = self.lock();
        let Some(number) = inner.jobs.find(job) else {
            return 0;
        };
        let table = inner.table.as_mut();
        let ended = table.map_or(0, |table| table.job_ended(number));
        inner.release_job(Some(number));
        ended
    }

    /// How `node` stands for `job`, as far as the job layer knows.
    pub(crate) fn standing(&self, job: &str, node: &str) -> Standing {
        let inner = self.lock();
        inner
            .open(job, node)
            .map_or(Standing::Alive, |(subject, _)| {
                let table = inner.table.as_ref();
                table.map_or(Standing::Alive, |table| {
                    table.standing(subject.job, subject.node)
                })
            })
    }

    /// The node died, left or came back as another life: nothing said about it holds.
    pub(crate) fn forget_node(&self, node: &str) {
        let mut inner = self.lock();
        let Some(number) = inner.nodes.find(node) else {
            return;
        };
        let mut jobs = Vec::new();
        if let Some(table) = &mut inner.table {
            jobs = table.node_died(number, 0);
            table.forget(number);
        }
        inner.epochs.remove(&number);
        inner.nodes.forget(number);
        for job in jobs {
            inner.release_job(Some(job));
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.lock().table.as_ref()?.next_deadline()
    }

    /// What ran out by `now`, under the health multiplier. `None` while the owner is in the
    /// middle of a call: ask again a moment later.
    pub(crate) fn expire(&self, now: Instant, multiplier: u32) -> Option<Vec<JobDeath>> {
        let mut inner = self.0.try_lock().ok()?;
        let mut expired = Vec::new();
        if let Some(table) = &mut inner.table {
            table.set_multiplier(multiplier, now);
            table.expire(now, &mut expired);
        }
        Some(expired.iter().map(|expiry| inner.death(expiry)).collect())
    }

    /// Suspicions and deaths held.
    pub fn len(&self) -> usize {
        self.lock().table.as_ref().map_or(0, |table| table.len())
    }

    /// Whether nothing is held against anybody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Inner {
    /// The suspicion or death of `node` for `job`, with the epoch that it was opened at.
    fn open(&self, job: &str, node: &str) -> Option<(Subject<u32, u32>, u64)> {
        let subject = Subject::job(self.jobs.find(job)?, self.nodes.find(node)?);
        let epoch = self.table.as_ref()?.incarnation(subject)?;
        Some((subject, epoch))
    }

    /// Forgets the name of a job that nothing refers to.
    fn release_job(&mut self, job: Option<u32>) {
        let Some(job) = job else { return };
        let table = self.table.as_ref();
        if table.is_none_or(|table| table.accused_by(job).next().is_none()) {
            self.jobs.forget(job);
        }
    }

    fn death(&self, expiry: &Expiry<u32, u32>) -> JobDeath {
        let mut reason = format!(
            "silent for {} ms at multiplier {}, accused by {}",
            expiry.suspected_for().as_millis(),
            expiry.multiplier,
            self.nodes.name(expiry.accuser),
        );
        for confirmer in &expiry.confirmers {
            // Writing to a string cannot fail.
            let _ = write!(reason, ", {}", self.nodes.name(*confirmer));
        }
        for grant in &expiry.grants {
            let _ = write!(reason, "; extended: {}", grant.reason);
        }
        JobDeath {
            job: expiry
                .subject
                .job
                .map(|job| self.jobs.name(job))
                .unwrap_or_default(),
            node: self.nodes.name(expiry.subject.node),
            reason,
            asks_for_probe: expiry.asks_for_probe,
        }
    }
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
