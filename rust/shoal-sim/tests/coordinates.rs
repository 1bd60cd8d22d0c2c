//! Network coordinates tell round trips across continents, and go on telling them.

use shoal_core::Config;
use shoal_sim::scenario::{coordinates, Coordinates, Tuning};

fn place(nodes: u32, rounds: u32, look: u32, seed: u64) -> Coordinates {
    let tuning = Tuning::of(Config::wan);
    coordinates(&tuning, nodes, rounds, look, seed, &mut |_| true).expect("valid")
}

#[test]
fn sixty_probe_rounds_after_the_start_half_of_all_estimates_are_right_within_a_tenth() {
    for seed in 1..=5 {
        let found = place(48, 60, 60, seed);
        let last = found.timeline[0];
        assert!(last.unknown < 0.01, "seed {seed}: {last:?}");
        assert!(last.median <= 0.10, "seed {seed}: {last:?}");
    }
}

#[test]
fn over_a_virtual_day_the_estimates_stand_and_the_whole_map_does_not_drift() {
    let hour = 720;
    let found = place(24, 24 * hour, hour, 1);
    let first = found.timeline[0];
    assert_eq!(found.timeline.len(), 24);
    for now in &found.timeline {
        assert!(now.median <= 0.05, "{now:?}");
        assert!(now.near <= 0.10, "{now:?}");
        assert!(now.centre <= first.centre + 0.05 * found.typical, "{now:?}");
    }
    let last = found.timeline[23];
    assert!(last.centre < 0.5 * first.centre, "{first:?} {last:?}");
}

#[test]
fn one_seed_places_everybody_once() {
    assert_eq!(place(12, 20, 5, 7), place(12, 20, 5, 7));
    assert_ne!(place(12, 20, 5, 7).trace, place(12, 20, 5, 8).trace);
}
