use super::*;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn fired<T>(wheel: &mut Wheel<T>, now: u64) -> Vec<T> {
    let mut due = Vec::new();
    wheel.advance(at(now), &mut due);
    due.into_iter().map(|(_, value)| value).collect()
}

/// A wheel that has had many timers, and so has buckets.
fn with_buckets<T: Default>(origin: Instant) -> Wheel<T> {
    let mut wheel = Wheel::new(origin);
    let insert = |_| wheel.insert(origin, T::default());
    let keys: Vec<_> = (0..100).map(insert).collect();
    for key in keys {
        wheel.cancel(key);
    }
    wheel
}

/// Wheels that differ in nothing that can be seen.
fn makers<T: Default>() -> [fn(Instant) -> Wheel<T>; 2] {
    [Wheel::new, with_buckets]
}

const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;

/// Earlier-membership 11.2: deadlines on which other wheels wrapped round.
const AWKWARD: [u64; 16] = [
    0,
    1,
    1_023,
    1_024,
    450_000,
    1_650_000,
    1_950_000,
    2_050_000,
    64 * SECOND,
    64_500_000,
    70 * SECOND,
    120 * SECOND,
    270 * SECOND,
    4 * 3_600 * SECOND,
    30 * DAY,
    400 * DAY,
];

#[test]
fn a_timer_fires_at_its_microsecond_and_not_before_11_2_and_11_3() {
    for make in makers() {
        for origin in [0, 1, 999_999, 7 * DAY + 12_345] {
            for after in AWKWARD {
                let mut wheel = make(at(origin));
                wheel.insert(at(origin + after), ());
                if after > 0 {
                    assert_eq!(
                        fired(&mut wheel, origin + after - 1).len(),
                        0,
                        "{after} fired early"
                    );
                }
                assert_eq!(wheel.next_deadline(), Some(at(origin + after)));
                assert_eq!(
                    fired(&mut wheel, origin + after).len(),
                    1,
                    "{after} did not fire"
                );
                assert!(wheel.is_empty());
            }
        }
    }
}

#[test]
fn a_deadline_in_the_past_fires_at_the_next_advance() {
    for make in makers() {
        let mut wheel = make(at(10 * SECOND));
        wheel.insert(at(3), "old");
        wheel.insert(at(2), "older");
        assert_eq!(wheel.next_deadline(), Some(at(2)));
        assert_eq!(fired(&mut wheel, 10 * SECOND), ["older", "old"]);
    }
}

#[test]
fn no_deadline_is_too_far() {
    for make in makers() {
        let mut wheel = make(at(5));
        wheel.insert(at(u64::MAX), "end of time");
        wheel.insert(at(u64::MAX - 1), "just before");
        assert_eq!(wheel.next_deadline(), Some(at(u64::MAX - 1)));
        assert!(fired(&mut wheel, 400 * DAY).is_empty());
        assert_eq!(fired(&mut wheel, u64::MAX - 1), ["just before"]);
        assert_eq!(wheel.next_deadline(), Some(at(u64::MAX)));
        assert_eq!(fired(&mut wheel, u64::MAX), ["end of time"]);
    }
}

#[test]
fn equal_deadlines_fire_in_order_of_insertion_even_when_inserted_on_different_levels() {
    for make in makers() {
        let mut wheel = make(at(0));
        let deadline = 300 * SECOND;
        for (step, now) in [0, 1, 100, 280, 299, 300].into_iter().enumerate() {
            assert!(fired(&mut wheel, now * SECOND - now.min(1)).is_empty());
            wheel.insert(at(deadline), step);
        }
        assert_eq!(fired(&mut wheel, deadline), [0, 1, 2, 3, 4, 5]);
    }
}

#[test]
fn a_cancelled_timer_returns_its_value_once_and_never_fires_11_1() {
    let mut wheel = Wheel::new(at(0));
    let key = wheel.insert(at(SECOND), "value");
    assert_eq!(wheel.value(key), Some(&"value"));
    assert_eq!(wheel.cancel(key), Some("value"));
    assert_eq!(wheel.cancel(key), None);
    assert_eq!(wheel.value(key), None);
    assert_eq!(wheel.deadline(key), None);
    assert_eq!(wheel.next_deadline(), None);
    assert!(fired(&mut wheel, 2 * SECOND).is_empty());
}

