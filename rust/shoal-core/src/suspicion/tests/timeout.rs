use super::*;

fn lifeguard(members: usize) -> Timeout {
    Timeout::lifeguard(5.0, 6.0, 3, members, Duration::from_secs(1))
}

#[test]
fn without_confirmations_the_timeout_is_the_maximum_and_with_all_of_them_the_minimum() {
    assert_eq!(usual().after(0), Duration::from_secs(30));
    assert_eq!(usual().after(3), Duration::from_secs(5));
    assert_eq!(usual().after(1_000), Duration::from_secs(5));
}

#[test]
fn each_confirmation_saves_by_the_logarithm_11_15() {
    let close = |confirmations: u32, expected: f64| {
        let given = usual().after(confirmations).as_secs_f64();
        assert!((given - expected).abs() < 1e-5, "{given} is not {expected}");
    };
    close(1, 30.0 - 25.0 * 2.0_f64.ln() / 4.0_f64.ln());
    close(2, 30.0 - 25.0 * 3.0_f64.ln() / 4.0_f64.ln());
    close(1, 17.5);
}

#[test]
fn a_confirmation_never_makes_it_longer() {
    let timeout = Timeout::new(Duration::from_millis(7), Duration::from_secs(9), 64);
    for confirmations in 0..70 {
        assert!(timeout.after(confirmations + 1) <= timeout.after(confirmations));
        assert!(timeout.after(confirmations) >= timeout.min());
    }
}

/// GM 3.6c.
#[test]
fn the_bounds_grow_with_the_logarithm_of_the_cluster() {
    assert_eq!(lifeguard(99).min(), Duration::from_secs(10));
    assert_eq!(lifeguard(99).max(), Duration::from_secs(60));
    assert_eq!(lifeguard(999).min(), Duration::from_secs(15));
}

#[test]
fn a_small_cluster_is_not_rushed() {
    assert_eq!(lifeguard(2).min(), Duration::from_secs(5));
    assert_eq!(lifeguard(9).min(), Duration::from_secs(5));
}

#[test]
fn confirmations_that_nobody_can_give_are_not_waited_for() {
    assert_eq!(lifeguard(4).expected(), 0);
    assert_eq!(lifeguard(4).after(0), lifeguard(4).min());
    assert_eq!(lifeguard(5).expected(), 3);
}

#[test]
fn a_maximum_below_the_minimum_counts_as_the_minimum() {
    let timeout = Timeout::new(Duration::from_secs(5), Duration::from_secs(1), 3);
    assert_eq!(timeout.after(0), Duration::from_secs(5));
}

#[test]
fn a_floor_holds_the_minimum_up_and_the_maximum_with_it() {
    let small = lifeguard(9).no_shorter_than(Duration::from_secs(8));
    assert_eq!(small.min(), Duration::from_secs(8));
    assert_eq!(small.max(), Duration::from_secs(48));
    assert_eq!(small.expected(), lifeguard(9).expected());
    let large = lifeguard(99).no_shorter_than(Duration::from_secs(8));
    assert_eq!(large, lifeguard(99));
}
