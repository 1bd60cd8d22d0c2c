use core::time::Duration;

use proptest::prelude::*;

use super::{share_by_distance, LEAST, MOST};
use crate::wire::Coordinates;

const TIMEOUT: Duration = Duration::from_millis(500);

fn at(x: f32, error: f32) -> Coordinates {
    Coordinates {
        position: [x, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        height: 0.0,
        error,
        adjustment: 0.0,
    }
}

fn share(distance: f32, error: f32) -> f32 {
    share_by_distance(&at(0.0, error), &at(distance, error), TIMEOUT)
}

#[test]
fn the_near_get_less_and_the_far_more_up_to_a_cap_11_67() {
    assert!(share(0.0005, 0.1) < 0.51);
    assert!(share(0.0005, 0.1) >= LEAST);
    assert!(share(0.100, 0.1) > 1.0);
    assert_eq!(share(5.0, 0.1), MOST);
}

#[test]
fn a_place_that_is_not_known_well_changes_nothing() {
    assert_eq!(share(0.0005, 0.6), 1.0);
    assert_eq!(share(5.0, 1.5), 1.0);
    let lost = at(0.0005, 1.5);
    assert_eq!(share_by_distance(&at(0.0, 0.1), &lost, TIMEOUT), 1.0);
}

#[test]
fn what_is_less_sure_gets_more() {
    assert!(share(0.05, 0.4) > share(0.05, 0.1));
}

fn anywhere() -> impl Strategy<Value = Coordinates> {
    let position = prop::array::uniform8(-10.0_f32..10.0);
    (position, 0.0_f32..10.0, 0.0_f32..1.5, -10.0_f32..10.0).prop_map(
        |(position, height, error, adjustment)| Coordinates {
            position,
            height,
            error,
            adjustment,
        },
    )
}

proptest! {
    #[test]
    fn whatever_a_peer_claims_the_share_stays_in_its_bounds_11_67(
        here in anywhere(),
        there in anywhere(),
        millis in 1_u64..60_000,
    ) {
        let share = share_by_distance(&here, &there, Duration::from_millis(millis));
        prop_assert!((LEAST..=MOST).contains(&share), "{share}");
        let back = share_by_distance(&there, &here, Duration::from_millis(millis));
        prop_assert!((share - back).abs() < 1e-3);
    }

    #[test]
    fn who_is_farther_never_gets_less(
        near in 0.0_f32..2.0,
        further in 0.0_f32..2.0,
        error in 0.0_f32..1.5,
    ) {
        prop_assert!(share(near, error) <= share(near + further, error));
    }
}
