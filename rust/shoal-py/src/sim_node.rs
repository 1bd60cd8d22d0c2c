//! One node of the core without sockets or threads, for clusters under virtual time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use shoal_core::{Event, Instant, Node, StreamFailure, StreamId, Transmit};

use crate::agent::{apply_settings, named_profile};
use crate::convert;
use crate::error::config_error;

/// The verbs of [`Node`]; what it wants done comes out of `poll` as plain tuples.
#[pyclass(module = "distributed._native")]
pub(crate) struct CoreNode {
    /// Apart: it wants more alignment than Python gives its objects.
    node: Box<Node>,
    streams: HashMap<u64, StreamId>,
    named: u64,
    buffer: Vec<u8>,
}

/// kind, address or "", stream or 0, bytes
type TransmitTuple<'py> = (&'static str, String, u64, Bound<'py, PyBytes>);

/// transmits, events, next deadline in seconds
type Polled<'py> = (Bound<'py, PyList>, Bound<'py, PyList>, Option<f64>);

fn instant(seconds: f64) -> Instant {
    Instant::from_micros((seconds.max(0.0) * 1e6).round() as u64)
}

fn address(py: Python<'_>, text: &str) -> PyResult<SocketAddr> {
    text.parse()
        .map_err(|_| config_error(py, "address", &format!("{text:?} is no host:port")))
}

#[pymethods]
impl CoreNode {
    #[new]
    #[pyo3(signature = (name, address, *, profile, instance, seed, meta, overrides, now))]
    #[allow(clippy::too_many_arguments, reason = "keywords in Python")]
    fn new(
        py: Python<'_>,
        name: &str,
        address: &str,
        profile: &str,
        instance: u64,
        seed: u64,
        meta: Vec<u8>,
        overrides: &Bound<'_, PyDict>,
        now: f64,
    ) -> PyResult<Self> {
        let mut config = named_profile(py, profile, name)?;
        apply_settings(py, &mut config, overrides)?;
        config.advertise = self::address(py, address)?;
        config.boot_epoch = instance;
        config.meta = meta;
        let node = Node::new(config, seed, instant(now))
            .map_err(|error| config_error(py, error.field, error.reason))?;
        Ok(Self {
            node: Box::new(node),
            streams: HashMap::new(),
            named: 0,
            buffer: Vec::new(),
        })
    }

    fn handle_datagram(
        &mut self,
        py: Python<'_>,
        now: f64,
        source: &str,
        data: &[u8],
    ) -> PyResult<()> {
        let mut datagram = data.to_vec();
        let source = address(py, source)?;
        self.node
            .handle_datagram(instant(now), source, &mut datagram);
        Ok(())
    }

    fn accept_stream(&mut self) -> u64 {
        self.named += 1;
        self.streams
            .insert(self.named, StreamId::accepted(self.named));
        self.named
    }

    fn handle_stream_message(&mut self, now: f64, stream: u64, data: &[u8]) {
        if let Some(&id) = self.streams.get(&stream) {
            self.node
                .handle_stream_message(instant(now), id, &mut data.to_vec());
        }
    }

    fn handle_stream_closed(&mut self, now: f64, stream: u64) {
        if let Some(id) = self.streams.remove(&stream) {
            self.node.handle_stream_closed(instant(now), id);
        }
    }

    fn handle_stream_failed(&mut self, now: f64, stream: u64, refused: bool) {
        let reason = if refused {
            StreamFailure::Refused
        } else {
            StreamFailure::TimedOut
        };
        if let Some(id) = self.streams.remove(&stream) {
            self.node.handle_stream_failed(instant(now), id, reason);
        }
    }

    fn handle_timeout(&mut self, now: f64) {
        self.node.handle_timeout(instant(now));
    }

    fn join(&mut self, py: Python<'_>, now: f64, seeds: Vec<String>) -> PyResult<()> {
        let seeds: PyResult<Vec<_>> = seeds.iter().map(|seed| address(py, seed)).collect();
        self.node.join(instant(now), &seeds?);
        Ok(())
    }

    fn leave(&mut self, now: f64) {
        self.node.leave(instant(now));
    }

    #[getter]
    fn is_leaving(&self) -> bool {
        self.node.is_leaving()
    }

    fn update_meta(&mut self, now: f64, meta: &[u8]) -> PyResult<()> {
        self.node
            .update_meta(instant(now), meta)
            .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
    }

    fn broadcast(&mut self, now: f64, name: &str, payload: &[u8]) -> PyResult<u64> {
        self.node
            .broadcast(instant(now), name, payload)
            .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
    }

    fn report_lag(&mut self, now: f64, lag_seconds: f64) {
        let lag = Duration::from_secs_f64(lag_seconds.clamp(0.0, 1e6));
        self.node.report_lag(instant(now), lag);
    }

    fn members<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let members = self.node.members().map(|one| convert::member(py, &one));
        PyList::new(py, members.collect::<Vec<_>>())
    }

    fn rtt(&self, a: &str, b: &str) -> Option<(f64, f64)> {
        let (rtt, error) = self.node.rtt(a, b)?;
        Some((rtt.as_secs_f64(), error.as_secs_f64()))
    }

    /// Drains what the node wants sent and told, and says when it wants to be called next.
    fn poll<'py>(&mut self, py: Python<'py>) -> PyResult<Polled<'py>> {
        let (transmits, events) = (PyList::empty(py), PyList::empty(py));
        while let Some(transmit) = self.node.poll_transmit(&mut self.buffer) {
            let tuple = self.transmit(py, transmit);
            transmits.append(tuple)?;
        }
        while let Some(event) = self.node.poll_event() {
            events.append(self::event(py, &event)?)?;
        }
        let deadline = self.node.poll_timeout();
        let seconds = deadline.map(|at| at.as_micros() as f64 / 1e6);
        Ok((transmits, events, seconds))
    }
}

impl CoreNode {
    fn transmit<'py>(&mut self, py: Python<'py>, transmit: Transmit) -> TransmitTuple<'py> {
        let bytes = PyBytes::new(py, &self.buffer);
        match transmit {
            Transmit::Datagram { to } => ("datagram", to.to_string(), 0, bytes),
            Transmit::OpenStream { to, stream } => {
                self.named += 1;
                self.streams.insert(self.named, stream);
                ("open", to.to_string(), self.named, bytes)
            }
            Transmit::StreamReply { stream } => ("reply", String::new(), self.known(stream), bytes),
            Transmit::CloseStream { stream } => {
                let number = self.known(stream);
                self.streams.remove(&number);
                ("close", String::new(), number, bytes)
            }
        }
    }

    fn known(&self, stream: StreamId) -> u64 {
        self.streams
            .iter()
            .find_map(|(&number, &id)| (id == stream).then_some(number))
            .unwrap_or(0)
    }
}

fn event<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyAny>> {
    convert::event(py, 0, event)
}
