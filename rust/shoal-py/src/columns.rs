//! Seconds and arrays, as they cross the border.

use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;
use pyo3::IntoPyObjectExt;
use shoal_core::Instant;

/// Seconds to the nearest microsecond; what lies before the epoch is the epoch.
///
/// Deadlines and readings of the clock are rounded alike, so that a reading equal to a deadline
/// has always reached it.
pub(crate) fn instant(seconds: f64) -> PyResult<Instant> {
    if seconds.is_nan() {
        return Err(PyValueError::new_err("a time must be a number, not nan"));
    }
    Ok(Instant::from_micros((seconds * 1e6).round() as u64))
}

pub(crate) fn seconds(instant: Instant) -> f64 {
    instant.as_micros() as f64 / 1e6
}

/// Numbers from an `array.array` or any other buffer of that type, or else from a sequence.
pub(crate) fn numbers<'py, T>(from: &Bound<'py, PyAny>) -> PyResult<Vec<T>>
where
    T: Element + for<'a> FromPyObject<'a, 'py>,
{
    match PyBuffer::<T>::get(from) {
        Ok(buffer) => buffer.to_vec(from.py()),
        Err(_) => from.extract(),
    }
}

/// Two columns must be of one length.
pub(crate) fn same_length(first: usize, other: usize, what: &str) -> PyResult<()> {
    if first == other {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "{what}: {other} given for {first} rows"
    )))
}

/// An `array.array("Q")`.
pub(crate) fn array_of_u64<'py>(py: Python<'py>, values: &[u64]) -> PyResult<Bound<'py, PyAny>> {
    static ARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let array =
        ARRAY.get_or_try_init(py, || py.import("array")?.getattr("array")?.into_py_any(py))?;
    let bytes = PyBytes::new_with(py, size_of_val(values), |bytes| {
        for (to, value) in bytes.chunks_exact_mut(8).zip(values) {
            to.copy_from_slice(&value.to_ne_bytes());
        }
        Ok(())
    })?;
    array.bind(py).call1(("Q", bytes))
}
