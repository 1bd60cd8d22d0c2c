//! One agent for each process, and no use of one across a fork.

use pyo3::prelude::*;
use shoal_agent::Agent;
use std::sync::{Mutex, PoisonError};

use crate::error::{agent_error, forked_error};

/// The process that an object was made in.
#[derive(Clone, Copy)]
pub(super) struct Birthplace(u32);

impl Birthplace {
    pub(super) fn here() -> Self {
        Self(std::process::id())
    }

    /// Raises `ForkedError` in any other process.
    pub(super) fn check(self, py: Python<'_>) -> PyResult<()> {
        if self.0 == std::process::id() {
            Ok(())
        } else {
            Err(forked_error(py, self.0))
        }
    }
}

/// The agent of this process, started at the first call; a forked child starts its own.
pub(super) fn agent(py: Python<'_>) -> PyResult<Agent> {
    static RUNNING: Mutex<Option<(u32, Agent)>> = Mutex::new(None);
    let here = std::process::id();
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((process, agent)) = running.as_ref() {
        if *process == here {
            return Ok(agent.clone());
        }
    }
    let agent = Agent::start().map_err(|error| agent_error(py, &error))?;
    let inherited = running.replace((here, agent.clone()));
    // The parent's agent is not ours to close: its descriptors are shared with the parent.
    std::mem::forget(inherited);
    Ok(agent)
}
