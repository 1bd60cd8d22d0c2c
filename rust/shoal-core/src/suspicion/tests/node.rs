use super::*;

#[test]
fn a_suspicion_that_nobody_refutes_expires_at_its_deadline_and_not_before() {
    let mut table = table();
    open(&mut table, node(1), seconds(7));
    assert_eq!(table.deadline(node(1)), Some(seconds(37)));
    assert_eq!(table.next_deadline(), Some(seconds(37)));
    assert!(dead(&mut table, at(37 * SECOND - 1)).is_empty());
    assert_eq!(dead(&mut table, seconds(37)), [node(1)]);
    assert_eq!(table.standing(None, 1), Standing::Dead);
    assert!(dead(&mut table, seconds(1_000)).is_empty());
}

#[test]
fn a_second_node_at_the_same_incarnation_confirms_although_its_message_is_no_news_11_13() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    assert_eq!(
        table.suspect(node(1), 1, 101, usual(), seconds(1)),
        Verdict::Confirmed
    );
    assert_eq!(table.deadline(node(1)), Some(at(17_500_000)));
    assert!(table.confirm(node(1), 1, 102, seconds(2)));
    assert!(table.confirm(node(1), 1, 103, seconds(3)));
    assert_eq!(table.deadline(node(1)), Some(seconds(5)));
    assert_eq!(dead(&mut table, seconds(5)), [node(1)]);
}

#[test]
fn accuser_accused_and_earlier_confirmers_do_not_count_11_14() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    assert!(!table.confirm(node(1), 1, 100, seconds(1)), "the accuser");
    assert!(!table.confirm(node(1), 1, 1, seconds(1)), "the accused");
    assert!(table.confirm(node(1), 1, 101, seconds(1)));
    assert!(
        !table.confirm(node(1), 1, 101, seconds(1)),
        "twice the same"
    );
    assert_eq!(
        table.suspect(node(1), 1, 101, usual(), seconds(1)),
        Verdict::Known
    );
    assert_eq!(table.confirmers(node(1)), [101]);
}

#[test]
fn beyond_the_expected_number_a_confirmer_neither_counts_nor_takes_room_11_14() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    let counted = (101..10_000)
        .filter(|&n| table.confirm(node(1), 1, n, seconds(1)))
        .count();
    assert_eq!(counted, 3);
    assert_eq!(table.confirmers(node(1)).len(), 3);
}

#[test]
fn a_confirmation_of_another_incarnation_does_not_count() {
    let mut table = table();
    assert!(
        !table.confirm(node(1), 1, 101, seconds(0)),
        "nothing is suspected"
    );
    assert_eq!(
        table.suspect(node(1), 5, 100, usual(), seconds(0)),
        Verdict::Opened
    );
    assert!(!table.confirm(node(1), 4, 101, seconds(1)));
    assert!(!table.confirm(node(1), 6, 101, seconds(1)));
}

#[test]
fn a_confirmation_that_comes_late_makes_it_due_at_once() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    for confirmer in 101..104 {
        assert!(table.confirm(node(1), 1, confirmer, seconds(20)));
    }
    assert_eq!(table.next_deadline(), Some(seconds(5)));
    let record = expired(&mut table, seconds(20)).remove(0);
    assert_eq!(record.deadline, seconds(5));
    assert_eq!(record.expired_at, seconds(20));
}

/// The fault of rescheduling from now on at each confirmation.
#[test]
fn a_confirmation_every_50_ms_from_new_confirmers_postpones_nothing_11_16() {
    let mut table = table();
    let timeout = Timeout::new(Duration::from_secs(5), Duration::from_secs(30), 64);
    table.suspect(node(1), 1, 100, timeout, seconds(0));
    let (mut now, mut confirmer, mut last) = (0, 1_000, seconds(30));
    let died_at = loop {
        now += 50_000;
        confirmer += 1;
        table.suspect(node(1), 1, confirmer, timeout, at(now));
        let deadline = table.deadline(node(1)).expect("still suspected");
        assert!(deadline <= last, "confirmation postponed the deadline");
        last = deadline;
        if !dead(&mut table, at(now)).is_empty() {
            break now;
        }
    };
    assert!(
        died_at - last.as_micros() < 50_000,
        "late by more than the caller's own step"
    );
    assert_eq!(died_at, 5_000_000);
}

