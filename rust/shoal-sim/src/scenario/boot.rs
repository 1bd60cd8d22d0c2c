//! From nothing to one view.

use std::time::Duration;

use shoal_core::{ConfigError, Node};

use super::{Tuning, PATIENCE};
use crate::simulation::Simulation;

/// How many members nodes see at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewSize {
    /// Time since the start.
    pub at: Duration,
    /// The smallest view.
    pub least: usize,
    /// Half of the nodes see fewer.
    pub median: usize,
    /// The largest view.
    pub most: usize,
}

/// The outcome of [`boot`].
#[derive(Clone, Debug, PartialEq)]
pub struct Boot {
    /// Time until every node held exactly all nodes for alive; `None` where patience ran out.
    pub one_view: Option<Duration>,
    /// View sizes, a quarter of a second apart.
    pub sizes: Vec<ViewSize>,
    /// Times that a node was held for dead, though all live.
    pub false_deaths: u64,
    /// Datagrams sent until then, by all nodes.
    pub datagrams: u64,
    /// Bytes sent on streams until then, by all nodes.
    pub stream_bytes: u64,
    /// The hash of the trace.
    pub trace: u64,
}

/// Starts `nodes` nodes at once, each knowing the first as its seed. Calls `progress` four
/// times a virtual second with the share of nodes that see everybody, and stops where that
/// returns false.
///
/// # Errors
/// [`ConfigError`] names the setting that cannot stand.
pub fn boot(
    tuning: &Tuning,
    nodes: u32,
    seed: u64,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Boot, ConfigError> {
    const STEP: Duration = Duration::from_millis(250);
    super::check(nodes)?;
    let mut sim = Simulation::new(seed);
    for _ in 0..nodes {
        sim.add(|name, address| tuning.config(name, address))?;
    }
    for index in 1..nodes {
        sim.join(index, &[0]);
    }
    let mut sizes = Vec::new();
    let mut one_view = None;
    while sim.elapsed() < PATIENCE {
        sim.run(STEP);
        let size = view_size(&sim);
        sizes.push(size);
        let full = sim
            .running()
            .filter(|(_, node)| node.living() == nodes as usize);
        let share = full.count() as f64 / f64::from(nodes);
        if size.least == nodes as usize && sim.is_one_view() {
            one_view = Some(sim.elapsed());
            break;
        }
        if !progress(share) {
            break;
        }
    }
    let seen = sim.sightings().iter();
    Ok(Boot {
        one_view,
        sizes,
        false_deaths: seen.filter(|seen| seen.kind.is_death()).count() as u64,
        datagrams: sim.traffic().datagrams,
        stream_bytes: sim.traffic().stream_bytes,
        trace: sim.trace().hash(),
    })
}

fn view_size(sim: &Simulation) -> ViewSize {
    let mut sizes: Vec<usize> = sim.running().map(|(_, node)| Node::living(node)).collect();
    sizes.sort_unstable();
    ViewSize {
        at: sim.elapsed(),
        least: sizes[0],
        median: sizes[sizes.len() / 2],
        most: sizes[sizes.len() - 1],
    }
}
