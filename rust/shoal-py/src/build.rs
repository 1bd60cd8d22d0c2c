//! What this extension was built from and how, so that a report can prove it.

use pyo3::prelude::*;

#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[pyfunction]
pub(crate) fn build_profile() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    }
}

#[pyfunction]
pub(crate) fn compiler_version() -> &'static str {
    env!("SHOAL_RUSTC")
}