#[test]
fn the_key_of_a_fired_timer_does_not_reach_the_timer_that_took_its_place() {
    for make in makers() {
        let mut wheel = make(at(0));
        let old = wheel.insert(at(1), "first");
        assert_eq!(fired(&mut wheel, 1), ["first"]);
        let new = wheel.insert(at(2), "second");
        assert_eq!(old.index, new.index);
        assert_eq!(wheel.cancel(old), None);
        assert!(!wheel.reschedule(old, at(9)));
        assert_eq!(wheel.deadline(new), Some(at(2)));
    }
}

#[test]
fn a_moved_timer_fires_once_at_its_new_deadline_across_levels_11_5() {
    for make in makers() {
        for from in AWKWARD {
            for to in AWKWARD {
                let mut wheel = make(at(77));
                let key = wheel.insert(at(77 + from), ());
                assert!(wheel.reschedule(key, at(77 + to)));
                assert_eq!(wheel.deadline(key), Some(at(77 + to)));
                assert_eq!(wheel.next_deadline(), Some(at(77 + to)));
                assert_eq!(fired(&mut wheel, 77 + to).len(), 1, "{from} to {to}");
                assert!(fired(&mut wheel, 77 + from.max(to)).is_empty());
            }
        }
    }
}

#[test]
fn after_a_stall_every_due_timer_fires_once_in_order_of_deadline_11_4() {
    let mut wheel = Wheel::new(at(0));
    let deadlines: Vec<u64> = (0..5_000).map(|n| n * 7_919 % 5_000_000).collect();
    for &deadline in &deadlines {
        wheel.insert(at(deadline), deadline);
    }
    wheel.insert(at(5_000_001), 5_000_001);
    let mut sorted = deadlines;
    sorted.sort_unstable();
    assert_eq!(fired(&mut wheel, 5_000_000), sorted);
    assert_eq!(wheel.len(), 1);
}

#[test]
fn a_clock_that_steps_back_fires_what_is_overdue_and_loses_nothing() {
    for make in makers() {
        let mut wheel = make(at(0));
        assert!(fired(&mut wheel, 10 * SECOND).is_empty());
        wheel.insert(at(4 * SECOND), "overdue");
        wheel.insert(at(6 * SECOND), "not yet by the clock given");
        assert_eq!(fired(&mut wheel, 5 * SECOND), ["overdue"]);
        assert_eq!(
            fired(&mut wheel, 10 * SECOND),
            ["not yet by the clock given"]
        );
    }
}

#[test]
fn the_next_deadline_is_exact_after_the_earliest_of_an_unordered_bucket_is_cancelled() {
    let mut wheel = Wheel::new(at(0));
    let keys: Vec<_> = (0..100)
        .rev()
        .map(|n| wheel.insert(at(DAY + n), n))
        .collect();
    for (key, left) in keys.iter().rev().zip(1..100) {
        assert!(wheel.cancel(*key).is_some());
        assert_eq!(wheel.next_deadline(), Some(at(DAY + left)));
    }
}

#[test]
fn a_wheel_whose_buckets_have_held_as_many_allocates_nothing() {
    let mut wheel = Wheel::new(at(0));
    let mut due = Vec::new();
    let mut now = 0;
    for _ in 0..8 {
        for n in 0..4_000 {
            wheel.insert(at(now + DAY * (n % 4 + 1) - n), n);
        }
        now += 5 * DAY;
        wheel.advance(at(now), &mut due);
        due.clear();
    }
    let mut round = |wheel: &mut Wheel<u64>, due: &mut Vec<_>| {
        for n in 0..1_000 {
            wheel.insert(at(now + n * 104_729 % 60_000_000), n);
        }
        now += 60_000_000;
        wheel.advance(at(now), due);
        due.clear();
    };
    round(&mut wheel, &mut due);
    let (warm, capacity) = (wheel.allocated_bytes(), due.capacity());
    for _ in 0..20 {
        round(&mut wheel, &mut due);
    }
    assert_eq!((wheel.allocated_bytes(), due.capacity()), (warm, capacity));
}

#[test]
fn a_timer_with_a_payload_of_eight_bytes_takes_at_most_48_bytes() {
    let mut wheel = Wheel::with_capacity(at(0), 100_000);
    let empty = Wheel::<u64>::new(at(0)).allocated_bytes();
    for n in 0..100_000 {
        wheel.insert(at(n), n);
    }
    assert!((wheel.allocated_bytes() - empty) <= 48 * 100_000);
    assert_eq!(size_of::<TimerKey>(), 8);
}

