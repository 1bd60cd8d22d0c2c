use core::time::Duration;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::{estimate, LatencyFilter, Space};
use crate::chance::below;
use crate::config::Config;
use crate::wire::Coordinates;

fn spaces(count: usize) -> Vec<Space> {
    let config = Config::lan("a", "10.0.0.1:1".parse().unwrap());
    (0..count)
        .map(|_| Space::new(&config.coordinates))
        .collect()
}

/// Points on a plane, in seconds: round trips up to about 140 ms, and access links of 1 ms.
fn plane(count: usize, rng: &mut Pcg32) -> Vec<(f32, f32)> {
    let mut axis = || below(rng, 1_000) as f32 / 10_000.0;
    (0..count).map(|_| (axis(), axis())).collect()
}

fn distance(a: (f32, f32), b: (f32, f32)) -> f32 {
    ((a.0 - b.0).powi(2) + (a.1 - b.1).powi(2)).sqrt() + 0.002
}

fn median_error(spaces: &[Space], map: &[(f32, f32)]) -> f32 {
    let mut errors = Vec::new();
    for i in 0..map.len() {
        for j in 0..i {
            let truth = distance(map[i], map[j]);
            let (guess, _) = estimate(spaces[i].here(), spaces[j].here());
            errors.push((guess.as_secs_f32() - truth).abs() / truth);
        }
    }
    errors.sort_by(f32::total_cmp);
    errors[errors.len() / 2]
}

fn settle(count: usize, samples: usize) -> (Vec<Space>, Vec<(f32, f32)>) {
    let mut rng = Pcg32::seed_from_u64(3);
    let map = plane(count, &mut rng);
    let mut spaces = spaces(count);
    for _ in 0..samples {
        for i in 0..count {
            let j = (i + 1 + below(&mut rng, count - 1)) % count;
            let there = *spaces[j].here();
            let rtt = Duration::from_secs_f32(distance(map[i], map[j]));
            spaces[i].update(&there, rtt, &mut rng);
        }
    }
    (spaces, map)
}

#[test]
fn a_cluster_that_starts_in_one_point_unfolds_into_all_dimensions_11_65() {
    let (spaces, _) = settle(32, 20);
    for axis in 0..8 {
        assert!(spaces
            .iter()
            .any(|space| space.here().position[axis].abs() > 1e-4));
    }
}

#[test]
fn twenty_samples_bring_the_median_error_below_twenty_percent_11_65() {
    let (spaces, map) = settle(32, 20);
    let error = median_error(&spaces, &map);
    assert!(error < 0.20, "{error}");
}

#[test]
fn long_after_convergence_the_estimates_stand_and_do_not_drift_away() {
    let (spaces, map) = settle(32, 2_000);
    let error = median_error(&spaces, &map);
    assert!(error < 0.10, "{error}");
    let far = spaces
        .iter()
        .flat_map(|s| s.here().position)
        .fold(0.0_f32, |a, b| a.max(b.abs()));
    assert!(far < 1.0, "{far}");
}

#[test]
fn coordinates_that_are_not_numbers_or_far_out_change_nothing_11_66() {
    let mut rng = Pcg32::seed_from_u64(4);
    let mut space = spaces(1).remove(0);
    let before = *space.here();
    let fine = Coordinates {
        error: 1.0,
        ..Coordinates::default()
    };
    let bad = [
        Coordinates {
            height: f32::NAN,
            ..fine
        },
        Coordinates {
            adjustment: f32::INFINITY,
            ..fine
        },
        Coordinates {
            position: [1e9; 8],
            ..fine
        },
        Coordinates {
            error: -1.0,
            ..fine
        },
    ];
    for there in bad {
        space.update(&there, Duration::from_millis(10), &mut rng);
        assert_eq!(*space.here(), before);
    }
    space.update(&fine, Duration::from_secs(11), &mut rng);
    assert_eq!(*space.here(), before);
    space.update(&fine, Duration::from_millis(10), &mut rng);
    assert_ne!(*space.here(), before);
}

#[test]
fn any_stream_of_valid_samples_leaves_a_valid_place() {
    let mut rng = Pcg32::seed_from_u64(5);
    let mut space = spaces(1).remove(0);
    for _ in 0..10_000 {
        let mut there = Coordinates {
            error: 0.01,
            ..Coordinates::default()
        };
        for axis in &mut there.position {
            *axis = below(&mut rng, 120) as f32 - 60.0;
        }
        let rtt = Duration::from_micros(u64::from(rng.next_u32() % 10_000_000));
        space.update(&there, rtt, &mut rng);
        assert!(space.here().is_valid());
    }
}

#[test]
fn the_error_is_relative_and_bounds_the_estimate() {
    let near = Coordinates {
        position: [0.0; 8],
        height: 0.001,
        error: 0.1,
        adjustment: 0.0,
    };
    let mut far = near;
    far.position[0] = 0.098;
    let (rtt, bound) = estimate(&near, &far);
    assert_eq!(rtt.as_millis(), 100);
    assert_eq!(bound.as_millis(), 20);
}

#[test]
fn one_spike_of_latency_does_not_pass_the_filter() {
    let ms = Duration::from_millis;
    let mut filter = LatencyFilter::default();
    assert_eq!(filter.push(ms(10)), ms(10));
    assert_eq!(filter.push(ms(900)), ms(10));
    assert_eq!(filter.push(ms(12)), ms(12));
    assert_eq!(filter.push(ms(11)), ms(12));
    assert_eq!(filter.push(ms(800)), ms(12));
    assert_eq!(filter.push(ms(800)), ms(800));
}
