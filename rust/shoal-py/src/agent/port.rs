//! A reader: one descriptor for everything that the agent tells one event loop.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyList;
use shoal_agent::{Agent, EventPort as Port};

use super::guard::{agent, Birthplace};
use super::lock_probe;
use crate::convert;
use crate::error::{agent_error, config_error};

/// Notices that are made into Python objects at a time: a storm of thousands takes little memory
/// at any moment, and the loop's tasks run in between.
const BATCH: usize = 512;

#[pyclass(frozen, module = "distributed._native")]
pub(crate) struct EventPort {
    pub(super) port: Arc<Port>,
    agent: Agent,
    born: Birthplace,
}

#[pymethods]
impl EventPort {
    #[new]
    #[pyo3(signature = (capacity = 16_384))]
    fn new(py: Python<'_>, capacity: usize) -> PyResult<Self> {
        let agent = agent(py)?;
        let port = Arc::new(Port::new(capacity)?);
        agent
            .watch(&port)
            .map_err(|error| agent_error(py, &error))?;
        lock_probe::watch(&agent, &port)?;
        Ok(Self {
            port,
            agent,
            born: Birthplace::here(),
        })
    }

    fn fileno(&self, py: Python<'_>) -> PyResult<RawFd> {
        self.born.check(py)?;
        Ok(self.port.descriptor())
    }

    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.born.check(py)?;
        let notices = PyList::empty(py);
        for notice in self.port.take(BATCH) {
            notices.append(convert::notice(py, &notice)?)?;
        }
        Ok(notices)
    }

    fn beat(&self, py: Python<'_>) -> PyResult<()> {
        self.born.check(py)?;
        self.port.beat(self.agent.now());
        Ok(())
    }

    fn now(&self, py: Python<'_>) -> PyResult<f64> {
        self.born.check(py)?;
        Ok(self.agent.now().as_micros() as f64 / 1e6)
    }

    fn stalls(&self, py: Python<'_>) -> PyResult<(u64, f64, u64, f64)> {
        self.born.check(py)?;
        let stalls = self.port.stalls();
        let (longest, lock_longest) = (stalls.longest, stalls.lock_longest);
        Ok((
            stalls.count,
            longest.as_secs_f64(),
            stalls.lock_count,
            lock_longest.as_secs_f64(),
        ))
    }

    fn schedule(&self, py: Python<'_>, token: u64, delay_seconds: f64) -> PyResult<()> {
        self.born.check(py)?;
        let delay = Duration::try_from_secs_f64(delay_seconds.max(0.0))
            .map_err(|_| config_error(py, "delay_seconds", "must be a finite number of seconds"))?;
        self.agent
            .schedule(&self.port, token, self.agent.now() + delay)
            .map_err(|error| agent_error(py, &error))
    }

    fn cancel(&self, py: Python<'_>, token: u64) -> PyResult<()> {
        self.born.check(py)?;
        self.agent
            .cancel(token)
            .map_err(|error| agent_error(py, &error))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.born.check(py)?;
        self.port.close();
        Ok(())
    }
}
