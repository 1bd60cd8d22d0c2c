//! `SuspicionTable`: the core's suspicions of both layers, with integers for jobs and nodes.

use core::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use shoal_core::suspicion::{
    Expiry, Extension, ExtensionPolicy, Limits, Standing, Subject, SuspicionTable as Table,
    Timeout, Verdict,
};

use crate::columns::{instant, numbers, same_length, seconds};
use crate::expiry::SuspicionExpiry;

#[pyclass(module = "distributed._native")]
pub(crate) struct SuspicionTable {
    table: Table<u64, u64>,
    expired: Vec<Expiry<u64, u64>>,
}

#[pymethods]
impl SuspicionTable {
    #[new]
    #[pyo3(signature = (
        now = 0.0, *, total = 100_000, per_job = 10_000, nodes = 100_000, max_multiplier = 9,
        deaths_to_probe = 3, first_extension_seconds = 15.0, shortest_extension_seconds = 1.0,
        extensions = 5,
    ))]
    #[expect(
        clippy::too_many_arguments,
        reason = "keywords with defaults in Python"
    )]
    fn new(
        now: f64,
        total: usize,
        per_job: usize,
        nodes: usize,
        max_multiplier: u32,
        deaths_to_probe: u32,
        first_extension_seconds: f64,
        shortest_extension_seconds: f64,
        extensions: u32,
    ) -> PyResult<Self> {
        let extensions = ExtensionPolicy {
            first: duration(first_extension_seconds)?,
            shortest: duration(shortest_extension_seconds)?,
            most: extensions,
        };
        let multiplier = max_multiplier;
        let limits = Limits {
            total,
            per_job,
            nodes,
            multiplier,
            deaths_to_probe,
            extensions,
        };
        Ok(Self {
            table: Table::new(instant(now)?, limits),
            expired: Vec::new(),
        })
    }

    #[classattr]
    #[pyo3(name = "VERDICTS")]
    fn verdicts() -> (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
    ) {
        (
            "opened",
            "reopened",
            "confirmed",
            "known",
            "stale",
            "dead",
            "refused",
        )
    }

    #[pyo3(signature = (
        node, incarnation, accuser, now, min_seconds, max_seconds, confirmations, job = None
    ))]
    #[expect(
        clippy::too_many_arguments,
        reason = "one accusation has this many parts"
    )]
    fn suspect(
        &mut self,
        node: u64,
        incarnation: u64,
        accuser: u64,
        now: f64,
        min_seconds: f64,
        max_seconds: f64,
        confirmations: u32,
        job: Option<u64>,
    ) -> PyResult<&'static str> {
        let timeout = Timeout::new(
            duration(min_seconds)?,
            duration(max_seconds)?,
            confirmations,
        );
        let subject = Subject { job, node };
        Ok(named(
            self.table
                .suspect(subject, incarnation, accuser, timeout, instant(now)?),
        )
        .1)
    }

    #[pyo3(signature = (
        nodes, incarnations, accuser, now, min_seconds, max_seconds, confirmations, jobs = None
    ))]
    #[expect(clippy::too_many_arguments, reason = "mirrors `suspect`")]
    fn suspect_many<'py>(
        &mut self,
        nodes: &Bound<'py, PyAny>,
        incarnations: &Bound<'py, PyAny>,
        accuser: u64,
        now: f64,
        min_seconds: f64,
        max_seconds: f64,
        confirmations: u32,
        jobs: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let timeout = Timeout::new(
            duration(min_seconds)?,
            duration(max_seconds)?,
            confirmations,
        );
        let now = instant(now)?;
        let (subjects, at) = subjects(nodes, incarnations, jobs)?;
        PyBytes::new_with(nodes.py(), at.len(), |codes| {
            for ((code, subject), at) in codes.iter_mut().zip(subjects).zip(at) {
                *code = named(self.table.suspect(subject, at, accuser, timeout, now)).0;
            }
            Ok(())
        })
    }

    #[pyo3(signature = (node, incarnation, confirmer, now, job = None))]
    fn confirm(
        &mut self,
        node: u64,
        incarnation: u64,
        confirmer: u64,
        now: f64,
        job: Option<u64>,
    ) -> PyResult<bool> {
        Ok(self
            .table
            .confirm(Subject { job, node }, incarnation, confirmer, instant(now)?))
    }

    #[pyo3(signature = (nodes, incarnations, confirmer, now, jobs = None))]
    fn confirm_many(
        &mut self,
        nodes: &Bound<'_, PyAny>,
        incarnations: &Bound<'_, PyAny>,
        confirmer: u64,
        now: f64,
        jobs: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let now = instant(now)?;
        let (subjects, at) = subjects(nodes, incarnations, jobs)?;
        let confirmed = subjects.zip(at);
        Ok(confirmed
            .filter(|&(one, at)| self.table.confirm(one, at, confirmer, now))
            .count())
    }

    #[pyo3(signature = (node, incarnation, job = None))]
    fn refute(&mut self, node: u64, incarnation: u64, job: Option<u64>) -> bool {
        self.table.refute(Subject { job, node }, incarnation)
    }

    #[pyo3(signature = (nodes, incarnations, jobs = None))]
    fn refute_many(
        &mut self,
        nodes: &Bound<'_, PyAny>,
        incarnations: &Bound<'_, PyAny>,
        jobs: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let (subjects, at) = subjects(nodes, incarnations, jobs)?;
        Ok(subjects
            .zip(at)
            .filter(|&(one, at)| self.table.refute(one, at))
            .count())
    }

    fn refute_everywhere(&mut self, node: u64, incarnation: u64) -> usize {
        self.table.refute_everywhere(node, incarnation)
    }

    fn node_died(&mut self, node: u64, incarnation: u64) -> Vec<u64> {
        self.table.node_died(node, incarnation)
    }

    fn revive(&mut self, node: u64, incarnation: u64) -> bool {
        self.table.revive(node, incarnation)
    }

    fn joined(&mut self, node: u64) {
        self.table.joined(node);
    }

    fn forget(&mut self, node: u64) {
        self.table.forget(node);
    }

    fn job_ended(&mut self, job: u64) -> usize {
        self.table.job_ended(job)
    }

    fn set_multiplier(&mut self, multiplier: u32, now: f64) -> PyResult<()> {
        self.table.set_multiplier(multiplier, instant(now)?);
        Ok(())
    }

    #[pyo3(signature = (node, progress, reason, now, job = None))]
    fn extend(
        &mut self,
        node: u64,
        progress: u64,
        reason: &str,
        now: f64,
        job: Option<u64>,
    ) -> PyResult<(&'static str, f64, Option<f64>, u32)> {
        let subject = Subject { job, node };
        let answer = self.table.extend(subject, progress, reason, instant(now)?);
        let deadline = self.table.deadline(subject).map(seconds);
        Ok(match answer {
            Extension::Granted { by, left, .. } => ("granted", by.as_secs_f64(), deadline, left),
            Extension::NoProgress => ("no-progress", 0.0, deadline, 0),
            Extension::Exhausted => ("exhausted", 0.0, deadline, 0),
            _ => ("not-suspected", 0.0, deadline, 0),
        })
    }

    fn expire(&mut self, now: f64) -> PyResult<Vec<SuspicionExpiry>> {
        self.table.expire(instant(now)?, &mut self.expired);
        Ok(self.expired.drain(..).map(SuspicionExpiry::from).collect())
    }

    #[pyo3(signature = (node, job = None))]
    fn standing(&self, node: u64, job: Option<u64>) -> &'static str {
        match self.table.standing(job, node) {
            Standing::Alive => "alive",
            Standing::SuspectedForJob => "suspected-for-job",
            Standing::Suspected => "suspected",
            Standing::DeadForJob => "dead-for-job",
            _ => "dead",
        }
    }

    #[pyo3(signature = (node, job = None))]
    fn deadline(&self, node: u64, job: Option<u64>) -> Option<f64> {
        self.table.deadline(Subject { job, node }).map(seconds)
    }

    #[pyo3(signature = (node, job = None))]
    fn confirmers(&self, node: u64, job: Option<u64>) -> Vec<u64> {
        self.table.confirmers(Subject { job, node }).to_vec()
    }

    fn accused_by(&self, job: u64) -> Vec<u64> {
        self.table.accused_by(job).collect()
    }

    fn jobs_accusing(&self, node: u64) -> Vec<u64> {
        self.table.jobs_accusing(node).collect()
    }

    fn next_deadline(&self) -> Option<f64> {
        self.table.next_deadline().map(seconds)
    }

    #[getter]
    fn multiplier(&self) -> u32 {
        self.table.multiplier()
    }

    fn refusals(&self) -> (u64, u64, u64) {
        let refusals = self.table.refusals();
        (refusals.total, refusals.per_job, refusals.nodes)
    }

    fn known(&self) -> (usize, usize) {
        (self.table.nodes_known(), self.table.jobs_known())
    }

    fn __len__(&self) -> usize {
        self.table.len()
    }

    fn __bool__(&self) -> bool {
        !self.table.is_empty()
    }
}

