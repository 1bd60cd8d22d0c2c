//! The Rapid paper's experiments (USENIX ATC 2018, figures 9 and 10): some nodes' networks
//! fail one way, and we watch whether they go and stay out, and whether the others stay in.

use std::time::Duration;

use shoal_core::ConfigError;

use super::{settled, Tuning, PATIENCE};
use crate::sighting::Kind;
use crate::simulation::Simulation;

/// What is wrong with the network of a faulty node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Impairment {
    /// All that is sent to it is lost, for `flip` at a time with `flip` between (figure 9: 20 s).
    NoIngress {
        /// How long each state lasts.
        flip: Duration,
    },
    /// This share of what it sends is lost, all the time (figure 10: 0.8).
    Egress {
        /// The share.
        loss: f64,
    },
}

/// One setting of the experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impaired {
    /// All nodes.
    pub nodes: u32,
    /// How many of them are faulty.
    pub faulty: u32,
    /// How.
    pub impairment: Impairment,
    /// How long the fault lasts.
    pub span: Duration,
}

/// How many members the healthy nodes see at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Time since the fault began.
    pub at: Duration,
    /// Faulty nodes that are living in the view of a healthy node, on average over those.
    pub faulty: f64,
    /// Healthy nodes that are living in the view of a healthy node, the least of those.
    pub healthy: u32,
    /// Different sizes of view among the healthy.
    pub sizes: u32,
}

/// The outcome of [`impaired`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reaction {
    /// One entry a second.
    pub timeline: Vec<Seen>,
    /// From when on, until the fault ended, every healthy node held every faulty one for dead;
    /// `None` if that was not so at the end.
    pub out_for_good: Option<Duration>,
    /// How often a faulty node came back into the view of a healthy one, for each pair.
    pub returns: f64,
    /// Times that a healthy node held a healthy one for dead.
    pub healthy_lost: u64,
    /// Time from the end of the fault until all nodes had one view again.
    pub recovered: Option<Duration>,
    /// The hash of the trace.
    pub trace: u64,
}

/// Runs the experiment once. Calls `progress` once a virtual second with the share that is
/// behind it, and stops where that returns false.
///
/// # Errors
/// [`ConfigError`] names the setting that cannot stand.
pub fn impaired(
    tuning: &Tuning,
    setting: &Impaired,
    seed: u64,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Reaction, ConfigError> {
    let mut sim = settled(tuning, setting.nodes, seed)?;
    if setting.faulty >= setting.nodes {
        let reason = "must leave a healthy node to look on";
        return Err(ConfigError {
            field: "faulty",
            reason,
        });
    }
    sim.note_joins(true);
    let faulty = sim.choose(setting.faulty);
    let is_faulty = |index: u32| faulty.contains(&index);
    let mut reaction = Reaction::default();
    let began = sim.now();
    while sim.now().saturating_since(began) < setting.span {
        let since = sim.now().saturating_since(began);
        for &index in &faulty {
            impair(&mut sim, index, setting.impairment, since);
        }
        sim.run(Duration::from_secs(1));
        let at = sim.now().saturating_since(began);
        let seen = seen(&sim, &faulty, at);
        reaction.out_for_good = match (seen.faulty == 0.0, reaction.out_for_good) {
            (false, _) => None,
            (true, None) => Some(at),
            (true, since) => since,
        };
        reaction.timeline.push(seen);
        if !progress(at.as_secs_f64() / setting.span.as_secs_f64()) {
            break;
        }
    }
    let healthy = f64::from(setting.nodes - setting.faulty);
    let mut returns = 0_u64;
    for seen in sim.take_sightings() {
        match (is_faulty(seen.observer), is_faulty(seen.subject)) {
            (false, true) if seen.kind == Kind::Joined => returns += 1,
            (false, false) if seen.kind.is_death() => reaction.healthy_lost += 1,
            _ => {}
        }
    }
    reaction.returns = returns as f64 / (healthy * f64::from(setting.faulty));
    sim.mend();
    let mended = sim.now();
    let one = sim.run_until(
        PATIENCE * 2,
        Duration::from_secs(1),
        Simulation::is_one_view,
    );
    reaction.recovered = one.then(|| sim.now().saturating_since(mended));
    reaction.trace = sim.trace().hash();
    Ok(reaction)
}

fn impair(sim: &mut Simulation, index: u32, impairment: Impairment, since: Duration) {
    match impairment {
        Impairment::NoIngress { flip } => {
            let phase = since.as_millis() / flip.as_millis().max(1);
            sim.lose_ingress(index, if phase % 2 == 0 { 1.0 } else { 0.0 });
        }
        Impairment::Egress { loss } => sim.lose_egress(index, loss),
    }
}

fn seen(sim: &Simulation, faulty: &[u32], at: Duration) -> Seen {
    let observers = sim.running().filter(|(index, _)| !faulty.contains(index));
    let views = observers.map(|(observer, node)| {
        let states = faulty.iter().map(|&index| sim.state(observer, index));
        let bad = states
            .filter(|state| state.is_some_and(shoal_core::MemberState::is_living))
            .count();
        (node.living() - bad, bad)
    });
    let views: Vec<(usize, usize)> = views.collect();
    let mut sizes: Vec<usize> = views.iter().map(|(good, bad)| good + bad).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let all_bad: usize = views.iter().map(|(_, bad)| bad).sum();
    Seen {
        at,
        faulty: all_bad as f64 / views.len() as f64,
        healthy: views.iter().map(|(good, _)| *good).min().unwrap_or(0) as u32,
        sizes: sizes.len() as u32,
    }
}
