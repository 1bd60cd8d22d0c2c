//! How well network coordinates tell round trips, and whether they stay where they are.

use shoal_core::ConfigError;

use super::{Continents, Tuning};
use crate::sighting::name_of;
use crate::simulation::Simulation;

/// How the estimates stand at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Probe rounds since the nodes started.
    pub round: u32,
    /// Relative error of half of all estimates: every node's of its round trip to every other.
    pub median: f64,
    /// Nine in ten are better.
    pub p90: f64,
    /// The median among nodes of the same continent.
    pub near: f64,
    /// Share of round trips about which a node cannot say anything.
    pub unknown: f64,
    /// How far the middle of all nodes lies from the origin, in seconds.
    pub centre: f64,
}

/// The outcome of [`coordinates`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coordinates {
    /// One entry for each look.
    pub timeline: Vec<Accuracy>,
    /// Median round trip of the map, in seconds.
    pub typical: f64,
    /// The hash of the trace.
    pub trace: u64,
}

/// Starts `nodes` nodes on three continents at once and compares what their coordinates say
/// with the true round trips, once in `look` probe rounds, for `rounds` of them. Calls
/// `progress` with the share behind it, and stops where that returns false.
///
/// # Errors
/// [`ConfigError`] names the setting that cannot stand.
pub fn coordinates(
    tuning: &Tuning,
    nodes: u32,
    rounds: u32,
    look: u32,
    seed: u64,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Coordinates, ConfigError> {
    super::check(nodes)?;
    let map = Continents::new(nodes, seed);
    let mut sim = Simulation::new(seed);
    for _ in 0..nodes {
        sim.add(|name, address| tuning.config(name, address))?;
    }
    map.lay(&mut sim);
    for index in 1..nodes {
        sim.join(index, &[0]);
    }
    let mut outcome = Coordinates {
        typical: median(pairs(nodes).map(|(a, b)| map.round_trip(a, b).as_secs_f64())),
        ..Coordinates::default()
    };
    let look = look.max(1);
    for round in (look..=rounds).step_by(look as usize) {
        sim.run(tuning.template.probe.interval * look);
        outcome.timeline.push(accuracy(&sim, &map, nodes, round));
        if !progress(f64::from(round) / f64::from(rounds)) {
            break;
        }
    }
    outcome.trace = sim.trace().hash();
    Ok(outcome)
}

fn accuracy(sim: &Simulation, map: &Continents, nodes: u32, round: u32) -> Accuracy {
    let names: Vec<String> = (0..nodes).map(name_of).collect();
    let (mut all, mut near) = (Vec::new(), Vec::new());
    for (a, b) in pairs(nodes) {
        let (here, there) = (&names[a as usize], &names[b as usize]);
        let Some((guess, _)) = sim.node(a).and_then(|node| node.rtt(here, there)) else {
            continue;
        };
        let truth = map.round_trip(a, b).as_secs_f64();
        let error = (guess.as_secs_f64() - truth).abs() / truth;
        all.push(error);
        if map.neighbours(a, b) {
            near.push(error);
        }
    }
    let asked = f64::from(nodes) * f64::from(nodes - 1);
    Accuracy {
        round,
        unknown: 1.0 - all.len() as f64 / asked,
        p90: quantile(&mut all, 0.9),
        median: quantile(&mut all, 0.5),
        near: quantile(&mut near, 0.5),
        centre: centre(sim, &names),
    }
}

fn centre(sim: &Simulation, names: &[String]) -> f64 {
    let mut sum = [0.0_f64; 8];
    for (index, name) in names.iter().enumerate() {
        let node = sim.node(index as u32);
        if let Some(place) = node.and_then(|node| node.coordinates_of(name)) {
            for (axis, part) in sum.iter_mut().zip(place.position) {
                *axis += f64::from(part) / names.len() as f64;
            }
        }
    }
    sum.iter().map(|axis| axis * axis).sum::<f64>().sqrt()
}

fn pairs(nodes: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..nodes).flat_map(move |a| (0..nodes).filter_map(move |b| (a != b).then_some((a, b))))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(&mut values.collect::<Vec<_>>(), 0.5)
}

/// The value below which this share lies; not a number where there is none.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let index = (share * values.len() as f64) as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}
