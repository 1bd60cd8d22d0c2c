//! The simulator's experiments; each runs without the GIL, save for its progress callback.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use shoal_core::ConfigError;
use shoal_sim::scenario::{self, Blocked, Impaired, Impairment, Stopped};

use crate::error::config_error;
use crate::simulator::{span, tuning};

/// Calls back into Python with the share done; false, or an exception, ends the experiment.
struct Progress {
    callback: Option<Py<PyAny>>,
    raised: Option<PyErr>,
}

impl Progress {
    fn new(callback: Option<Py<PyAny>>) -> Self {
        Self {
            callback,
            raised: None,
        }
    }

    fn report(&mut self, share: f64) -> bool {
        Python::attach(|py| {
            let told = py.check_signals().and_then(|()| match &self.callback {
                Some(callback) => callback.bind(py).call1((share,)).map(|_| ()),
                None => Ok(()),
            });
            self.raised = told.err();
            self.raised.is_none()
        })
    }

    fn finish<T>(self, py: Python<'_>, outcome: Result<T, ConfigError>) -> PyResult<T> {
        if let Some(raised) = self.raised {
            return Err(raised);
        }
        outcome.map_err(|error| config_error(py, error.field, error.reason))
    }
}

#[pyfunction]
#[pyo3(signature = (nodes, kills, *, profile, overrides, seed, progress=None))]
pub(crate) fn simulate_detection<'py>(
    py: Python<'py>,
    nodes: u32,
    kills: u32,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
    seed: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let tuning = tuning(py, profile, overrides)?;
    let mut progress = Progress::new(progress);
    let outcome = py.detach(|| {
        let mut told = |kill| progress.report(f64::from(kill) / f64::from(kills));
        scenario::detection(&tuning, nodes, kills, seed, &mut told)
    });
    let found = progress.finish(py, outcome)?;
    let deaths: Vec<(f64, f64, f64)> = found
        .deaths
        .iter()
        .map(|told| {
            let seconds = [told.first, told.median, told.last].map(|d| d.as_secs_f64());
            seconds.into()
        })
        .collect();
    let dict = PyDict::new(py);
    dict.set_item("deaths", deaths)?;
    dict.set_item("untold", found.untold)?;
    dict.set_item("false_deaths", found.false_deaths)?;
    dict.set_item("trace", found.trace)?;
    Ok(dict)
}

#[pyfunction]
#[pyo3(signature = (nodes, changes, *, loss, watch, profile, overrides, seed, progress=None))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub(crate) fn simulate_dissemination<'py>(
    py: Python<'py>,
    nodes: u32,
    changes: u32,
    loss: f64,
    watch: f64,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
    seed: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let tuning = tuning(py, profile, overrides)?;
    let mut progress = Progress::new(progress);
    let outcome = py.detach(|| {
        let mut told = |change| progress.report(f64::from(change) / f64::from(changes));
        scenario::dissemination(&tuning, nodes, loss, changes, span(watch), seed, &mut told)
    });
    let found = progress.finish(py, outcome)?;
    let spread: Vec<(Vec<f64>, u32, u64)> = found
        .changes
        .iter()
        .map(|one| {
            let reached = one.reached.iter().map(|after| after.as_secs_f64());
            (reached.collect(), one.missed, one.datagrams)
        })
        .collect();
    let dict = PyDict::new(py);
    dict.set_item("changes", spread)?;
    dict.set_item("trace", found.trace)?;
    Ok(dict)
}

#[pyfunction]
#[pyo3(signature = (nodes, *, concurrent, blocked, running, span, profile, overrides, seed))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub(crate) fn simulate_blocked<'py>(
    py: Python<'py>,
    nodes: u32,
    concurrent: u32,
    blocked: f64,
    running: f64,
    span: f64,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
    seed: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let tuning = tuning(py, profile, overrides)?;
    let setting = Blocked {
        nodes,
        concurrent,
        blocked: self::span(blocked),
        running: self::span(running),
        span: self::span(span),
    };
    let outcome = py.detach(|| scenario::blocked(&tuning, &setting, seed));
    let found = outcome.map_err(|error| config_error(py, error.field, error.reason))?;
    let dict = PyDict::new(py);
    dict.set_item("healthy_at_healthy", found.healthy_at_healthy)?;
    dict.set_item("healthy_at_slow", found.healthy_at_slow)?;
    dict.set_item("slow_at_healthy", found.slow_at_healthy)?;
    dict.set_item("slow_at_slow", found.slow_at_slow)?;
    dict.set_item("refutations", found.refutations)?;
    dict.set_item("datagrams", found.datagrams)?;
    dict.set_item("trace", found.trace)?;
    Ok(dict)
}

