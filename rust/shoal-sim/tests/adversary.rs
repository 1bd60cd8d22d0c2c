//! Random calamities, then calm: what must hold whatever happened. A seed that once broke
//! something stays in [`FOUND`]; more are tried with `SHOAL_SIM_SEEDS=1000`.

use std::collections::HashMap;
use std::time::Duration;

use shoal_core::{Config, MemberState};
use shoal_sim::{Kind, Sighting, Simulation};

const NODES: u32 = 24;

/// A band of seeds; one that shows a fault joins it and stays.
const FOUND: [u64; 4] = [1, 2, 3, 4];

/// The time within which views agree after calm: twice the longest stand-down, and anti-entropy.
const CALM: Duration = Duration::from_secs(180);

fn share(sim: &mut Simulation, most: f64) -> f64 {
    f64::from(sim.below(1_000)) / 1_000.0 * most
}

/// One random event.
fn calamity(sim: &mut Simulation) {
    let index = 1 + sim.below(NODES - 1);
    let span = Duration::from_millis(u64::from(sim.below(20_000)));
    match sim.below(10) {
        0 => sim.kill(index),
        1 | 2 => sim.restart(index, 0),
        3 => sim.block(index, span),
        4 => sim.pause(index, span),
        5 => {
            let loss = share(sim, 1.0);
            sim.lose_ingress(index, loss);
        }
        6 => {
            let loss = share(sim, 1.0);
            sim.lose_egress(index, loss);
        }
        7 => {
            let other = sim.below(NODES);
            sim.cut(index, other, true);
        }
        8 => sim.weather_mut().loss = share(sim, 0.3),
        _ => {
            sim.mend();
            let duplicates = share(sim, 0.1);
            let reorder = share(sim, 0.2);
            let weather = sim.weather_mut();
            weather.duplicates = duplicates;
            weather.reorder = reorder;
        }
    }
}

fn share_of(sim: &mut Simulation) -> Duration {
    Duration::from_millis(u64::from(sim.below(3_000)))
}

/// Nobody ever steps back: neither to an earlier life of a member nor, within one life, to an
/// earlier incarnation, nor from death to life at the same incarnation.
fn assert_monotone(seed: u64, sightings: &[Sighting]) {
    let mut last: HashMap<(u32, u32), Sighting> = HashMap::new();
    for seen in sightings.iter().filter(|seen| seen.kind != Kind::Heard) {
        let key = (seen.observer, seen.subject);
        if let Some(before) = last.insert(key, *seen) {
            let (was, is) = (
                (before.instance, before.incarnation),
                (seen.instance, seen.incarnation),
            );
            assert!(was <= is, "seed {seed}: back from {before:?} to {seen:?}");
            let revived = before.kind.is_death() && seen.kind == Kind::Joined;
            assert!(!revived || was < is, "seed {seed}: revived, {seen:?}");
        }
    }
}

/// A node lives in its own view, and its buffers stay within their caps.
fn assert_sound(seed: u64, sim: &Simulation) {
    for (index, node) in sim.running() {
        let (local, stats) = (node.local(), node.stats());
        let limits = &node.config().limits;
        assert_eq!(local.state(), MemberState::Alive, "seed {seed}: n{index}");
        assert!(stats.streams <= limits.streams as u64, "seed {seed}");
        assert!(
            stats.gossip_queue <= 2 * limits.gossip as u64,
            "seed {seed}"
        );
        assert!(stats.suspects <= u64::from(NODES), "seed {seed}");
    }
}

fn run(seed: u64) {
    let mut sim = Simulation::new(seed);
    for _ in 0..NODES {
        sim.add(Config::lan).expect("valid");
    }
    for index in 1..NODES {
        sim.join(index, &[0]);
    }
    sim.run(Duration::from_secs(10));
    // A restart is a new observer: what its former life had seen does not bind it.
    let mut lives: HashMap<u32, u64> = HashMap::new();
    let mut seen: Vec<Sighting> = Vec::new();
    sim.note_joins(true);
    sim.take_sightings();
    for _ in 0..40 {
        calamity(&mut sim);
        let pause = share_of(&mut sim);
        sim.run(pause);
        let epochs: Vec<(u32, u64)> = sim
            .running()
            .map(|(index, node)| (index, node.config().boot_epoch))
            .collect();
        for (index, epoch) in epochs {
            if lives
                .insert(index, epoch)
                .is_some_and(|before| before != epoch)
            {
                seen.retain(|sighting| sighting.observer != index);
            }
        }
        seen.extend(sim.take_sightings());
        assert_sound(seed, &sim);
    }
    sim.mend();
    sim.weather_mut().loss = 0.0;
    for index in 1..NODES {
        sim.restart(index, 0);
    }
    let fresh: Vec<u32> = (0..NODES)
        .filter(|index| !lives.contains_key(index))
        .collect();
    seen.retain(|sighting| !fresh.contains(&sighting.observer));
    assert_monotone(seed, &seen);
    let calm = sim.run_until(CALM, Duration::from_secs(1), Simulation::is_one_view);
    let living: Vec<usize> = sim.running().map(|(_, node)| node.living()).collect();
    assert!(calm, "seed {seed}: no one view after calm: {living:?}");
    assert_sound(seed, &sim);
}

#[test]
fn after_any_calamity_views_agree_again_and_nobody_stepped_back() {
    let more = std::env::var("SHOAL_SIM_SEEDS").ok();
    let more = more.and_then(|count| count.parse().ok()).unwrap_or(8);
    for seed in FOUND.into_iter().chain(100..100 + more) {
        run(seed);
    }
}
