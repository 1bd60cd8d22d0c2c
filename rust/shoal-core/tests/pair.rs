//! Two or several nodes on a fake network: the conversations, as whole.

mod net;

use std::time::Duration;

use net::{address, name, Net};
use shoal_core::{Event, JoinFailure, MemberState, StreamFailure};

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
            Event::JoinFailed { seed, reason, .. } => Some((*seed, *reason)),
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
fn a_killed_member_is_reported_dead_once_by_everyone_11_78() {
    let mut net = Net::joined(4, 8, |_| {});
    net.kill(3);
    assert!(net.run_until(Duration::from_secs(30), Net::is_one_view));
    net.run(Duration::from_secs(30));
    let died = net.count("died");
    assert_eq!(died.len(), 7);
    assert!(died.values().all(|count| *count == 1), "{died:?}");
    for index in (0..8).filter(|index| *index != 3) {
        assert_eq!(
            net.state(index, 3),
            Some(MemberState::Dead),
            "at {}",
            name(index)
        );
    }
}