#[pyfunction]
#[pyo3(signature = (nodes, *, profile, overrides, seed, progress=None))]
pub(crate) fn simulate_boot<'py>(
    py: Python<'py>,
    nodes: u32,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
    seed: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let tuning = tuning(py, profile, overrides)?;
    let mut progress = Progress::new(progress);
    let outcome = py.detach(|| {
        let mut told = |share| progress.report(share);
        scenario::boot(&tuning, nodes, seed, &mut told)
    });
    let found = progress.finish(py, outcome)?;
    let sizes: Vec<(f64, usize, usize, usize)> = found
        .sizes
        .iter()
        .map(|size| (size.at.as_secs_f64(), size.least, size.median, size.most))
        .collect();
    let dict = PyDict::new(py);
    dict.set_item("one_view", found.one_view.map(|at| at.as_secs_f64()))?;
    dict.set_item("sizes", sizes)?;
    dict.set_item("false_deaths", found.false_deaths)?;
    dict.set_item("datagrams", found.datagrams)?;
    dict.set_item("stream_bytes", found.stream_bytes)?;
    dict.set_item("trace", found.trace)?;
    Ok(dict)
}

#[pyfunction]
#[pyo3(signature = (nodes, faulty, *, flip, egress_loss, span, profile, overrides, seed, progress=None))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub(crate) fn simulate_impaired<'py>(
    py: Python<'py>,
    nodes: u32,
    faulty: u32,
    flip: Option<f64>,
    egress_loss: f64,
    span: f64,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
    seed: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let tuning = tuning(py, profile, overrides)?;
    let setting = Impaired {
        nodes,
        faulty,
        impairment: match flip {
            Some(flip) => Impairment::NoIngress {
                flip: self::span(flip),
            },
            None => Impairment::Egress { loss: egress_loss },
        },
        span: self::span(span),
    };
    let mut progress = Progress::new(progress);
    let outcome = py.detach(|| {
        let mut told = |share| progress.report(share);
        scenario::impaired(&tuning, &setting, seed, &mut told)
    });
    let found = progress.finish(py, outcome)?;
    let timeline: Vec<(f64, f64, u32, u32)> = found
        .timeline
        .iter()
        .map(|seen| (seen.at.as_secs_f64(), seen.faulty, seen.healthy, seen.sizes))
        .collect();
    let dict = PyDict::new(py);
    dict.set_item("timeline", timeline)?;
    let seconds = |span: Option<std::time::Duration>| span.map(|span| span.as_secs_f64());
    dict.set_item("out_for_good", seconds(found.out_for_good))?;
    dict.set_item("recovered", seconds(found.recovered))?;
    dict.set_item("returns", found.returns)?;
    dict.set_item("healthy_lost", found.healthy_lost)?;
    dict.set_item("trace", found.trace)?;
    Ok(dict)
}

#[pyfunction]
#[pyo3(signature = (nodes, rounds, *, look, profile, overrides, seed, progress=None))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub(crate) fn simulate_coordinates<'py>(
    py: Python<'py>,
    nodes: u32,
    rounds: u32,
    look: u32,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
    seed: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let tuning = tuning(py, profile, overrides)?;
    let mut progress = Progress::new(progress);
    let outcome = py.detach(|| {
        let mut told = |share| progress.report(share);
        scenario::coordinates(&tuning, nodes, rounds, look, seed, &mut told)
    });
    let found = progress.finish(py, outcome)?;
    let timeline: Vec<(u32, f64, f64, f64, f64, f64)> = found
        .timeline
        .iter()
        .map(|at| (at.round, at.median, at.p90, at.near, at.unknown, at.centre))
        .collect();
    let dict = PyDict::new(py);
    dict.set_item("timeline", timeline)?;
    dict.set_item("typical", found.typical)?;
    dict.set_item("trace", found.trace)?;
    Ok(dict)
}

#[pyfunction]
#[pyo3(signature = (nodes, *, concurrent, stopped, frozen, rounds, loss, profile, overrides, seed))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub(crate) fn simulate_stopped<'py>(
    py: Python<'py>,
    nodes: u32,
    concurrent: u32,
    stopped: f64,
    frozen: bool,
    rounds: u32,
    loss: f64,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
    seed: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let tuning = tuning(py, profile, overrides)?;
    let setting = Stopped {
        nodes,
        concurrent,
        span: span(stopped),
        frozen,
        rounds,
        loss,
    };
    let outcome = py.detach(|| scenario::stopped(&tuning, &setting, seed));
    let found = outcome.map_err(|error| config_error(py, error.field, error.reason))?;
    let dict = PyDict::new(py);
    dict.set_item("suspected", found.suspected)?;
    dict.set_item("refuted", found.refuted)?;
    dict.set_item("false_deaths", found.false_deaths)?;
    dict.set_item("trace", found.trace)?;
    Ok(dict)
}

#[pyfunction]
#[pyo3(signature = (nodes, *, span, loss, profile, overrides, seed))]
pub(crate) fn simulate_quiet<'py>(
    py: Python<'py>,
    nodes: u32,
    span: f64,
    loss: f64,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
    seed: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let tuning = tuning(py, profile, overrides)?;
    let span = self::span(span);
    let outcome = py.detach(|| scenario::quiet(&tuning, nodes, span, loss, seed));
    let found = outcome.map_err(|error| config_error(py, error.field, error.reason))?;
    let dict = PyDict::new(py);
    dict.set_item("datagrams", found.datagrams)?;
    dict.set_item("datagram_bytes", found.datagram_bytes)?;
    dict.set_item("stream_bytes", found.stream_bytes)?;
    dict.set_item("suspected", found.suspected)?;
    dict.set_item("false_deaths", found.false_deaths)?;
    dict.set_item("trace", found.trace)?;
    Ok(dict)
}
