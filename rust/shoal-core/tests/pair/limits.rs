//! Nothing that a peer does grows a table past its cap.

use std::time::Duration;

use shoal_core::wire::{Ack, Hello, Leave, Ping, PingReq, Record, Suspect, UserEvent, Versions};
use shoal_core::{Node, StreamId};

use crate::net::{address, Net};
use crate::peer::{node, pass, record, Peer, NOW};

#[test]
fn members_are_capped() {
    let mut node = node(|config| config.limits.members = 50);
    Peer::new(1).introduce(&mut node, 500);
    assert_eq!(node.stats().members, 50);
    assert_eq!(node.stats().dropped.over_limit, 451);
}

#[test]
fn the_dissemination_buffer_is_capped() {
    let mut node = node(|config| config.limits.gossip = 20);
    Peer::new(1).introduce(&mut node, 500);
    assert_eq!(node.stats().gossip_queue, 20);
    assert_eq!(node.stats().dropped.gossip_full, 480);
}

#[test]
fn the_memory_of_the_gone_is_capped_and_forgets_the_oldest_11_40() {
    let mut node = node(|config| config.limits.gone = 10);
    let mut peer = Peer::new(1);
    peer.introduce(&mut node, 100);
    for subject in 1..=100 {
        let leave = Leave {
            subject,
            incarnation: 1,
        };
        peer.say(&mut node, leave);
    }
    assert_eq!(node.stats().gone, 10);
    assert!(node.member("m100").is_some() && node.member("m1").is_none());
}

#[test]
fn suspicions_are_capped_and_the_refused_counted_11_21() {
    let mut node = node(|config| config.limits.suspicions = 10);
    let mut peer = Peer::new(1);
    peer.introduce(&mut node, 100);
    let before = node.stats().dropped.over_limit;
    for subject in 2..=100 {
        peer.accuse(&mut node, subject, 0);
    }
    assert_eq!(node.stats().suspects, 10);
    assert_eq!(node.stats().dropped.over_limit - before, 89);
}

#[test]
fn events_under_way_are_capped_and_no_event_is_larger_than_the_limit() {
    let mut node = node(|config| {
        config.limits.gossip = 20;
        config.limits.event_bytes = 100;
    });
    let mut peer = Peer::new(1);
    for lamport in 1..=500 {
        let event = UserEvent {
            name: "e",
            payload: b"x",
            lamport,
            origin: 1,
        };
        peer.say(&mut node, event);
    }
    assert_eq!(node.stats().gossip_queue, 20);
    let payload = [0; 200];
    let large = UserEvent {
        name: "e",
        payload: &payload,
        lamport: 501,
        origin: 1,
    };
    peer.say(&mut node, large);
    assert_eq!(node.stats().dropped.over_limit, 1);
}

#[test]
fn relays_and_what_waits_for_the_host_are_capped() {
    let mut node = node(|config| {
        config.limits.relays = 5;
        config.limits.outgoing = 30;
    });
    let mut peer = Peer::new(1);
    peer.introduce(&mut node, 2);
    for nonce in 0..100 {
        let request = PingReq {
            nonce,
            target: 2,
            addr: address(2),
        };
        peer.say(&mut node, request);
    }
    assert_eq!(node.stats().relayed, 5);
    let target = node.local().instance();
    for nonce in 0..100 {
        let ping = Ping {
            nonce,
            target,
            incarnation: 0,
            coordinates: None,
        };
        peer.say(&mut node, ping);
    }
    let mut buffer = Vec::new();
    let mut sent = 0;
    while node.poll_transmit(&mut buffer).is_some() {
        sent += 1;
    }
    assert_eq!(sent, 30);
    assert_eq!(node.stats().dropped.outgoing_full, 75);
}

#[test]
fn a_flood_from_one_member_costs_the_others_no_answer_11_58() {
    let mut node = node(|_| {});
    let mut loud = Peer::new(1);
    loud.introduce(&mut node, 2);
    let mut quiet = Peer::new(2);
    let target = node.local().instance();
    let mut buffer = Vec::new();
    let mut answered = 0;
    for lamport in 1..=10_000 {
        let event = UserEvent {
            name: "e",
            payload: &[7; 400],
            lamport,
            origin: 1,
        };
        loud.say(&mut node, event);
        if lamport % 100 == 0 {
            let ping = Ping {
                nonce: 7,
                target,
                incarnation: 0,
                coordinates: None,
            };
            quiet.say(&mut node, ping);
            while node.poll_transmit(&mut buffer).is_some() {
                answered += 1;
            }
        }
        while node.poll_event().is_some() {}
    }
    assert_eq!(answered, 100);
    assert!(node.stats().gossip_queue <= 4_096);
}

#[test]
fn streams_are_capped_and_an_idle_one_is_given_up() {
    let mut node = node(|config| config.limits.streams = 5);
    let mut peer = Peer::new(9);
    let hello = Hello {
        nonce: 1,
        versions: Versions::OURS,
    };
    for counter in 0..50 {
        let mut bytes = peer.datagram(&[hello.into()]);
        node.handle_stream_message(NOW, StreamId::accepted(counter), &mut bytes);
    }
    assert_eq!(node.stats().streams, 5);
    assert_eq!(node.stats().dropped.stream, 45);
    pass(&mut node, Duration::from_secs(11), |_| {});
    assert_eq!(node.stats().streams, 0);
}

