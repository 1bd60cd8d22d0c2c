//! The job layer judges nodes for one job each, and forgets what is over.

use core::time::Duration;

use super::{JobLayer, JobTimeout};
use shoal_core::suspicion::{Standing, Verdict};
use shoal_core::Instant;

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn layer() -> JobLayer {
    let timeout = JobTimeout {
        min: Duration::from_secs(1),
        max: Duration::from_secs(10),
        confirmations: 2,
    };
    JobLayer::new(timeout)
}

#[test]
fn a_node_is_suspected_for_one_job_and_fine_for_another() {
    let layer = layer();
    assert_eq!(layer.suspect("j1", "w1", "m1", at(0)), Verdict::Opened);
    assert_eq!(layer.standing("j1", "w1"), Standing::SuspectedForJob);
    assert_eq!(layer.standing("j2", "w1"), Standing::Alive);
    assert_eq!(layer.standing("j1", "w2"), Standing::Alive);
}

#[test]
fn an_expiry_names_job_node_accusers_and_multiplier() {
    let layer = layer();
    layer.suspect("j1", "w1", "m1", at(0));
    assert!(layer.confirm("j1", "w1", "m2", at(10)));
    assert!(layer.confirm("j1", "w1", "m3", at(20)));
    assert!(
        !layer.confirm("j1", "w1", "m3", at(30)),
        "each confirmer counts once"
    );
    assert_eq!(layer.expire(at(999), 1).unwrap(), []);
    let deaths = layer.expire(at(1_000), 1).unwrap();
    assert_eq!((&*deaths[0].job, &*deaths[0].node), ("j1", "w1"));
    assert_eq!(
        deaths[0].reason,
        "silent for 1000 ms at multiplier 1, accused by m1, m2, m3"
    );
    assert_eq!(layer.standing("j1", "w1"), Standing::DeadForJob);
}

#[test]
fn a_death_is_remembered_until_the_node_answers_or_the_job_ends() {
    let layer = layer();
    for job in ["j1", "j2"] {
        layer.suspect(job, "w1", "m1", at(0));
    }
    assert_eq!(layer.expire(at(10_000), 1).unwrap().len(), 2);
    assert_eq!(layer.suspect("j1", "w1", "m1", at(10_001)), Verdict::Dead);
    assert!(layer.refute("j1", "w1"));
    assert_eq!(layer.standing("j1", "w1"), Standing::Alive);
    assert_eq!(layer.standing("j2", "w1"), Standing::DeadForJob);
    assert_eq!(layer.end_job("j2"), 1);
    assert!(layer.is_empty());
}

#[test]
fn a_refuted_node_can_be_suspected_again_for_every_job() {
    let layer = layer();
    layer.suspect("j1", "w1", "m1", at(0));
    layer.suspect("j2", "w1", "m1", at(0));
    assert!(layer.refute("j1", "w1"));
    assert_eq!(layer.suspect("j1", "w1", "m1", at(5)), Verdict::Opened);
    assert!(
        layer.confirm("j2", "w1", "m2", at(6)),
        "the other suspicion stands"
    );
    assert!(layer.refute("j2", "w1"));
    assert!(layer.refute("j1", "w1"));
    assert!(!layer.refute("j1", "w1"), "there is nothing left to refute");
}

#[test]
fn a_poor_local_health_lets_suspects_wait_longer() {
    let layer = layer();
    layer.suspect("j1", "w1", "m1", at(0));
    assert_eq!(layer.expire(at(10_000), 3).unwrap(), []);
    assert_eq!(layer.expire(at(30_000), 3).unwrap().len(), 1);
}

#[test]
fn progress_postpones_an_expiry_and_is_told_in_the_reason() {
    let layer = layer();
    layer.suspect("j1", "w1", "m1", at(0));
    assert!(layer.extend("j1", "w1", 5, "5 of 9 done", at(9_000)));
    assert!(!layer.extend("j1", "w1", 5, "still 5", at(9_500)));
    assert_eq!(layer.expire(at(10_000), 1).unwrap(), []);
    let deaths = layer.expire(at(100_000), 1).unwrap();
    assert!(
        deaths[0].reason.ends_with("; extended: 5 of 9 done"),
        "{deaths:?}"
    );
}

#[test]
fn a_dead_node_takes_its_suspicions_along_and_names_are_not_kept() {
    let layer = layer();
    for i in 0..100 {
        let (job, node) = (format!("j{i}"), format!("w{}", i % 7));
        layer.suspect(&job, &node, "m1", at(i));
    }
    for node in 0..7 {
        layer.forget_node(&format!("w{node}"));
    }
    layer.forget_node("m1");
    assert!(layer.is_empty());
    let inner = layer.lock();
    assert!(inner.jobs.by_name.is_empty() && inner.jobs.by_number.is_empty());
    assert!(inner.nodes.by_name.is_empty() && inner.nodes.by_number.is_empty());
}
