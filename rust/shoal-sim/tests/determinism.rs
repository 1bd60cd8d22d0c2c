//! One seed, one run.

use std::time::Duration;

use shoal_core::{Config, MemberState};
use shoal_sim::{Latency, Simulation};

/// A cluster in bad weather, in which nodes stall, die, come back and run on skewed clocks.
fn eventful(seed: u64) -> Simulation {
    let mut sim = Simulation::new(seed);
    sim.keep_trace_text();
    let weather = sim.weather_mut();
    weather.latency = Latency::LogNormal {
        median: Duration::from_millis(2),
        sigma: 0.5,
    };
    weather.loss = 0.05;
    weather.duplicates = 0.02;
    weather.reorder = 0.05;
    for index in 0..32 {
        let added = sim.add(Config::lan);
        assert_eq!(added, Ok(index));
    }
    sim.skew(4, Duration::from_secs(3), 200);
    for index in 1..32 {
        sim.join(index, &[0]);
    }
    sim.run(Duration::from_secs(5));
    sim.block(5, Duration::from_secs(4));
    sim.pause(6, Duration::from_secs(4));
    sim.slow_down(7, Duration::from_millis(20));
    sim.cut(8, 9, true);
    sim.kill(10);
    sim.run(Duration::from_secs(20));
    sim.restart(10, 0);
    sim.mend();
    sim.run(Duration::from_secs(20));
    sim
}

#[test]
fn the_same_seed_gives_the_same_trace_byte_for_byte() {
    let (one, other) = (eventful(7), eventful(7));
    assert_eq!(one.trace().hash(), other.trace().hash());
    assert_eq!(one.trace().text(), other.trace().text());
    assert_eq!(one.sightings(), other.sightings());
    assert!(one.trace().entries() > 1_000);
}

#[test]
fn another_seed_gives_another_trace() {
    assert_ne!(eventful(7).trace().hash(), eventful(8).trace().hash());
}

#[test]
fn a_cluster_comes_to_one_view_after_all_of_that() {
    let sim = eventful(9);
    assert!(sim.is_one_view(), "{:?}", sim.traffic());
    assert_eq!(sim.state(0, 10), Some(MemberState::Alive));
}
