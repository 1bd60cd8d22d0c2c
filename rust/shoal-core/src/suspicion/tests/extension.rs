use super::*;

fn granted(answer: Extension) -> (u64, Instant, u32) {
    match answer {
        Extension::Granted { by, deadline, left } => (by.as_millis() as u64, deadline, left),
        denied => panic!("{denied:?}"),
    }
}

#[test]
fn grants_halve_and_end_and_each_only_adds_11_23_and_11_24() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    let mut deadline = 30_000;
    for (n, by) in [15_000, 7_500, 3_750, 1_875, 1_000].into_iter().enumerate() {
        let answer = granted(table.extend(node(1), n as u64 + 1, "rising", seconds(n as u64)));
        deadline += by;
        assert_eq!(answer, (by, Instant::from_millis(deadline), 4 - n as u32));
        assert_eq!(
            table.deadline(node(1)),
            Some(Instant::from_millis(deadline))
        );
    }
    assert_eq!(
        table.extend(node(1), 99, "once more", seconds(9)),
        Extension::Exhausted
    );
    assert!(dead(&mut table, Instant::from_millis(deadline - 1)).is_empty());
    assert_eq!(dead(&mut table, Instant::from_millis(deadline)), [node(1)]);
}

#[test]
fn from_the_second_on_a_value_that_did_not_rise_is_no_progress_11_23() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    granted(table.extend(node(1), 10, "10 done", seconds(1)));
    assert_eq!(
        table.extend(node(1), 10, "still 10", seconds(2)),
        Extension::NoProgress
    );
    assert_eq!(
        table.extend(node(1), 9, "fewer", seconds(2)),
        Extension::NoProgress
    );
    assert_eq!(
        table.deadline(node(1)),
        Some(seconds(45)),
        "a denial moves nothing"
    );
    granted(table.extend(node(1), 11, "11 done", seconds(3)));
}

#[test]
fn a_later_confirmation_does_not_undercut_a_live_grant_11_24() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    granted(table.extend(node(1), 1, "busy", seconds(1)));
    for confirmer in 101..104 {
        assert!(table.confirm(node(1), 1, confirmer, seconds(2)));
    }
    assert_eq!(table.deadline(node(1)), Some(seconds(45)));
    assert!(dead(&mut table, seconds(44)).is_empty());
    assert_eq!(dead(&mut table, seconds(45)), [node(1)]);
}

#[test]
fn neither_does_a_lower_multiplier() {
    let mut table = table();
    table.set_multiplier(3, seconds(0));
    open(&mut table, node(1), seconds(0));
    granted(table.extend(node(1), 1, "busy", seconds(70)));
    table.set_multiplier(1, seconds(80));
    assert_eq!(table.deadline(node(1)), Some(seconds(105)));
    assert!(dead(&mut table, seconds(104)).is_empty());
    assert_eq!(dead(&mut table, seconds(105)), [node(1)]);
}

#[test]
fn exactly_one_grant_warns_that_one_is_left_11_25() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    let warnings: Vec<_> = (1..8)
        .filter(|&n| {
            table
                .extend(node(1), n, "rising", seconds(n))
                .is_last_but_one()
        })
        .collect();
    assert_eq!(warnings, [4]);
}

#[test]
fn a_refutation_resets_the_count_11_25() {
    let mut table = table();
    open(&mut table, node(1), seconds(0));
    for n in 1..6 {
        granted(table.extend(node(1), n, "rising", seconds(1)));
    }
    assert!(table.refute(node(1), 2));
    assert_eq!(
        table.extend(node(1), 9, "fine now", seconds(2)),
        Extension::NotSuspected
    );
    assert_eq!(
        table.suspect(node(1), 2, 100, usual(), seconds(3)),
        Verdict::Opened
    );
    assert_eq!(
        granted(table.extend(node(1), 1, "again", seconds(4))).0,
        15_000
    );
}

#[test]
fn what_was_granted_and_why_is_in_the_record_of_the_expiry() {
    let mut table = table();
    open(&mut table, job(4, 1), seconds(0));
    granted(table.extend(job(4, 1), 17, "17 of 90 rows", seconds(6)));
    let long = "é".repeat(400);
    granted(table.extend(job(4, 1), 18, &long, seconds(7)));
    let record = expired(&mut table, seconds(90)).remove(0);
    assert_eq!(record.grants.len(), 2);
    assert_eq!(record.grants[0].granted_at, seconds(6));
    assert_eq!(
        (record.grants[0].progress, &*record.grants[0].reason),
        (17, "17 of 90 rows")
    );
    assert_eq!(
        record.grants[1].reason.len(),
        256,
        "a reason is cut, at a character"
    );
    assert_eq!(record.deadline, Instant::from_millis(52_500));
}

#[test]
fn the_dead_get_no_extension() {
    let mut table = table();
    open(&mut table, job(4, 1), seconds(0));
    assert_eq!(dead(&mut table, seconds(30)), [job(4, 1)]);
    assert_eq!(
        table.extend(job(4, 1), 1, "late", seconds(31)),
        Extension::NotSuspected
    );
    assert_eq!(
        table.extend(node(5), 1, "unknown", seconds(31)),
        Extension::NotSuspected
    );
}
