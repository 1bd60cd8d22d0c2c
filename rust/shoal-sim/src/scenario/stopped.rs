//! Nodes that stand still once, for long enough to be suspected and too short to be dead.

use std::time::Duration;

use shoal_core::ConfigError;

use super::{settled, Tuning, PATIENCE};
use crate::host::Stall;
use crate::sighting::Kind;
use crate::simulation::Simulation;

/// One setting of the experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stopped {
    /// All nodes.
    pub nodes: u32,
    /// Nodes that stand still, all at the same moment.
    pub concurrent: u32,
    /// For how long.
    pub span: Duration,
    /// Whether they do nothing at all, as after SIGSTOP; else their timers run and only their
    /// messages are held up.
    pub frozen: bool,
    /// Times that it happens, each after the last is forgotten.
    pub rounds: u32,
    /// Share of all datagrams that is lost.
    pub loss: f64,
}

/// The outcome of [`stopped`], summed over its rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revival {
    /// Times that a node which stood still was suspected by anybody.
    pub suspected: u32,
    /// How many of those had refuted it at every node in the end.
    pub refuted: u32,
    /// Times that a node held another for dead; nobody died.
    pub false_deaths: u64,
    /// The hash of the trace.
    pub trace: u64,
}

/// Runs the experiment once.
///
/// # Errors
/// [`ConfigError`] names the setting that cannot stand.
pub fn stopped(tuning: &Tuning, setting: &Stopped, seed: u64) -> Result<Revival, ConfigError> {
    let mut sim = settled(tuning, setting.nodes, seed)?;
    let mut revival = Revival::default();
    for _ in 0..setting.rounds {
        let phase = Duration::from_millis(u64::from(sim.below(2_000)));
        sim.run(phase);
        sim.take_sightings();
        sim.weather_mut().loss = setting.loss;
        let still = sim.choose(setting.concurrent);
        for &index in &still {
            let stall = if setting.frozen {
                Stall::Paused
            } else {
                Stall::Blocked
            };
            sim.stall(index, stall, setting.span);
        }
        sim.run(setting.span + tuning.rest(setting.nodes));
        sim.weather_mut().loss = 0.0;
        sim.run_until(
            PATIENCE,
            Duration::from_millis(250),
            Simulation::is_one_view,
        );
        let seen = sim.take_sightings();
        let has = |index: u32, kind: Kind| {
            let mut of = seen.iter().filter(|one| one.subject == index);
            of.any(|one| one.kind == kind)
        };
        for &index in &still {
            if has(index, Kind::Suspected) {
                revival.suspected += 1;
                revival.refuted += u32::from(has(index, Kind::Refuted) && sim.is_one_view());
            }
        }
        revival.false_deaths += seen.iter().filter(|one| one.kind.is_death()).count() as u64;
        sim.run(tuning.rest(setting.nodes));
    }
    revival.trace = sim.trace().hash();
    Ok(revival)
}