#[pyfunction]
pub(crate) fn lifeguard_bounds(
    alpha: f64,
    beta: f64,
    confirmations: u32,
    members: usize,
    probe_interval_seconds: f64,
) -> PyResult<(f64, f64, u32)> {
    let interval = duration(probe_interval_seconds)?;
    let timeout = Timeout::lifeguard(alpha, beta, confirmations, members, interval);
    Ok((
        timeout.min().as_secs_f64(),
        timeout.max().as_secs_f64(),
        timeout.expected(),
    ))
}

fn duration(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| PyValueError::new_err(format!("{seconds} seconds: {error}")))
}

/// A verdict as its place in `VERDICTS` and as a word.
fn named(verdict: Verdict) -> (u8, &'static str) {
    match verdict {
        Verdict::Opened => (0, "opened"),
        Verdict::Reopened => (1, "reopened"),
        Verdict::Confirmed => (2, "confirmed"),
        Verdict::Known => (3, "known"),
        Verdict::Stale => (4, "stale"),
        Verdict::Dead => (5, "dead"),
        _ => (6, "refused"),
    }
}

/// The rows of a batch: subjects, and the incarnation of each.
fn subjects(
    nodes: &Bound<'_, PyAny>,
    incarnations: &Bound<'_, PyAny>,
    jobs: Option<&Bound<'_, PyAny>>,
) -> PyResult<(impl Iterator<Item = Subject<u64, u64>>, Vec<u64>)> {
    let nodes = numbers::<u64>(nodes)?;
    let incarnations = numbers::<u64>(incarnations)?;
    same_length(nodes.len(), incarnations.len(), "incarnations")?;
    let jobs = jobs.map(numbers::<u64>).transpose()?;
    if let Some(jobs) = &jobs {
        same_length(nodes.len(), jobs.len(), "jobs")?;
    }
    let rows = nodes
        .into_iter()
        .enumerate()
        .map(move |(row, node)| Subject {
            job: jobs.as_ref().map(|jobs| jobs[row]),
            node,
        });
    Ok((rows, incarnations))
}
