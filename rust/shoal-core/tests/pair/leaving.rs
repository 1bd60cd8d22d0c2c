//! Goodbyes.

use std::time::Duration;

use shoal_core::{Event, MemberState, NodeError};

use crate::net::{name, Net};
use crate::peer::{node, pass, Peer};

#[test]
fn a_goodbye_is_no_death_and_is_heard_once_by_everyone_11_38() {
    let mut net = Net::joined(20, 10, |_| {});
    net.with(4, |node, now| node.leave(now));
    assert!(net.node(4).is_leaving());
    net.run(Duration::from_secs(5));
    assert!(!net.node(4).is_leaving());
    net.kill(4);
    net.run(Duration::from_secs(30));
    assert!(net.count("died").is_empty());
    assert_eq!(net.count("left").len(), 9);
    assert!(net.count("left").values().all(|count| *count == 1));
    assert_eq!(net.state(0, 4), Some(MemberState::Left));
}

#[test]
fn a_goodbye_holds_also_after_refutations_11_38() {
    let mut net = Net::joined(21, 6, |_| {});
    net.pause(4, Duration::from_secs(3));
    net.run(Duration::from_secs(40));
    net.with(4, |node, now| node.leave(now));
    net.run(Duration::from_secs(5));
    assert_eq!(net.count("left").len(), 5);
}

#[test]
fn a_hundred_nodes_stop_within_one_dissemination_window_11_48() {
    let mut net = Net::joined(22, 100, |_| {});
    for index in 0..100 {
        net.with(index, |node, now| node.leave(now));
    }
    assert!(net.run_until(Duration::from_millis(2_500), |net| {
        net.running().all(|node| !node.is_leaving())
    }));
}

#[test]
fn who_left_says_nothing_and_may_come_back() {
    let mut net = Net::joined(23, 4, |_| {});
    net.with(2, |node, now| node.leave(now));
    net.run(Duration::from_secs(5));
    let refused = net.with(2, |node, now| node.broadcast(now, "e", b""));
    assert_eq!(refused, Err(NodeError::HasLeft));
    let quiet = net.node(2).stats().datagrams_out;
    net.run(Duration::from_secs(5));
    assert_eq!(net.node(2).stats().datagrams_out, quiet);

    net.join(2, 0);
    assert!(net.run_until(Duration::from_secs(20), Net::is_one_view));
}

#[test]
fn a_goodbye_finds_the_few_who_live_among_many_who_are_dead_and_not_yet_missed() {
    const COUNT: usize = 60;
    const LIVING: usize = 4;
    for seed in 0..12 {
        let mut net = Net::joined(400 + seed, COUNT, |_| {});
        net.weather.loss = 0.05;
        for index in LIVING + 1..COUNT {
            net.kill(index);
        }
        net.with(LIVING, |node, now| node.leave(now));
        assert!(net.run_until(Duration::from_secs(3), |net| {
            !net.node(LIVING).is_leaving()
        }));
        net.kill(LIVING);
        net.run(Duration::from_secs(40));
        for index in 0..LIVING {
            let seen = net.state(index, LIVING);
            assert_eq!(seen, Some(MemberState::Left), "seed {seed} n{index}");
            let called_dead = |(_, event): &(_, Event)| matches!(event, Event::Died { member, .. } if member.name() == name(LIVING));
            assert!(!net.hosts[index].events.iter().any(called_dead));
        }
    }
}

#[test]
fn a_goodbye_finds_the_one_who_lives_however_many_are_dead() {
    const COUNT: usize = 250;
    for seed in 1..4 {
        let mut net = Net::joined(420 + seed, COUNT, |_| {});
        for index in 2..COUNT {
            net.kill(index);
        }
        net.with(1, |node, now| node.leave(now));
        assert!(net.run_until(Duration::from_secs(3), |net| !net.node(1).is_leaving()));
        net.run(Duration::from_secs(1));
        assert_eq!(net.state(0, 1), Some(MemberState::Left), "seed {seed}");
    }
}

#[test]
fn who_left_asks_no_suspect_once_more() {
    let mut node = node(|config| config.probe.stream_fallback = false);
    let mut peer = Peer::new(1);
    peer.introduce(&mut node, 3);
    peer.accuse(&mut node, 2, 0);
    pass(&mut node, Duration::from_secs(1), |_| {});
    node.leave(crate::peer::NOW);
    pass(&mut node, Duration::from_secs(5), |_| {});
    assert!(!node.is_leaving());
    let mut buffer = Vec::new();
    while node.poll_transmit(&mut buffer).is_some() {}
    pass(&mut node, Duration::from_secs(60), |_| {});
    assert_eq!(node.member("m2").unwrap().state(), MemberState::Suspect);
    assert!(node.poll_transmit(&mut buffer).is_none());
}
