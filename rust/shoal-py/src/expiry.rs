//! `SuspicionExpiry`: why something was declared dead, read-only.

use pyo3::prelude::*;
use shoal_core::suspicion::Expiry;

use crate::columns::seconds;

#[pyclass(frozen, get_all, module = "distributed._native", skip_from_py_object)]
#[derive(Clone)]
pub(crate) struct SuspicionExpiry {
    job: Option<u64>,
    node: u64,
    incarnation: u64,
    accuser: u64,
    confirmers: Vec<u64>,
    started_at: f64,
    deadline: f64,
    expired_at: f64,
    multiplier: u32,
    min_seconds: f64,
    max_seconds: f64,
    expected_confirmations: u32,
    grants: Vec<(f64, f64, u64, String)>,
    asks_for_probe: bool,
    resolved_jobs: Vec<u64>,
}

impl From<Expiry<u64, u64>> for SuspicionExpiry {
    fn from(expiry: Expiry<u64, u64>) -> Self {
        Self {
            job: expiry.subject.job,
            node: expiry.subject.node,
            incarnation: expiry.incarnation,
            accuser: expiry.accuser,
            confirmers: expiry.confirmers.to_vec(),
            started_at: seconds(expiry.started_at),
            deadline: seconds(expiry.deadline),
            expired_at: seconds(expiry.expired_at),
            multiplier: expiry.multiplier,
            min_seconds: expiry.timeout.min().as_secs_f64(),
            max_seconds: expiry.timeout.max().as_secs_f64(),
            expected_confirmations: expiry.timeout.expected(),
            grants: expiry
                .grants
                .into_iter()
                .map(|g| {
                    (
                        seconds(g.granted_at),
                        g.by.as_secs_f64(),
                        g.progress,
                        g.reason.into(),
                    )
                })
                .collect(),
            asks_for_probe: expiry.asks_for_probe,
            resolved_jobs: expiry.resolved_jobs,
        }
    }
}

#[pymethods]
impl SuspicionExpiry {
    fn __repr__(&self) -> String {
        let job = self
            .job
            .map_or_else(String::new, |job| format!(" for job {job}"));
        format!(
            "<SuspicionExpiry of node {}{job}: suspected {:.3} s by {} and {:?}, multiplier {}>",
            self.node,
            self.expired_at - self.started_at,
            self.accuser,
            self.confirmers,
            self.multiplier,
        )
    }
}
