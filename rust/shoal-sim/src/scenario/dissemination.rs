//! How news spread.

use std::time::Duration;

use shoal_core::{ConfigError, Instant};

use super::{settled, Tuning};
use crate::sighting::Kind;

/// How one change spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// When each node but the first learnt of it, in order, from the moment of the change.
    pub reached: Vec<Duration>,
    /// Nodes that had not learnt of it in the end.
    pub missed: u32,
    /// Datagrams sent meanwhile, beyond what the cluster sends at rest.
    pub datagrams: u64,
}

/// The outcome of [`dissemination`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dissemination {
    /// One entry for each change.
    pub changes: Vec<Spread>,
    /// The hash of the trace.
    pub trace: u64,
}

/// Changes the metadata of random nodes of a settled cluster, one at a time, while the network
/// loses `loss` of all datagrams, and watches each change for `watch`. Calls `progress` with
/// the number of changes behind it, and stops where that returns false.
///
/// # Errors
/// [`ConfigError`] names the setting that cannot stand.
pub fn dissemination(
    tuning: &Tuning,
    nodes: u32,
    loss: f64,
    changes: u32,
    watch: Duration,
    seed: u64,
    progress: &mut dyn FnMut(u32) -> bool,
) -> Result<Dissemination, ConfigError> {
    let mut sim = settled(tuning, nodes, seed)?;
    sim.weather_mut().loss = loss;
    let before = sim.traffic().datagrams;
    sim.run(watch);
    let at_rest = sim.traffic().datagrams - before;
    let mut outcome = Dissemination::default();
    for change in 0..changes {
        if !progress(change) {
            break;
        }
        sim.take_sightings();
        let (from, changed_at) = (sim.below(nodes), sim.now());
        let before = sim.traffic().datagrams;
        let meta = change.to_le_bytes();
        sim.with(from, |node, now| node.update_meta(now, &meta));
        sim.run(watch);
        let mut heard = vec![None; nodes as usize];
        for seen in sim.take_sightings() {
            if seen.subject == from && seen.kind == Kind::Updated {
                heard[seen.observer as usize].get_or_insert(seen.at);
            }
        }
        let since = |at: Instant| at.saturating_since(changed_at);
        let mut reached: Vec<Duration> = heard.into_iter().flatten().map(since).collect();
        reached.sort_unstable();
        outcome.changes.push(Spread {
            missed: nodes - 1 - reached.len() as u32,
            reached,
            datagrams: (sim.traffic().datagrams - before).saturating_sub(at_rest),
        });
    }
    outcome.trace = sim.trace().hash();
    Ok(outcome)
}