#[test]
fn a_stranger_cannot_have_us_probe_for_it_and_unasked_answers_are_dropped_11_64() {
    let mut node = node(|_| {});
    let mut peer = Peer::new(9);
    let request = PingReq {
        nonce: 1,
        target: 2,
        addr: address(2),
    };
    peer.say(&mut node, request);
    let ack = Ack {
        nonce: 5,
        incarnation: 0,
        belief: None,
        coordinates: None,
    };
    peer.say(&mut node, ack);
    assert_eq!(node.stats().dropped.unasked, 2);
    assert!(node.poll_transmit(&mut Vec::new()).is_none());
}

#[test]
fn incarnations_that_cannot_be_are_dropped_but_a_first_sighting_is_believed_11_32() {
    let mut node = node(|_| {});
    let mut peer = Peer::new(1);
    let high = Record {
        incarnation: 2_000_000,
        ..record("m1", 1)
    };
    peer.say(&mut node, high);
    assert_eq!(node.member("m1").unwrap().incarnation(), 2_000_000);
    for incarnation in [2_000_000 + (1 << 21), u64::from(u32::MAX), u64::MAX] {
        let higher = Record {
            incarnation,
            ..high
        };
        peer.say(&mut node, higher);
        peer.accuse(&mut node, 1, incarnation);
    }
    assert_eq!(node.member("m1").unwrap().incarnation(), 2_000_000);
    assert!(node.stats().dropped.implausible >= 6);
}

#[test]
fn one_peer_that_invents_accusers_cannot_hurry_a_death() {
    let mut node = node(|_| {});
    let mut peer = Peer::new(1);
    peer.introduce(&mut node, 10);
    for accuser in [1, 901, 902, 903, 904, 905] {
        let suspect = Suspect {
            subject: 5,
            incarnation: 0,
            accuser,
        };
        peer.say(&mut node, suspect);
    }
    pass(&mut node, Duration::from_secs(8), |_| {});
    assert!(node.member("m5").unwrap().state().is_living());
}

#[test]
fn a_storm_of_accusations_is_answered_once_a_round_and_never_with_a_stale_number_11_34() {
    let mut net = Net::joined(80, 3, |_| {});
    let subject = net.node(0).local().instance();
    let accuser = net.node(1).local().instance();
    let mut peer = Peer::new(accuser);
    for incarnation in 0..1_000 {
        let suspect = Suspect {
            subject,
            incarnation,
            accuser,
        };
        let mut bytes = peer.datagram(&[suspect.into()]);
        net.with(0, |node, now| {
            node.handle_datagram(now, address(1), &mut bytes)
        });
    }
    assert_eq!(net.node(0).stats().refutations, 1);
    net.run(Duration::from_secs(3));
    assert_eq!(net.node(0).stats().refutations, 2);
    assert!(net.node(0).local().incarnation() > 999);
}

#[test]
fn one_that_accuses_everybody_has_us_probe_no_more_than_so_many_at_a_time() {
    let mut node = node(|config| config.suspicion.second_opinions = 64);
    let mut peer = Peer::new(1);
    peer.introduce(&mut node, 500);
    for subject in 2..=500 {
        peer.accuse(&mut node, subject, 0);
    }
    let probes = node.stats().probes;
    assert!((1..=64).contains(&probes), "{probes}");
}

#[test]
fn verdicts_that_wait_for_a_last_look_are_as_many_as_suspicions_may_be() {
    let mut node = node(|config| {
        config.limits.suspicions = 10;
        config.suspicion.confirmations = 0;
        config.suspicion.second_opinions = 0;
        config.probe.interval = Duration::from_secs(60);
        config.probe.stream_fallback = false;
        config.suspicion.alpha = 0.1;
    });
    let mut peer = Peer::new(1);
    peer.introduce(&mut node, 100);
    for subject in 2..=100 {
        peer.accuse(&mut node, subject, 0);
    }
    let mut most = 0;
    pass(&mut node, Duration::from_secs(180), |node| {
        most = most.max(node.stats().wheel_timers);
    });
    // Eight of the timers are fixed ones.
    assert!((9..=18).contains(&most), "{most}");
    assert!(node.stats().gone > 0);
}

#[test]
fn events_remembered_are_capped_and_an_old_one_is_not_told_again() {
    let mut node = node(|config| config.limits.seen_events = 10);
    let mut peer = Peer::new(1);
    peer.introduce(&mut node, 1);
    let told = |node: &mut Node| {
        let events = std::iter::from_fn(|| node.poll_event());
        events.filter(|event| event.kind() == "user_event").count()
    };
    for lamport in (1..=100).chain(91..=100) {
        let event = UserEvent {
            name: "e",
            payload: b"x",
            lamport,
            origin: 1,
        };
        peer.say(&mut node, event);
    }
    assert_eq!(told(&mut node), 100);
}