#[test]
fn a_lower_incarnation_is_stale_and_a_higher_one_starts_again_11_12() {
    let mut table = table();
    assert_eq!(
        table.suspect(node(1), 5, 100, usual(), seconds(0)),
        Verdict::Opened
    );
    assert!(table.confirm(node(1), 5, 101, seconds(1)));
    assert_eq!(
        table.suspect(node(1), 4, 102, usual(), seconds(1)),
        Verdict::Stale
    );
    assert_eq!(
        table.suspect(node(1), 6, 103, usual(), seconds(10)),
        Verdict::Reopened
    );
    assert_eq!(table.deadline(node(1)), Some(seconds(40)));
    assert!(table.confirmers(node(1)).is_empty());
    assert_eq!(table.len(), 1);
    assert!(dead(&mut table, seconds(39)).is_empty());
}

#[test]
fn only_a_higher_incarnation_refutes_11_17() {
    let mut table = table();
    assert_eq!(
        table.suspect(node(1), 5, 100, usual(), seconds(0)),
        Verdict::Opened
    );
    assert!(!table.refute(node(1), 4));
    assert!(!table.refute(node(1), 5));
    assert_eq!(table.standing(None, 1), Standing::Suspected);
    assert!(table.refute(node(1), 6));
    assert_eq!(table.standing(None, 1), Standing::Alive);
    assert_eq!(table.next_deadline(), None);
    assert!(!table.refute(node(1), 7), "nothing is left to refute");
}

#[test]
fn equal_and_lower_incarnations_never_reopen_a_refuted_suspicion() {
    let mut table = table();
    assert_eq!(
        table.suspect(node(1), 5, 100, usual(), seconds(0)),
        Verdict::Opened
    );
    assert!(table.refute(node(1), 7));
    for stale in 0..7 {
        assert_eq!(
            table.suspect(node(1), stale, 101, usual(), seconds(1)),
            Verdict::Stale
        );
    }
    assert_eq!(
        table.suspect(node(1), 7, 101, usual(), seconds(1)),
        Verdict::Opened
    );
}

#[test]
fn in_one_step_a_refutation_wins_if_it_is_handed_in_before_the_expiry_11_11() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    open(&mut table, node(2), seconds(0));
    let now = seconds(31);
    assert!(table.refute(node(1), 2));
    assert_eq!(dead(&mut table, now), [node(2)]);
    assert!(!table.refute(node(2), 2), "too late for a refutation");
    assert!(
        table.revive(2, 2),
        "but the news of a higher incarnation revives"
    );
}

#[test]
fn a_dead_node_is_not_suspected_until_it_lives_again_11_22() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    assert_eq!(dead(&mut table, seconds(30)), [node(1)]);
    assert_eq!(
        table.suspect(node(1), 9, 100, usual(), seconds(31)),
        Verdict::Dead
    );
    assert!(!table.revive(1, 1), "the incarnation at which it died");
    assert!(table.revive(1, 2));
    assert_eq!(table.standing(None, 1), Standing::Alive);
    assert_eq!(
        table.suspect(node(1), 1, 100, usual(), seconds(32)),
        Verdict::Stale
    );
    assert_eq!(
        table.suspect(node(1), 2, 100, usual(), seconds(32)),
        Verdict::Opened
    );
}

#[test]
fn a_node_that_joins_anew_starts_with_a_clean_sheet_11_22() {
    let mut table = table();
    assert!(table.node_died(1, 40).is_empty());
    table.joined(1);
    assert_eq!(table.standing(None, 1), Standing::Alive);
    assert_eq!(
        table.suspect(node(1), 0, 100, usual(), seconds(1)),
        Verdict::Opened
    );
}

