//! How long it takes until everybody knows that a node is dead.

use std::time::Duration;

use shoal_core::{ConfigError, Instant};

use super::{settled, Tuning, PATIENCE};
use crate::simulation::Simulation;

/// How long after a death the survivors held the node for dead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// The first survivor.
    pub first: Duration,
    /// Half of them.
    pub median: Duration,
    /// The last of them.
    pub last: Duration,
}

/// The outcome of [`detection`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detection {
    /// One entry for each death that every survivor learnt of.
    pub deaths: Vec<Told>,
    /// Deaths of which some survivor had not heard when patience ran out.
    pub untold: u32,
    /// Times that a node which lived was held for dead.
    pub false_deaths: u64,
    /// The hash of the trace.
    pub trace: u64,
}

/// Kills nodes of a settled cluster, one at a time, each at a random moment; each is started
/// again before the next. Calls `progress` with the number of kills behind it, and stops where
/// that returns false.
///
/// # Errors
/// [`ConfigError`] names the setting that cannot stand.
pub fn detection(
    tuning: &Tuning,
    nodes: u32,
    kills: u32,
    seed: u64,
    progress: &mut dyn FnMut(u32) -> bool,
) -> Result<Detection, ConfigError> {
    let mut sim = settled(tuning, nodes, seed)?;
    let mut outcome = Detection::default();
    for kill in 0..kills {
        if !progress(kill) {
            break;
        }
        let phase = Duration::from_millis(u64::from(sim.below(2_000)));
        sim.run(phase);
        sim.take_sightings();
        let victim = 1 + sim.below(nodes - 1);
        let killed_at = sim.now();
        sim.kill(victim);
        let told = until_told(&mut sim, victim, nodes as usize - 1);
        let sightings = sim.take_sightings();
        let about_others = sightings
            .iter()
            .filter(|seen| seen.kind.is_death() && seen.subject != victim);
        outcome.false_deaths += about_others.count() as u64;
        match told {
            Some(moments) => outcome.deaths.push(after(killed_at, &moments)),
            None => outcome.untold += 1,
        }
        sim.restart(victim, 0);
        sim.run_until(
            PATIENCE,
            Duration::from_millis(250),
            Simulation::is_one_view,
        );
        sim.run(tuning.rest(nodes));
    }
    outcome.trace = sim.trace().hash();
    Ok(outcome)
}

/// Runs until every survivor holds the victim for dead; when each came to.
fn until_told(sim: &mut Simulation, victim: u32, survivors: usize) -> Option<Vec<Instant>> {
    let deaths = |sim: &Simulation| -> Vec<Instant> {
        let seen = sim.sightings().iter();
        let of_victim = seen.filter(|seen| seen.subject == victim && seen.kind.is_death());
        of_victim.map(|seen| seen.at).collect()
    };
    let all_know = |sim: &Simulation| deaths(sim).len() >= survivors;
    let done = sim.run_until(PATIENCE, Duration::from_millis(100), all_know);
    done.then(|| deaths(sim))
}

fn after(killed_at: Instant, moments: &[Instant]) -> Told {
    let at = |index: usize| moments[index].saturating_since(killed_at);
    Told {
        first: at(0),
        median: at(moments.len() / 2),
        last: at(moments.len() - 1),
    }
}
