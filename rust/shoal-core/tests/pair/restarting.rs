//! The same name in another life.

use std::time::Duration;

use shoal_core::wire::Ping;
use shoal_core::{Event, MemberState, Verdict};

use crate::net::{address, Net};
use crate::peer::{node, record, Peer, NOW};

#[test]
fn a_hundred_kills_and_restarts_are_a_hundred_new_lives() {
    let mut net = Net::joined(30, 5, |_| {});
    let mut last = net.node(0).member("n4").unwrap().instance();
    for round in 0..100 {
        let mut config = net.kill(4);
        config.boot_epoch += 1;
        net.run(Duration::from_millis(50 * (round % 7)));
        net.start(4, config);
        net.join(4, (round % 4) as usize);
        assert!(
            net.run_until(Duration::from_secs(20), Net::is_one_view),
            "round {round}"
        );
        let instance = net.node(0).member("n4").unwrap().instance();
        assert!(instance > last, "a new line, never the old one revived");
        last = instance;
    }
    let kinds = net.hosts[0]
        .events
        .iter()
        .filter(|(_, event)| event.member().is_some_and(|member| member.name() == "n4"));
    let mut here = false;
    for (_, event) in kinds {
        match event {
            Event::Joined { .. } => {
                assert!(!here, "joined twice");
                here = true;
            }
            Event::Died { .. } | Event::Left { .. } => {
                assert!(here, "gone twice");
                here = false;
            }
            _ => assert!(here, "{} of somebody who is gone", event.kind()),
        }
    }
}

#[test]
fn a_restart_that_nobody_noticed_ends_the_earlier_life_first() {
    let mut net = Net::joined(31, 4, |_| {});
    let mut config = net.kill(3);
    config.boot_epoch += 1;
    net.start(3, config);
    net.join(3, 0);
    assert!(net.run_until(Duration::from_secs(10), Net::is_one_view));
    let superseded = net.hosts[0].events.iter().any(|(_, event)| {
        matches!(event, Event::Died { reason, .. } if reason.verdict == Verdict::Superseded)
    });
    assert!(superseded);
}

#[test]
fn a_clock_that_went_backwards_still_makes_a_later_life_11_35() {
    let mut net = Net::joined(32, 4, |config| config.boot_epoch = 1_000);
    let before = net.node(0).member("n3").unwrap().instance();
    let mut config = net.kill(3);
    config.boot_epoch = 7;
    net.start(3, config);
    net.join(3, 0);
    assert!(net.run_until(Duration::from_secs(20), Net::is_one_view));
    assert!(net.node(1).member("n3").unwrap().instance() > before);
}

#[test]
fn a_restart_within_one_tick_of_the_clock_is_a_later_life_too_11_36() {
    let mut net = Net::joined(33, 4, |_| {});
    let config = net.kill(3);
    assert!(net.run_until(Duration::from_secs(30), Net::is_one_view));
    assert_eq!(net.state(0, 3), Some(MemberState::Dead));
    net.start(3, config);
    net.join(3, 1);
    assert!(net.run_until(Duration::from_secs(20), Net::is_one_view));
}

#[test]
fn everybody_restarts_at_once() {
    let mut net = Net::joined(34, 10, |_| {});
    for index in 0..10 {
        let mut config = net.kill(index);
        config.boot_epoch += 1;
        net.start(index, config);
    }
    for index in 0..10 {
        net.join(index, (index + 1) % 10);
    }
    assert!(net.run_until(Duration::from_secs(30), Net::is_one_view));
}

#[test]
fn what_comes_with_a_probe_of_the_former_holder_of_our_address_is_not_for_us() {
    let mut node = node(|_| {});
    let ours = node.local().instance();
    let mut peer = Peer::new(1);
    let mut hear = |target: u64| {
        let ping = Ping {
            nonce: 7,
            target,
            incarnation: 0,
            coordinates: None,
        };
        let mut bytes = peer.datagram(&[ping.into(), record("m1", 1).into()]);
        node.handle_datagram(NOW, address(77), &mut bytes);
        (node.stats().members, node.stats().dropped.misdirected)
    };
    assert_eq!(hear(ours - 1), (1, 1));
    assert_eq!(hear(ours), (2, 1));
}
