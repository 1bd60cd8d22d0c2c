//! A simulated run: shoal-sim with everything that it watches, against foca in the harness.

use std::time::Duration;

use shoal_core::Config;
use shoal_sim::{Latency, Simulation};

/// A cluster on links of 0.2 ms that has joined and come to rest.
pub fn at_rest(count: u32) -> Simulation {
    let mut simulation = Simulation::new(1);
    simulation.weather_mut().latency = Latency::Fixed(Duration::from_micros(200));
    for _ in 0..count {
        simulation.add(Config::lan).expect("the profile is valid");
    }
    for index in 1..count {
        simulation.join(index, &[0]);
    }
    let minutes = Duration::from_secs(600);
    let agreed = simulation.run_until(minutes, Duration::from_millis(500), Simulation::is_one_view);
    assert!(agreed, "{count} nodes did not come to one view");
    simulation.run(Duration::from_secs(120));
    simulation
}
