//! The one place where errors of the core become exceptions of `distributed.errors`, by name.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use shoal_agent::AgentError;
use shoal_core::wire::FrameError;
use shoal_core::ConfigError;

/// A `FrameError` with the stream offset at which decoding failed.
pub(crate) fn frame_error(py: Python<'_>, error: &FrameError) -> PyErr {
    raise(py, "FrameError", &error.to_string(), |keywords| {
        keywords.set_item("offset", error.offset())
    })
}

/// A `ConfigError` that names the setting.
pub(crate) fn config_error(py: Python<'_>, field: &str, reason: &str) -> PyErr {
    raise(py, "ConfigError", reason, |keywords| {
        keywords.set_item("field", field)
    })
}

/// A `ForkedError`: the object belongs to the process `made_in`.
pub(crate) fn forked_error(py: Python<'_>, made_in: u32) -> PyErr {
    let message = format!(
        "made in process {made_in} and used in its fork {}: the agent's thread is not copied by \
         a fork, so join anew in the child",
        std::process::id()
    );
    raise(py, "ForkedError", &message, |_| Ok(()))
}

/// What the agent refused, as the exception that fits.
pub(crate) fn agent_error(py: Python<'_>, error: &AgentError) -> PyErr {
    match error {
        AgentError::Config(ConfigError { field, reason }) => config_error(py, field, reason),
        AgentError::Bind { .. } => config_error(py, "bind", &error.to_string()),
        AgentError::NoAdvertise { .. } => config_error(py, "advertise", &error.to_string()),
        AgentError::Stopped => raise(py, "ClosedError", &error.to_string(), |_| Ok(())),
        AgentError::Node(refused) => pyo3::exceptions::PyValueError::new_err(refused.to_string()),
        other => pyo3::exceptions::PyOSError::new_err(other.to_string()),
    }
}

/// Builds the exception called `name`; what goes wrong meanwhile is raised instead.
fn raise(
    py: Python<'_>,
    name: &str,
    message: &str,
    fill: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
) -> PyErr {
    let build = || {
        let keywords = PyDict::new(py);
        fill(&keywords)?;
        py.import("distributed.errors")?
            .getattr(name)?
            .call((message,), Some(&keywords))
    };
    match build() {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}
