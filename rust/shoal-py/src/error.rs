//! The one place where errors of the core become exceptions of `distributed.errors`, by name.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use shoal_core::wire::FrameError;

/// A `FrameError` with the stream offset at which decoding failed.
pub(crate) fn frame_error(py: Python<'_>, error: &FrameError) -> PyErr {
    raise(py, "FrameError", &error.to_string(), |keywords| {
        keywords.set_item("offset", error.offset())
    })
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
