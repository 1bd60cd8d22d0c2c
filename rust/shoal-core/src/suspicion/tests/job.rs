use super::*;

#[test]
fn a_suspicion_for_one_job_leaves_other_jobs_and_the_node_alone_11_26() {
    let mut table = table();
    open(&mut table, job(1, 7), seconds(0));
    assert_eq!(table.standing(Some(1), 7), Standing::SuspectedForJob);
    assert_eq!(table.standing(Some(2), 7), Standing::Alive);
    assert_eq!(table.standing(None, 7), Standing::Alive);
    assert_eq!(dead(&mut table, seconds(30)), [job(1, 7)]);
    assert_eq!(table.standing(Some(1), 7), Standing::DeadForJob);
    assert_eq!(table.standing(Some(2), 7), Standing::Alive);
    assert_eq!(
        table.standing(None, 7),
        Standing::Alive,
        "a job never kills a node"
    );
}

#[test]
fn a_death_of_the_node_ends_all_of_its_job_suspicions_and_counts_for_every_job_11_26() {
    let mut table = table();
    for j in 0..50 {
        open(&mut table, job(j, 7), seconds(0));
        open(&mut table, job(j, 8), seconds(0));
    }
    let mut jobs = table.node_died(7, 1);
    jobs.sort_unstable();
    assert_eq!(jobs, (0..50).collect::<Vec<_>>());
    assert_eq!(table.len(), 50);
    assert_eq!(table.standing(Some(999), 7), Standing::Dead);
    assert_eq!(table.standing(Some(3), 8), Standing::SuspectedForJob);
    assert_eq!(dead(&mut table, seconds(30)).len(), 50);
}

#[test]
fn the_expiry_of_the_node_names_the_jobs_that_it_resolved() {
    let mut table = table();
    let short = Timeout::new(Duration::from_secs(1), Duration::from_secs(1), 0);
    table.suspect(node(7), 1, 100, short, seconds(0));
    open(&mut table, job(1, 7), seconds(0));
    open(&mut table, job(2, 7), seconds(0));
    let record = expired(&mut table, seconds(40)).remove(0);
    assert_eq!(record.subject, node(7));
    assert_eq!(record.resolved_jobs, [2, 1]);
    assert!(table.is_empty());
}

#[test]
fn a_death_for_a_job_is_remembered_until_a_higher_incarnation_refutes_it_11_27() {
    let mut table = table();
    open(&mut table, job(1, 7), seconds(0));
    assert_eq!(dead(&mut table, seconds(30)), [job(1, 7)]);
    assert_eq!(
        table.suspect(job(1, 7), 1, 101, usual(), seconds(31)),
        Verdict::Dead
    );
    assert!(!table.confirm(job(1, 7), 1, 102, seconds(31)));
    assert!(!table.refute(job(1, 7), 1));
    assert_eq!(table.standing(Some(1), 7), Standing::DeadForJob);
    assert!(table.refute(job(1, 7), 2));
    assert_eq!(table.standing(Some(1), 7), Standing::Alive);
    assert_eq!(
        table.suspect(job(1, 7), 2, 101, usual(), seconds(32)),
        Verdict::Opened
    );
}

#[test]
fn a_death_for_a_job_ends_with_the_job_11_27() {
    let mut table = table();
    open(&mut table, job(1, 7), seconds(0));
    assert_eq!(dead(&mut table, seconds(30)), [job(1, 7)]);
    assert_eq!(table.job_ended(1), 1);
    assert_eq!(table.standing(Some(1), 7), Standing::Alive);
}

#[test]
fn the_end_of_a_job_ends_its_suspicions_and_leaves_nothing_11_28() {
    let mut table = table();
    for n in 0..200 {
        open(&mut table, job(1, n), seconds(0));
    }
    open(&mut table, job(2, 5), seconds(0));
    assert_eq!(table.job_ended(1), 200);
    assert_eq!(table.job_ended(1), 0);
    assert_eq!(
        (table.len(), table.jobs_known(), table.nodes_known()),
        (1, 1, 1)
    );
    assert_eq!(dead(&mut table, seconds(30)), [job(2, 5)]);
}

