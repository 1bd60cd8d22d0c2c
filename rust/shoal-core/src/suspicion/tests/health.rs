use super::*;

#[test]
fn raising_the_multiplier_extends_an_open_suspicion_11_20() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    table.set_multiplier(3, seconds(10));
    assert_eq!(table.deadline(node(1)), Some(seconds(90)));
    for now in [30, 45, 60, 89] {
        assert!(
            dead(&mut table, seconds(now)).is_empty(),
            "expired at {now}"
        );
    }
    assert_eq!(dead(&mut table, seconds(90)), [node(1)]);
}

#[test]
fn lowering_the_multiplier_never_expires_early_11_20() {
    let mut table = table();
    table.set_multiplier(5, seconds(0));
    open(&mut table, node(1), seconds(0));
    table.set_multiplier(1, seconds(20));
    assert!(dead(&mut table, at(30 * SECOND - 1)).is_empty());
    assert_eq!(dead(&mut table, seconds(30)), [node(1)]);
}

#[test]
fn lowering_the_multiplier_makes_due_at_once_what_has_waited_long_enough_and_only_that() {
    let mut table = table();
    table.set_multiplier(9, seconds(0));
    open(&mut table, node(1), seconds(0));
    open(&mut table, node(2), seconds(40));
    assert!(dead(&mut table, seconds(61)).is_empty());
    assert!(dead(&mut table, seconds(100)).is_empty());
    table.set_multiplier(3, seconds(100));
    assert_eq!(table.next_deadline(), Some(seconds(100)));
    assert_eq!(dead(&mut table, seconds(100)), [node(1)]);
    assert_eq!(table.deadline(node(2)), Some(seconds(130)));
    assert!(dead(&mut table, at(130 * SECOND - 1)).is_empty());
    assert_eq!(dead(&mut table, seconds(130)), [node(2)]);
}

#[test]
fn up_and_down_again_restores_the_deadline_11_9() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    table.set_multiplier(2, seconds(1));
    table.set_multiplier(1, seconds(2));
    assert_eq!(table.deadline(node(1)), Some(seconds(30)));
    assert_eq!(table.next_deadline(), Some(seconds(30)));
    assert_eq!(dead(&mut table, seconds(30)), [node(1)]);
}

#[test]
fn a_confirmation_brings_a_stretched_deadline_closer_too() {
    let mut table = table();
    table.set_multiplier(4, seconds(0));
    open(&mut table, node(1), seconds(0));
    assert!(dead(&mut table, seconds(65)).is_empty());
    assert!(table.confirm(node(1), 1, 101, seconds(66)));
    assert_eq!(table.deadline(node(1)), Some(seconds(70)));
    assert!(dead(&mut table, at(70 * SECOND - 1)).is_empty());
    assert_eq!(dead(&mut table, seconds(70)), [node(1)]);
}

#[test]
fn the_multiplier_stays_within_its_bounds() {
    let mut table = table();
    table.set_multiplier(0, seconds(0));
    assert_eq!(table.multiplier(), 1);
    table.set_multiplier(1_000, seconds(0));
    assert_eq!(table.multiplier(), 9);
}

/// A shift is one assignment whatever is open: nothing else moves until it is due.
#[test]
fn a_shift_over_100_000_suspicions_touches_none_and_each_still_fires_right() {
    let mut table = table();
    let start = |n: u32| u64::from(n) * 97 % 20_000_000;
    for n in 0..100_000 {
        open(&mut table, node(1_000 + n), at(start(n)));
    }
    let armed = table.next_deadline();
    table.set_multiplier(2, seconds(20));
    assert_eq!(table.next_deadline(), armed, "no timer moved");
    let mut fired = Vec::new();
    let mut now = seconds(20);
    while let Some(next) = table.next_deadline() {
        now = next.max(now + Duration::from_millis(250));
        table.expire(now, &mut fired);
    }
    assert_eq!(fired.len(), 100_000);
    for record in &fired {
        assert_eq!(record.deadline, record.started_at + Duration::from_secs(60));
        assert!(record.deadline <= record.expired_at);
        let late = record.expired_at - record.deadline;
        assert!(late <= Duration::from_millis(251), "late by {late:?}");
    }
}
