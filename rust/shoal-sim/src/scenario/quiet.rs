//! What a cluster at rest sends, and what loss alone makes it believe.

use std::time::Duration;

use shoal_core::ConfigError;

use super::{settled, Tuning};
use crate::sighting::Kind;

/// The outcome of [`quiet`]: of one member in one second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quiet {
    /// Datagrams sent.
    pub datagrams: f64,
    /// Bytes in them, headers of UDP and IP not counted.
    pub datagram_bytes: f64,
    /// Bytes sent on streams.
    pub stream_bytes: f64,
    /// Times that a node suspected another, in all; nobody gave cause.
    pub suspected: u64,
    /// Times that a node held another for dead, in all; nobody died.
    pub false_deaths: u64,
    /// The hash of the trace.
    pub trace: u64,
}

/// Watches a settled cluster for a span, while the network loses `loss` of all datagrams.
///
/// # Errors
/// [`ConfigError`] names the setting that cannot stand.
pub fn quiet(
    tuning: &Tuning,
    nodes: u32,
    span: Duration,
    loss: f64,
    seed: u64,
) -> Result<Quiet, ConfigError> {
    let mut sim = settled(tuning, nodes, seed)?;
    sim.weather_mut().loss = loss;
    let before = sim.traffic();
    sim.run(span);
    let after = sim.traffic();
    let seen = sim.take_sightings();
    let count = |of: fn(Kind) -> bool| seen.iter().filter(|one| of(one.kind)).count() as u64;
    let share = 1.0 / (f64::from(nodes) * span.as_secs_f64());
    Ok(Quiet {
        datagrams: (after.datagrams - before.datagrams) as f64 * share,
        datagram_bytes: (after.datagram_bytes - before.datagram_bytes) as f64 * share,
        stream_bytes: (after.stream_bytes - before.stream_bytes) as f64 * share,
        suspected: count(|kind| kind == Kind::Suspected),
        false_deaths: count(Kind::is_death),
        trace: sim.trace().hash(),
    })
}