#[test]
fn the_limits_for_a_job_and_in_total_hold_and_what_is_open_survives_11_29() {
    let limits = Limits {
        total: 5,
        per_job: 3,
        ..Limits::default()
    };
    let mut table = Table::new(Instant::ZERO, limits);
    for n in 0..3 {
        open(&mut table, job(1, n), seconds(0));
    }
    assert_eq!(
        table.suspect(job(1, 3), 1, 100, usual(), seconds(0)),
        Verdict::Refused
    );
    open(&mut table, job(2, 0), seconds(0));
    open(&mut table, job(2, 1), seconds(0));
    assert_eq!(
        table.suspect(job(2, 2), 1, 100, usual(), seconds(0)),
        Verdict::Refused
    );
    assert_eq!(
        table.refusals(),
        Refusals {
            total: 1,
            per_job: 1,
            nodes: 0
        }
    );
    assert_eq!(dead(&mut table, seconds(30)).len(), 5);
}

#[test]
fn both_lookups_give_exactly_what_is_open_11_30() {
    let mut table = table();
    for j in 0..20 {
        for n in 0..20 {
            if (j + u64::from(n)) % 3 == 0 {
                open(&mut table, job(j, n), seconds(0));
            }
        }
    }
    assert!(table.refute(job(3, 0), 2));
    let mut nodes: Vec<_> = table.accused_by(3).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, [3, 6, 9, 12, 15, 18]);
    let mut jobs: Vec<_> = table.jobs_accusing(0).collect();
    jobs.sort_unstable();
    assert_eq!(jobs, [0, 6, 9, 12, 15, 18]);
    assert_eq!(
        table.accused_by(999).count() + table.jobs_accusing(999).count(),
        0
    );
}

#[test]
fn several_deaths_of_one_node_on_different_jobs_ask_for_a_probe() {
    let mut table = table();
    for j in 0..4 {
        open(&mut table, job(j, 7), seconds(j));
        open(&mut table, job(j, 100 + j as u32 + 1), seconds(j));
    }
    let asking: Vec<_> = expired(&mut table, seconds(60))
        .into_iter()
        .filter(|record| record.asks_for_probe)
        .map(|record| record.subject)
        .collect();
    assert_eq!(asking, [job(2, 7), job(3, 7)]);
    assert_eq!(table.standing(None, 7), Standing::Alive);
}

#[test]
fn a_refuted_death_no_longer_counts_towards_a_probe() {
    let mut table = table();
    for j in 0..3 {
        open(&mut table, job(j, 7), seconds(100 * j));
        let record = expired(&mut table, seconds(100 * j + 50)).remove(0);
        assert!(!record.asks_for_probe);
        assert!(table.refute(job(j, 7), 2 + j));
        table.forget(7);
    }
}

#[test]
fn a_refutation_is_about_one_job_unless_the_node_speaks_for_all() {
    let mut table = table();
    open(&mut table, node(7), seconds(0));
    open(&mut table, job(1, 7), seconds(0));
    open(&mut table, job(2, 7), seconds(0));
    assert_eq!(
        table.suspect(job(3, 7), 9, 100, usual(), seconds(0)),
        Verdict::Opened
    );
    assert!(table.refute(job(1, 7), 2));
    assert_eq!(table.standing(None, 7), Standing::Suspected);
    assert!(
        table.confirm(job(2, 7), 1, 105, seconds(1)),
        "still open, so still confirmed"
    );
    assert_eq!(table.refute_everywhere(7, 5), 2);
    assert_eq!(
        table.jobs_accusing(7).collect::<Vec<_>>(),
        [3],
        "suspected at a higher one"
    );
}

#[test]
fn a_suspected_node_is_suspected_for_every_job_and_the_worst_standing_counts() {
    let mut table = table();
    open(&mut table, job(1, 7), seconds(0));
    assert_eq!(dead(&mut table, seconds(30)), [job(1, 7)]);
    open(&mut table, node(7), seconds(31));
    assert_eq!(table.standing(Some(1), 7), Standing::DeadForJob);
    assert_eq!(table.standing(Some(2), 7), Standing::Suspected);
}
