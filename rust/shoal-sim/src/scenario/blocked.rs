//! The Lifeguard paper's experiment (DSN 2018, section V): some nodes' messages are blocked
//! again and again, and we count who is held for dead without being so.

use std::time::Duration;

use shoal_core::ConfigError;

use super::{settled, Tuning};
use crate::sighting::Sighting;

/// One setting of the experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// All nodes.
    pub nodes: u32,
    /// C: nodes whose messages are blocked, all at the same moments.
    pub concurrent: u32,
    /// D: for how long at a time.
    pub blocked: Duration,
    /// I: for how long they run between.
    pub running: Duration,
    /// Length of the experiment.
    pub span: Duration,
}

impl Blocked {
    /// The paper's cluster and length: 128 nodes, two minutes.
    pub const fn paper(concurrent: u32, blocked: Duration, running: Duration) -> Self {
        Self {
            nodes: 128,
            concurrent,
            blocked,
            running,
            span: Duration::from_secs(120),
        }
    }
}

/// Deaths that were held for true, by who held them and of whom. A "slow" node is one whose
/// messages were blocked at some time; it never died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FalseDeaths {
    /// Of healthy nodes, at healthy nodes: the paper's FP−.
    pub healthy_at_healthy: u64,
    /// Of healthy nodes, at slow nodes. With the former: the paper's FP.
    pub healthy_at_slow: u64,
    /// Of slow nodes, at healthy nodes: arguably true while they are blocked.
    pub slow_at_healthy: u64,
    /// Of slow nodes, at slow nodes.
    pub slow_at_slow: u64,
    /// Healthy nodes that refuted an accusation, times.
    pub refutations: u64,
    /// Datagrams sent.
    pub datagrams: u64,
    /// The hash of the trace.
    pub trace: u64,
}

/// Runs the experiment once.
///
/// # Errors
/// [`ConfigError`] names the setting that cannot stand.
pub fn blocked(tuning: &Tuning, setting: &Blocked, seed: u64) -> Result<FalseDeaths, ConfigError> {
    let mut sim = settled(tuning, setting.nodes, seed)?;
    let before = sim.traffic().datagrams;
    let end = sim.now() + setting.span;
    let slow = sim.choose(setting.concurrent);
    for &index in &slow {
        sim.block_intermittently(index, setting.blocked, setting.running, end);
    }
    sim.run(setting.span);
    let is_slow = |index: u32| slow.contains(&index);
    let sightings = sim.take_sightings();
    let mut deaths = FalseDeaths {
        datagrams: sim.traffic().datagrams - before,
        trace: sim.trace().hash(),
        ..FalseDeaths::default()
    };
    for Sighting {
        observer, subject, ..
    } in sightings.into_iter().filter(|seen| seen.kind.is_death())
    {
        match (is_slow(subject), is_slow(observer)) {
            (false, false) => deaths.healthy_at_healthy += 1,
            (false, true) => deaths.healthy_at_slow += 1,
            (true, false) => deaths.slow_at_healthy += 1,
            (true, true) => deaths.slow_at_slow += 1,
        }
    }
    let healthy = sim.running().filter(|(index, _)| !is_slow(*index));
    deaths.refutations = healthy.map(|(_, node)| node.stats().refutations).sum();
    Ok(deaths)
}
