//! The simulator's experiments.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use shoal_core::ConfigError;
use shoal_sim::scenario::{self, Blocked, Impaired, Impairment, Stopped, Tuning};

use crate::error::config_error;
use crate::simulator::{span, tuning};

/// A result of several parts, by name.
macro_rules! dict {
    ($py:expr, $($name:literal: $value:expr),+ $(,)?) => {{
        let dict = PyDict::new($py);
        $(dict.set_item($name, $value)?;)+
        Ok(dict)
    }};
}

/// Runs an experiment without the GIL. It tells `progress` the share done from time to time; an
/// exception there, or a signal, ends it.
fn run<T: Send>(
    py: Python<'_>,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
    experiment: impl FnOnce(&Tuning, &mut dyn FnMut(f64) -> bool) -> Result<T, ConfigError> + Send,
) -> PyResult<T> {
    let tuning = tuning(py, profile, overrides)?;
    let mut raised = None;
    let outcome = py.detach(|| {
        let mut told = |share: f64| {
            Python::attach(|py| {
                let told = py.check_signals().and_then(|()| match &progress {
                    Some(progress) => progress.bind(py).call1((share,)).map(drop),
                    None => Ok(()),
                });
                raised = told.err();
                raised.is_none()
            })
        };
        experiment(&tuning, &mut told)
    });
    match raised {
        Some(raised) => Err(raised),
        None => outcome.map_err(|error| config_error(py, error.field, error.reason)),
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
    let found = run(py, profile, overrides, progress, |tuning, told| {
        scenario::detection(tuning, nodes, kills, seed, &mut |kill| {
            told(f64::from(kill) / f64::from(kills))
        })
    })?;
    let deaths: Vec<(f64, f64, f64)> = found
        .deaths
        .iter()
        .map(|told| {
            let seconds = [told.first, told.median, told.last].map(|d| d.as_secs_f64());
            seconds.into()
        })
        .collect();
    dict!(py,
        "deaths": deaths,
        "untold": found.untold,
        "false_deaths": found.false_deaths,
        "trace": found.trace,
    )
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
    let found = run(py, profile, overrides, progress, |tuning, told| {
        scenario::dissemination(
            tuning,
            nodes,
            loss,
            changes,
            span(watch),
            seed,
            &mut |change| told(f64::from(change) / f64::from(changes)),
        )
    })?;
    let spread: Vec<(Vec<f64>, u32, u64)> = found
        .changes
        .iter()
        .map(|one| {
            let reached = one.reached.iter().map(|after| after.as_secs_f64());
            (reached.collect(), one.missed, one.datagrams)
        })
        .collect();
    dict!(py,
        "changes": spread,
        "trace": found.trace,
    )
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
    let setting = Blocked {
        nodes,
        concurrent,
        blocked: self::span(blocked),
        running: self::span(running),
        span: self::span(span),
    };
    let found = run(py, profile, overrides, None, |tuning, _| {
        scenario::blocked(tuning, &setting, seed)
    })?;
    dict!(py,
        "healthy_at_healthy": found.healthy_at_healthy,
        "healthy_at_slow": found.healthy_at_slow,
        "slow_at_healthy": found.slow_at_healthy,
        "slow_at_slow": found.slow_at_slow,
        "refutations": found.refutations,
        "datagrams": found.datagrams,
        "trace": found.trace,
    )
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
    let found = run(py, profile, overrides, progress, |tuning, told| {
        scenario::boot(tuning, nodes, seed, told)
    })?;
    let sizes: Vec<(f64, usize, usize, usize)> = found
        .sizes
        .iter()
        .map(|size| (size.at.as_secs_f64(), size.least, size.median, size.most))
        .collect();
    dict!(py,
        "one_view": found.one_view.map(|at| at.as_secs_f64()),
        "sizes": sizes,
        "false_deaths": found.false_deaths,
        "datagrams": found.datagrams,
        "stream_bytes": found.stream_bytes,
        "trace": found.trace,
    )
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
    let found = run(py, profile, overrides, progress, |tuning, told| {
        scenario::impaired(tuning, &setting, seed, told)
    })?;
    let timeline: Vec<(f64, f64, u32, u32)> = found
        .timeline
        .iter()
        .map(|seen| (seen.at.as_secs_f64(), seen.faulty, seen.healthy, seen.sizes))
        .collect();
    let seconds = |span: Option<std::time::Duration>| span.map(|span| span.as_secs_f64());
    dict!(py,
        "timeline": timeline,
        "out_for_good": seconds(found.out_for_good),
        "recovered": seconds(found.recovered),
        "returns": found.returns,
        "healthy_lost": found.healthy_lost,
        "trace": found.trace,
    )
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
    let found = run(py, profile, overrides, progress, |tuning, told| {
        scenario::coordinates(tuning, nodes, rounds, look, seed, told)
    })?;
    let timeline: Vec<(u32, f64, f64, f64, f64, f64)> = found
        .timeline
        .iter()
        .map(|at| (at.round, at.median, at.p90, at.near, at.unknown, at.centre))
        .collect();
    dict!(py,
        "timeline": timeline,
        "typical": found.typical,
        "trace": found.trace,
    )
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
    let setting = Stopped {
        nodes,
        concurrent,
        span: span(stopped),
        frozen,
        rounds,
        loss,
    };
    let found = run(py, profile, overrides, None, |tuning, _| {
        scenario::stopped(tuning, &setting, seed)
    })?;
    dict!(py,
        "suspected": found.suspected,
        "refuted": found.refuted,
        "false_deaths": found.false_deaths,
        "trace": found.trace,
    )
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
    let span = self::span(span);
    let found = run(py, profile, overrides, None, |tuning, _| {
        scenario::quiet(tuning, nodes, span, loss, seed)
    })?;
    dict!(py,
        "datagrams": found.datagrams,
        "datagram_bytes": found.datagram_bytes,
        "stream_bytes": found.stream_bytes,
        "suspected": found.suspected,
        "false_deaths": found.false_deaths,
        "trace": found.trace,
    )
}
