//! `LatencySketch`: the core's mergeable sketch of durations.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use shoal_core::sketch::{LatencySketch as Sketch, SketchError};

#[pyclass(module = "distributed._native", skip_from_py_object)]
#[derive(Clone)]
pub(crate) struct LatencySketch(Sketch);

#[pymethods]
impl LatencySketch {
    #[new]
    fn new() -> Self {
        Self(Sketch::new())
    }

    fn add(&mut self, seconds: f64) -> PyResult<()> {
        self.0.add(seconds).map_err(refused)
    }

    fn add_many(&mut self, seconds: Vec<f64>) -> PyResult<()> {
        let mut grown = self.0.clone();
        for value in seconds {
            grown.add(value).map_err(refused)?;
        }
        self.0 = grown;
        Ok(())
    }

    fn merge(&mut self, other: &[u8]) -> PyResult<()> {
        self.0.merge(&Sketch::from_bytes(other).map_err(refused)?);
        Ok(())
    }

    fn since(&self, earlier: &Self) -> Self {
        Self(self.0.since(&earlier.0))
    }

    fn quantile(&self, q: f64) -> PyResult<Option<f64>> {
        if !(0.0..=1.0).contains(&q) {
            return Err(PyValueError::new_err(format!(
                "quantile {q} is outside 0 to 1"
            )));
        }
        Ok(self.0.quantile(q))
    }

    fn count_at_most(&self, seconds: f64) -> u64 {
        self.0.count_at_most(seconds)
    }

    #[getter]
    fn count(&self) -> u64 {
        self.0.count()
    }

    #[getter]
    fn sum(&self) -> f64 {
        self.0.sum()
    }

    #[getter]
    fn extremes(&self) -> Option<(f64, f64)> {
        self.0.extremes()
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Sketch::from_bytes(data).map(Self).map_err(refused)
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    fn __len__(&self) -> usize {
        usize::try_from(self.0.count()).unwrap_or(usize::MAX)
    }

    fn __bool__(&self) -> bool {
        self.0.count() > 0
    }
}

fn refused(error: SketchError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
