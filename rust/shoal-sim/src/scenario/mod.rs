//! Experiments on simulated clusters: each a function of its settings and a seed.

mod blocked;
mod boot;
mod continents;
mod coordinates;
mod detection;
mod dissemination;
mod impaired;
mod quiet;
mod stopped;
mod tuning;

use std::time::Duration;

pub use blocked::{blocked, Blocked, FalseDeaths};
pub use boot::{boot, Boot, ViewSize};
pub use continents::Continents;
pub use coordinates::{coordinates, Accuracy, Coordinates};
pub use detection::{detection, Detection, Told};
pub use dissemination::{dissemination, Dissemination, Spread};
pub use impaired::{impaired, Impaired, Impairment, Reaction, Seen};
pub use quiet::{quiet, Quiet};
pub use stopped::{stopped, Revival, Stopped};
pub use tuning::Tuning;

use crate::simulation::Simulation;
use shoal_core::ConfigError;

/// How long a cluster may take to come to one view before it is taken to be broken.
const PATIENCE: Duration = Duration::from_secs(300);

/// Whether an experiment on that many nodes means anything.
const fn check(nodes: u32) -> Result<(), ConfigError> {
    if nodes < 2 {
        let reason = "must be at least 2: a node alone detects nothing";
        return Err(ConfigError {
            field: "nodes",
            reason,
        });
    }
    Ok(())
}

/// A cluster of `nodes` that joined through the first and came to rest.
///
/// # Errors
/// [`ConfigError`] names the setting that cannot stand.
pub fn settled(tuning: &Tuning, nodes: u32, seed: u64) -> Result<Simulation, ConfigError> {
    check(nodes)?;
    let mut sim = Simulation::new(seed);
    for _ in 0..nodes {
        sim.add(|name, address| tuning.config(name, address))?;
    }
    for index in 1..nodes {
        sim.join(index, &[0]);
    }
    sim.run_until(
        PATIENCE,
        Duration::from_millis(250),
        Simulation::is_one_view,
    );
    sim.run(tuning.rest(nodes));
    sim.take_sightings();
    Ok(sim)
}
