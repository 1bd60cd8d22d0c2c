//! Finding each other.

use std::time::Duration;

use shoal_core::{Event, JoinFailure, MemberState, StreamFailure};

use crate::net::{address, Net};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn two_nodes_find_each_other_within_a_few_round_trips_11_37() {
    let mut net = Net::with_nodes(1, 2, |_| {});
    net.join(1, 0);
    assert!(net.run_until(Duration::from_millis(100), Net::is_one_view));
    let joined = |index: usize| net.hosts[index].events.iter().map(|(_, e)| e.kind());
    assert_eq!(joined(0).collect::<Vec<_>>(), ["joined"]);
    assert_eq!(joined(1).collect::<Vec<_>>(), ["joined", "join_completed"]);
}

#[test]
fn an_unreachable_seed_is_reported_with_the_reason_and_others_still_serve_11_37() {
    let mut net = Net::with_nodes(2, 2, |_| {});
    let nobody = address(99);
    let seeds = [nobody, address(0)];
    net.with(1, |node, now| node.join(now, &seeds));
    net.run(SECOND);
    let failed = net.hosts[1]
        .events
        .iter()
        .find_map(|(_, event)| match event {
            Event::JoinFailed { seed, reason, .. } => Some((*seed, **reason)),
            _ => None,
        });
    assert_eq!(
        failed,
        Some((nobody, JoinFailure::Stream(StreamFailure::Refused)))
    );
    assert!(net.is_one_view());
}

#[test]
fn joining_again_changes_nothing_11_37() {
    let mut net = Net::joined(3, 3, |_| {});
    let before: Vec<_> = net.node(0).members().collect();
    net.join(1, 0);
    net.join(1, 2);
    net.run(SECOND);
    assert_eq!(net.node(0).members().count(), before.len());
    assert_eq!(net.count("joined").values().sum::<usize>(), 6);
}

#[test]
fn a_taken_name_is_refused_with_its_holder_and_both_sides_hear_of_it() {
    let mut net = Net::joined(5, 3, |_| {});
    let mut config = net.node(1).config().clone();
    config.advertise = address(9);
    config.boot_epoch += 1;
    let thief = net.add(config);
    net.join(thief, 0);
    net.run(SECOND);
    let refused = net.hosts[thief].events.iter().any(|(_, event)| {
        matches!(event, Event::JoinFailed { reason, .. }
            if **reason == JoinFailure::NameTaken { by: address(1) })
    });
    assert!(refused);
    assert_eq!(net.count("name_conflict").get(&0), Some(&1));
    assert_eq!(net.node(0).member("n1").unwrap().address(), address(1));
}

#[test]
fn a_dead_name_can_be_taken_from_another_address_after_its_time() {
    let mut net = Net::joined(6, 4, |_| {});
    let mut config = net.kill(1);
    assert!(net.run_until(Duration::from_secs(30), Net::is_one_view));
    config.advertise = address(9);
    config.boot_epoch += 1;
    let heir = net.add(config);
    net.join(heir, 0);
    net.run(SECOND);
    assert_eq!(net.state(0, 1), Some(MemberState::Dead), "too early");
    net.run(Duration::from_secs(30));
    net.join(heir, 0);
    assert!(net.run_until(Duration::from_secs(30), Net::is_one_view));
    assert_eq!(net.node(2).member("n1").unwrap().address(), address(9));
}

#[test]
fn the_name_of_one_who_left_can_be_taken_at_once() {
    let mut net = Net::joined(7, 4, |_| {});
    net.with(1, |node, now| node.leave(now));
    net.run(Duration::from_secs(3));
    let mut config = net.kill(1);
    config.advertise = address(9);
    config.boot_epoch += 1;
    let heir = net.add(config);
    net.join(heir, 0);
    assert!(net.run_until(Duration::from_secs(20), Net::is_one_view));
    assert_eq!(net.node(3).member("n1").unwrap().address(), address(9));
}

#[test]
fn two_clusters_that_meet_through_one_member_become_one() {
    let mut net = Net::with_nodes(8, 12, |_| {});
    for index in 1..6 {
        net.join(index, 0);
        net.join(index + 6, 6);
    }
    net.run(Duration::from_secs(5));
    assert!(!net.is_one_view());
    net.join(3, 8);
    assert!(net.run_until(Duration::from_secs(30), Net::is_one_view));
}

#[test]
fn a_seed_that_comes_up_later_is_found_without_asking_again() {
    let mut net = Net::with_nodes(9, 2, |_| {});
    let config = net.kill(0);
    net.join(1, 0);
    net.run(Duration::from_secs(5));
    net.start(0, config);
    assert!(net.run_until(Duration::from_secs(30), Net::is_one_view));
}

#[test]
fn an_address_that_never_answered_is_no_member_and_never_suspected_or_dead_11_19() {
    let mut net = Net::joined(18, 3, |_| {});
    let nowhere = crate::net::address(99);
    net.with(0, |node, now| node.join(now, &[nowhere]));
    net.run(Duration::from_secs(60));
    assert!(net.running().all(|node| node.members().count() == 3));
    assert!(net.count("suspected").is_empty() && net.count("died").is_empty());
}