#[test]
fn a_key_survives_the_trip_through_a_number() {
    let mut wheel = Wheel::new(at(0));
    wheel.insert(at(1), 1);
    let key = wheel.insert(at(2), 2);
    assert_eq!(TimerKey::from_bits(key.to_bits()), key);
    assert_eq!(wheel.cancel(TimerKey::from_bits(key.to_bits())), Some(2));
    assert_eq!(wheel.cancel(TimerKey::from_bits(u64::MAX)), None);
}

mod firing {
    use super::*;

    fn three() -> Wheel<&'static str> {
        let mut wheel = Wheel::new(at(0));
        for (deadline, name) in [(1, "a"), (2, "b"), (3, "c")] {
            wheel.insert(at(deadline), name);
        }
        wheel
    }

    #[test]
    fn a_failing_handler_is_reported_with_its_timer_and_hides_no_other_11_6_and_11_7() {
        let (mut ran, mut reported) = (Vec::new(), Vec::new());
        let fired = Firing::new().run(
            &mut three(),
            at(3),
            |_, _, name| {
                ran.push(*name);
                if *name == "c" {
                    Ok(())
                } else {
                    Err(format!("{name} broke"))
                }
            },
            |_, name, error| {
                reported.push((*name, error.clone()));
                Ok::<(), &str>(())
            },
        );
        assert_eq!(ran, ["a", "b", "c"]);
        assert_eq!(reported, [("a", "a broke".into()), ("b", "b broke".into())]);
        assert_eq!(
            fired,
            Fired {
                handled: 3,
                failed: 2,
                unreported: 0
            }
        );
    }

    #[test]
    fn a_failing_error_callback_stops_nothing_either() {
        let fired = Firing::new().run(
            &mut three(),
            at(3),
            |_, _, _| Err("broke"),
            |_, _, _| Err("so did I"),
        );
        assert_eq!(
            fired,
            Fired {
                handled: 3,
                failed: 3,
                unreported: 3
            }
        );
    }

    #[test]
    fn a_timer_that_a_handler_inserts_waits_for_the_next_round() {
        let mut wheel = three();
        let mut firing = Firing::new();
        let again = |wheel: &mut Wheel<_>, _, name: &mut _| {
            wheel.insert(at(0), *name);
            Ok::<(), &str>(())
        };
        for _ in 0..3 {
            let fired = firing.run(&mut wheel, at(3), again, |_, _, _| Ok::<(), &str>(()));
            assert_eq!(fired.handled, 3);
        }
    }

    #[test]
    fn what_waits_behind_a_panic_runs_in_the_next_round() {
        let (mut wheel, mut firing) = (three(), Firing::new());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            firing.run(
                &mut wheel,
                at(2),
                |_, _, _| -> Result<(), &str> { panic!("a handler panics") },
                |_, _, _| Ok::<(), &str>(()),
            )
        }));
        assert!(panicked.is_err());
        let mut ran = Vec::new();
        let note = |_: &mut Wheel<_>, _, name: &mut &'static str| {
            ran.push(*name);
            Ok::<(), &str>(())
        };
        firing.run(&mut wheel, at(3), note, |_, _, _| Ok::<(), &str>(()));
        assert_eq!(ran, ["b", "c"]);
    }
}

#[test]
fn draining_takes_every_timer_and_leaves_the_wheel_where_it_stood() {
    let mut wheel = Wheel::new(at(SECOND));
    for after in AWKWARD {
        wheel.insert(at(SECOND + after), after);
    }
    let mut all = Vec::new();
    wheel.drain(&mut all);
    assert_eq!(all.len(), AWKWARD.len());
    assert!(wheel.is_empty());
    wheel.insert(at(SECOND + 5), 5);
    assert!(fired(&mut wheel, SECOND + 4).is_empty());
    assert_eq!(fired(&mut wheel, SECOND + 5), [5]);
}

#[test]
fn slots_in_use_are_counted_by_level_and_given_back() {
    for make in makers() {
        let mut wheel = make(at(0));
        assert_eq!(wheel.slots_in_use(), [0; 9]);
        wheel.insert(at(2_000), 'a');
        wheel.insert(at(2_001), 'b');
        let far = wheel.insert(at(30 * DAY), 'c');
        let used = wheel.slots_in_use();
        assert_eq!(used[0], 1, "two timers of one tick share a slot");
        assert_eq!(used.iter().sum::<u32>(), 2);
        wheel.cancel(far);
        assert_eq!(fired(&mut wheel, 3_000), ['a', 'b']);
        assert_eq!(wheel.slots_in_use(), [0; 9]);
    }
}
