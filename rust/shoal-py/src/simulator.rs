//! A simulated network of core nodes, to be driven from Python.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use shoal_sim::scenario::Tuning;
use shoal_sim::{Latency, Simulation};

use crate::agent::{apply_settings, named_profile};
use crate::error::config_error;

/// The verbs of [`Simulation`]; times are seconds of virtual time.
#[pyclass(module = "distributed._native")]
pub(crate) struct Simulator {
    sim: Simulation,
}

/// at, observer, subject, kind, instance, incarnation
type SightingTuple = (f64, u32, u32, &'static str, u64, u64);

/// A profile with what differs from it.
pub(crate) fn tuning(
    py: Python<'_>,
    profile: &str,
    overrides: &Bound<'_, PyDict>,
) -> PyResult<Tuning> {
    let mut template = named_profile(py, profile, "any")?;
    apply_settings(py, &mut template, overrides)?;
    Ok(Tuning { template })
}

pub(crate) fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

impl Simulator {
    fn check(&self, py: Python<'_>, index: u32) -> PyResult<u32> {
        if (index as usize) < self.sim.len() {
            return Ok(index);
        }
        let reason = format!("there are {} nodes, no node {index}", self.sim.len());
        Err(config_error(py, "index", &reason))
    }
}

#[pymethods]
impl Simulator {
    #[new]
    #[pyo3(signature = (nodes, *, profile, seed, overrides))]
    fn new(
        py: Python<'_>,
        nodes: u32,
        profile: &str,
        seed: u64,
        overrides: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let tuning = tuning(py, profile, overrides)?;
        let mut sim = Simulation::new(seed);
        for _ in 0..nodes {
            sim.add(|name, address| tuning.config(name, address))
                .map_err(|error| config_error(py, error.field, error.reason))?;
        }
        Ok(Self { sim })
    }

    fn join(&mut self, py: Python<'_>, index: u32, seed: u32) -> PyResult<()> {
        let (index, seed) = (self.check(py, index)?, self.check(py, seed)?);
        self.sim.join(index, &[seed]);
        Ok(())
    }

    fn join_all(&mut self) {
        for index in 1..self.sim.len() as u32 {
            self.sim.join(index, &[0]);
        }
    }

    fn run(&mut self, py: Python<'_>, seconds: f64) {
        py.detach(|| self.sim.run(span(seconds)));
    }

    fn run_until_one_view(&mut self, py: Python<'_>, seconds: f64) -> bool {
        let every = Duration::from_millis(250);
        py.detach(|| {
            self.sim
                .run_until(span(seconds), every, Simulation::is_one_view)
        })
    }

    fn is_one_view(&self) -> bool {
        self.sim.is_one_view()
    }

    #[getter]
    fn now(&self) -> f64 {
        self.sim.elapsed().as_secs_f64()
    }

    #[getter]
    fn nodes(&self) -> usize {
        self.sim.len()
    }

    #[getter]
    fn trace_hash(&self) -> u64 {
        self.sim.trace().hash()
    }

    fn kill(&mut self, py: Python<'_>, index: u32) -> PyResult<()> {
        let index = self.check(py, index)?;
        self.sim.kill(index);
        Ok(())
    }

    fn restart(&mut self, py: Python<'_>, index: u32, seed: u32) -> PyResult<()> {
        let (index, seed) = (self.check(py, index)?, self.check(py, seed)?);
        self.sim.restart(index, seed);
        Ok(())
    }

    fn block(&mut self, py: Python<'_>, index: u32, seconds: f64) -> PyResult<()> {
        let index = self.check(py, index)?;
        self.sim.block(index, span(seconds));
        Ok(())
    }

    fn pause(&mut self, py: Python<'_>, index: u32, seconds: f64) -> PyResult<()> {
        let index = self.check(py, index)?;
        self.sim.pause(index, span(seconds));
        Ok(())
    }

    fn slow_down(&mut self, py: Python<'_>, index: u32, seconds: f64) -> PyResult<()> {
        let index = self.check(py, index)?;
        self.sim.slow_down(index, span(seconds));
        Ok(())
    }

    fn skew(&mut self, py: Python<'_>, index: u32, ahead: f64, drift_ppm: i32) -> PyResult<()> {
        let index = self.check(py, index)?;
        self.sim.skew(index, span(ahead), drift_ppm);
        Ok(())
    }

    fn lose_ingress(&mut self, py: Python<'_>, index: u32, share: f64) -> PyResult<()> {
        let index = self.check(py, index)?;
        self.sim.lose_ingress(index, share);
        Ok(())
    }

    fn lose_egress(&mut self, py: Python<'_>, index: u32, share: f64) -> PyResult<()> {
        let index = self.check(py, index)?;
        self.sim.lose_egress(index, share);
        Ok(())
    }

    fn cut(&mut self, py: Python<'_>, source: u32, to: u32, cut: bool) -> PyResult<()> {
        let (source, to) = (self.check(py, source)?, self.check(py, to)?);
        self.sim.cut(source, to, cut);
        Ok(())
    }

    fn mend(&mut self) {
        self.sim.mend();
    }

    #[pyo3(signature = (*, least, most, loss, duplicates, reorder))]
    fn weather(&mut self, least: f64, most: f64, loss: f64, duplicates: f64, reorder: f64) {
        let (least, most) = (span(least), span(most.max(least)));
        let weather = self.sim.weather_mut();
        weather.latency = Latency::Uniform { least, most };
        weather.loss = loss;
        weather.duplicates = duplicates;
        weather.reorder = reorder;
    }

    fn note_joins(&mut self, note: bool) {
        self.sim.note_joins(note);
    }

    fn take_sightings(&mut self) -> Vec<SightingTuple> {
        let taken = self.sim.take_sightings().into_iter();
        let began = self.sim.now() - self.sim.elapsed();
        taken
            .map(|seen| {
                let at = seen.at.saturating_since(began).as_secs_f64();
                let kind = seen.kind.name();
                let (observer, subject) = (seen.observer, seen.subject);
                (at, observer, subject, kind, seen.instance, seen.incarnation)
            })
            .collect()
    }

    fn living(&self) -> Vec<(u32, usize)> {
        let running = self.sim.running();
        running
            .map(|(index, node)| (index, node.living()))
            .collect()
    }

    fn traffic<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let traffic = self.sim.traffic();
        let counts = [
            ("datagrams", traffic.datagrams),
            ("datagram_bytes", traffic.datagram_bytes),
            ("lost", traffic.lost),
            ("streams", traffic.streams),
            ("stream_bytes", traffic.stream_bytes),
        ];
        let listed = PyDict::new(py);
        for (name, count) in counts {
            listed.set_item(name, count)?;
        }
        Ok(listed)
    }

    fn members<'py>(&self, py: Python<'py>, index: u32) -> PyResult<Bound<'py, PyList>> {
        let index = self.check(py, index)?;
        let members = self.sim.node(index).into_iter().flat_map(|n| n.members());
        let rows = members.map(|one| crate::convert::member(py, &one));
        PyList::new(py, rows.collect::<Vec<_>>())
    }
}
