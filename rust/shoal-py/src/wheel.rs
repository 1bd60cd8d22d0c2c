//! `TimerWheel`: the core's timing wheel, carrying integers.

use pyo3::prelude::*;
use shoal_core::wheel::{TimerKey, Wheel};

use crate::columns::{array_of_u64, instant, numbers, same_length, seconds};

#[pyclass(module = "distributed._native")]
pub(crate) struct TimerWheel {
    wheel: Wheel<u64>,
    due: Vec<(TimerKey, u64)>,
    tokens: Vec<u64>,
}

impl TimerWheel {
    fn take_due(&mut self, now: f64) -> PyResult<&[u64]> {
        self.due.clear();
        self.wheel.advance(instant(now)?, &mut self.due);
        self.tokens.clear();
        self.tokens.extend(self.due.iter().map(|&(_, token)| token));
        Ok(&self.tokens)
    }
}

#[pymethods]
impl TimerWheel {
    #[new]
    #[pyo3(signature = (now = 0.0))]
    fn new(now: f64) -> PyResult<Self> {
        let wheel = Wheel::new(instant(now)?);
        Ok(Self {
            wheel,
            due: Vec::new(),
            tokens: Vec::new(),
        })
    }

    fn schedule(&mut self, deadline: f64, token: u64) -> PyResult<u64> {
        Ok(self.wheel.insert(instant(deadline)?, token).to_bits())
    }

    fn cancel(&mut self, key: u64) -> Option<u64> {
        self.wheel.cancel(TimerKey::from_bits(key))
    }

    #[pyo3(name = "move")]
    fn reschedule(&mut self, key: u64, deadline: f64) -> PyResult<bool> {
        Ok(self
            .wheel
            .reschedule(TimerKey::from_bits(key), instant(deadline)?))
    }

    fn advance(&mut self, now: f64) -> PyResult<Vec<u64>> {
        Ok(self.take_due(now)?.to_vec())
    }

    fn advance_array<'py>(&mut self, py: Python<'py>, now: f64) -> PyResult<Bound<'py, PyAny>> {
        array_of_u64(py, self.take_due(now)?)
    }

    fn schedule_many<'py>(
        &mut self,
        deadlines: &Bound<'py, PyAny>,
        tokens: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let deadlines = numbers::<f64>(deadlines)?;
        let mut keys = numbers::<u64>(tokens)?;
        same_length(deadlines.len(), keys.len(), "tokens")?;
        if let Some(bad) = deadlines.iter().find(|deadline| deadline.is_nan()) {
            instant(*bad)?;
        }
        for (deadline, key) in deadlines.into_iter().zip(&mut keys) {
            *key = self.wheel.insert(instant(deadline)?, *key).to_bits();
        }
        array_of_u64(tokens.py(), &keys)
    }

    fn cancel_many(&mut self, keys: &Bound<'_, PyAny>) -> PyResult<usize> {
        let keys = numbers::<u64>(keys)?;
        let cancelled = keys
            .into_iter()
            .map(|key| self.wheel.cancel(TimerKey::from_bits(key)));
        Ok(cancelled.flatten().count())
    }

    fn move_many(
        &mut self,
        keys: &Bound<'_, PyAny>,
        deadlines: &Bound<'_, PyAny>,
    ) -> PyResult<usize> {
        let keys = numbers::<u64>(keys)?;
        let deadlines = numbers::<f64>(deadlines)?;
        same_length(keys.len(), deadlines.len(), "deadlines")?;
        let instants = deadlines
            .into_iter()
            .map(instant)
            .collect::<PyResult<Vec<_>>>()?;
        let moved = keys.into_iter().zip(instants);
        Ok(moved
            .filter(|&(key, to)| self.wheel.reschedule(TimerKey::from_bits(key), to))
            .count())
    }

    fn clear(&mut self) -> usize {
        self.due.clear();
        self.wheel.drain(&mut self.due);
        self.due.len()
    }

    fn deadline(&self, key: u64) -> Option<f64> {
        self.wheel.deadline(TimerKey::from_bits(key)).map(seconds)
    }

    fn next_deadline(&self) -> Option<f64> {
        self.wheel.next_deadline().map(seconds)
    }

    fn allocated_bytes(&self) -> usize {
        self.wheel.allocated_bytes()
    }

    fn __len__(&self) -> usize {
        self.wheel.len()
    }

    fn __bool__(&self) -> bool {
        !self.wheel.is_empty()
    }

    fn __repr__(&self) -> String {
        let next = self
            .next_deadline()
            .map_or_else(|| "none".into(), |next| next.to_string());
        format!("<TimerWheel of {}, next {next}>", self.wheel.len())
    }
}
