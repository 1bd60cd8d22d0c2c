//! Frames of the job plane's streams.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use shoal_core::wire;

use crate::error::frame_error;

type Parts<'py> = (u8, u16, u64, Bound<'py, PyBytes>);

#[pyclass(module = "distributed._native")]
pub(crate) struct FrameDecoder {
    inner: wire::FrameDecoder,
}

#[pymethods]
impl FrameDecoder {
    #[new]
    fn new(max_frame_bytes: usize) -> Self {
        Self {
            inner: wire::FrameDecoder::new(max_frame_bytes),
        }
    }

    fn feed<'py>(&mut self, py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyList>> {
        let frames = PyList::empty(py);
        let mut appended = Ok(());
        let append = |frame: wire::Frame<'_>| -> PyResult<()> {
            let payload = PyBytes::new(py, frame.payload);
            frames.append((frame.kind, frame.flags, frame.correlation, payload))
        };
        self.inner
            .feed(data, |frame| {
                if appended.is_ok() {
                    appended = append(frame);
                }
            })
            .map_err(|error| frame_error(py, &error))?;
        appended.map(|()| frames)
    }

    #[getter]
    fn buffered(&self) -> usize {
        self.inner.buffered()
    }
}

#[pyfunction]
#[pyo3(signature = (kind, flags, correlation, payload, compress_threshold=None))]
pub(crate) fn encode_frame<'py>(
    py: Python<'py>,
    kind: u8,
    flags: u16,
    correlation: u64,
    payload: &[u8],
    compress_threshold: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut out = Vec::with_capacity(wire::FRAME_HEADER_BYTES + payload.len());
    wire::encode_frame(
        &mut out,
        kind,
        flags,
        correlation,
        payload,
        compress_threshold,
    )
    .map_err(|error| frame_error(py, &error))?;
    Ok(PyBytes::new(py, &out))
}

#[pyfunction]
#[pyo3(signature = (frames, compress_threshold=None))]
pub(crate) fn encode_frames<'py>(
    py: Python<'py>,
    frames: &Bound<'py, PyList>,
    compress_threshold: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut out = Vec::new();
    for frame in frames {
        let (kind, flags, correlation, payload) = frame.extract::<Parts<'_>>()?;
        let payload = payload.as_bytes();
        wire::encode_frame(
            &mut out,
            kind,
            flags,
            correlation,
            payload,
            compress_threshold,
        )
        .map_err(|error| frame_error(py, &error))?;
    }
    Ok(PyBytes::new(py, &out))
}