#[test]
fn an_expiry_says_what_who_how_long_and_under_which_multiplier() {
    let mut table = table();
    table.set_multiplier(2, seconds(0));
    assert_eq!(
        table.suspect(node(1), 3, 100, usual(), seconds(10)),
        Verdict::Opened
    );
    table.confirm(node(1), 3, 107, seconds(11));
    table.confirm(node(1), 3, 105, seconds(12));
    let record = expired(&mut table, seconds(50)).remove(0);
    assert_eq!(record.subject, node(1));
    assert_eq!((record.incarnation, record.accuser), (3, 100));
    assert_eq!(record.confirmers.as_slice(), [107, 105]);
    assert_eq!(record.suspected_for(), Duration::from_secs(40));
    assert_eq!(record.deadline, seconds(10) + 2 * usual().after(2));
    assert_eq!((record.multiplier, record.timeout), (2, usual()));
    assert!(record.grants.is_empty() && !record.asks_for_probe);
}

#[test]
fn mass_expiry_comes_in_order_of_deadline_and_each_exactly_once() {
    let mut table = table();
    for n in 0..10_000_u32 {
        open(
            &mut table,
            node(1_000 + n),
            at(u64::from(n * 7_919 % 10_007)),
        );
    }
    let records = expired(&mut table, seconds(31));
    assert_eq!(records.len(), 10_000);
    assert!(records
        .windows(2)
        .all(|pair| pair[0].deadline <= pair[1].deadline));
    assert!(table.is_empty());
}

#[test]
fn the_table_is_bounded_and_counts_what_it_refuses_11_21() {
    let limits = Limits {
        total: 2,
        ..Limits::default()
    };
    let mut table = Table::new(Instant::ZERO, limits);
    open(&mut table, node(1), seconds(0));
    open(&mut table, node(2), seconds(0));
    assert_eq!(
        table.suspect(node(3), 1, 100, usual(), seconds(0)),
        Verdict::Refused
    );
    assert_eq!(
        table.refusals(),
        Refusals {
            total: 1,
            ..Refusals::default()
        }
    );
    assert_eq!(
        table.suspect(node(2), 1, 101, usual(), seconds(0)),
        Verdict::Confirmed
    );
    assert_eq!(dead(&mut table, seconds(30)), [node(2), node(1)]);
}

#[test]
fn the_memory_of_refutations_and_deaths_is_bounded_and_forgets_the_oldest() {
    let limits = Limits {
        nodes: 3,
        ..Limits::default()
    };
    let mut table = Table::new(Instant::ZERO, limits);
    for n in 0..1_000 {
        open(&mut table, node(n), seconds(0));
        assert!(table.refute(node(n), 2));
    }
    assert_eq!(table.nodes_known(), 3);
    assert_eq!(
        table.suspect(node(999), 1, 100, usual(), seconds(0)),
        Verdict::Stale
    );
    for n in 0..3 {
        open(&mut table, node(n), seconds(0));
    }
    assert_eq!(
        table.suspect(node(9), 1, 100, usual(), seconds(0)),
        Verdict::Refused
    );
    assert_eq!(table.refusals().nodes, 1);
}

#[test]
fn forgetting_a_node_leaves_nothing_of_it() {
    let mut table = table();
    for round in 0..1_000 {
        assert_eq!(
            table.suspect(node(1), round, 100, usual(), seconds(0)),
            Verdict::Opened
        );
        assert!(table.refute(node(1), round + 1));
        table.forget(1);
        assert_eq!((table.nodes_known(), table.len()), (0, 0));
    }
}

#[test]
fn a_warm_table_allocates_nothing_for_few_confirmers() {
    let mut table = table();
    let round = |table: &mut Table| {
        for n in 0..500 {
            open(table, node(n), seconds(0));
            (101..105).for_each(|confirmer| {
                table.confirm(node(n), 1, 1_000 + confirmer, seconds(0));
            });
        }
        for n in 0..500 {
            assert!(table.refute(node(n), 2));
            table.forget(n);
        }
    };
    round(&mut table);
    let warm = table.allocated_bytes();
    round(&mut table);
    assert_eq!(table.allocated_bytes(), warm);
    assert!(warm < 500 * 2 * 300 + 20_000, "{warm}");
}
