//! News, metadata, events, coordinates.

use std::collections::HashMap;
use std::time::Duration;

use shoal_core::wire::{Cipher, Key};
use shoal_core::{Event, NodeError};

use crate::net::{Net, Weather};

#[test]
fn changed_metadata_reaches_everyone_and_the_latest_wins() {
    let mut net = Net::joined(60, 12, |_| {});
    for load in 0..5_u8 {
        net.with(3, |node, now| node.update_meta(now, &[load]).unwrap());
        net.run(Duration::from_millis(30));
    }
    assert!(net.run_until(Duration::from_secs(10), |net| {
        net.running()
            .all(|node| node.member("n3").unwrap().meta() == [4])
    }));
    assert_eq!(
        net.node(0).member("n3").unwrap().incarnation(),
        0,
        "it is no refutation"
    );
    let too_long = [0; 600];
    let refused = net.with(3, |node, now| node.update_meta(now, &too_long));
    assert_eq!(
        refused,
        Err(NodeError::MetaTooLarge {
            size: 600,
            limit: 512
        })
    );
}

#[test]
fn metadata_missed_by_one_reaches_it_by_anti_entropy() {
    let mut net = Net::joined(61, 6, |_| {});
    net.partition(&[5], &[0, 1, 2, 3, 4], true);
    net.with(0, |node, now| node.update_meta(now, b"new").unwrap());
    net.run(Duration::from_secs(3));
    net.partition(&[5], &[0, 1, 2, 3, 4], false);
    assert!(net.run_until(Duration::from_secs(60), |net| {
        net.node(5).member("n0").unwrap().meta() == b"new"
    }));
}

#[test]
fn an_event_reaches_each_member_once_whatever_the_network_repeats() {
    let mut net = Net::joined(62, 16, |_| {});
    net.weather = Weather {
        loss: 0.1,
        duplicates: 0.3,
        ..Weather::CALM
    };
    let first = net.with(2, |node, now| node.broadcast(now, "deploy", b"v1").unwrap());
    net.run(Duration::from_secs(5));
    let second = net.with(7, |node, now| node.broadcast(now, "deploy", b"v2").unwrap());
    net.run(Duration::from_secs(5));
    assert!(second > first, "the later has the later time");
    for host in &net.hosts {
        let seen: Vec<_> = host
            .events
            .iter()
            .filter_map(|(_, event)| match event {
                Event::UserEvent { from, payload, .. } => Some((&**from, &**payload)),
                _ => None,
            })
            .collect();
        assert_eq!(seen, [("n2", &b"v1"[..]), ("n7", &b"v2"[..])]);
    }
}

#[test]
fn events_and_news_of_members_do_not_starve_each_other() {
    let mut net = Net::joined(63, 10, |_| {});
    for number in 0..300_u32 {
        let payload = [number as u8; 400];
        net.with(1, |node, now| {
            node.broadcast(now, &format!("e{number}"), &payload)
                .unwrap()
        });
    }
    net.with(2, |node, now| node.update_meta(now, b"through").unwrap());
    net.kill(9);
    assert!(net.run_until(Duration::from_secs(30), Net::is_one_view));
    net.run(Duration::from_secs(40));
    let mut events = HashMap::new();
    for (index, count) in net.count("user_event") {
        events.insert(index, count);
    }
    assert!((0..9).all(|index| events[&index] == 300), "{events:?}");
    assert!(net
        .running()
        .all(|node| &node.member("n2").unwrap().meta() == b"through"));
}

#[test]
fn an_event_too_large_is_refused_with_the_limit_named() {
    let mut net = Net::joined(64, 2, |_| {});
    let refused = net.with(0, |node, now| node.broadcast(now, "e", &[0; 600]));
    assert_eq!(
        refused,
        Err(NodeError::EventTooLarge {
            size: 601,
            limit: 512
        })
    );
    let refused = net.with(0, |node, now| node.broadcast(now, "", b""));
    assert_eq!(refused, Err(NodeError::EventUnnamed));
}

#[test]
fn round_trips_are_estimated_between_members_that_never_spoke_11_65() {
    let mut net = Net::joined(65, 10, |_| {});
    net.run(Duration::from_secs(60));
    let (rtt, bound) = net.node(0).rtt("n3", "n7").unwrap();
    let truth = Duration::from_micros(600);
    assert!(rtt > truth / 3 && rtt < truth * 3, "{rtt:?}");
    assert!(bound > Duration::ZERO);
    assert_eq!(net.node(0).rtt("n3", "nobody"), None);
}

#[test]
fn an_encrypted_cluster_rotates_its_key_without_an_outage_11_62() {
    let old = Key::new([1; 32], Cipher::default());
    let new = Key::new([2; 32], Cipher::default());
    let mut net = Net::joined(66, 5, |config| {
        config.keyring.add(old.clone()).unwrap();
    });
    for index in 0..5 {
        net.with(index, |node, _| {
            node.keyring_mut().add(new.clone()).unwrap()
        });
    }
    for index in 0..5 {
        net.with(index, |node, _| {
            node.keyring_mut().use_key(new.id()).unwrap()
        });
        net.run(Duration::from_secs(2));
    }
    for index in 0..5 {
        net.with(index, |node, _| {
            node.keyring_mut().remove(old.id()).unwrap()
        });
    }
    net.run(Duration::from_secs(20));
    assert!(net.is_one_view());
    assert!(net.count("suspected").is_empty());
    assert!(net.running().all(|node| node.stats().dropped.key == 0));
}

#[test]
fn a_cluster_of_another_label_or_key_stays_apart() {
    let mut net = Net::joined(67, 3, |config| config.label = b"blue".to_vec());
    let mut config = net.node(0).config().clone();
    config.name = "stranger".into();
    config.label = b"green".to_vec();
    config.advertise = crate::net::address(9);
    let stranger = net.add(config);
    net.join(stranger, 0);
    net.run(Duration::from_secs(30));
    assert_eq!(net.node(0).living(), 3);
    assert_eq!(net.node(stranger).living(), 1);
    assert!(net.node(0).stats().dropped.label > 0);
    assert!(net.count("join_failed").contains_key(&stranger));
}
