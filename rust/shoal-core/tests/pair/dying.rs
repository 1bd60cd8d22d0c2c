//! Death, suspicion and refutation.

use std::time::Duration;

use shoal_core::{Event, MemberState, Verdict};

use crate::net::{name, Net};

const SECOND: Duration = Duration::from_secs(1);

/// GM 3.6a: a death is told to everyone.
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

#[test]
fn a_death_names_its_accusers_how_long_and_which_multiplier() {
    let mut net = Net::joined(10, 8, |_| {});
    net.kill(3);
    assert!(net.run_until(Duration::from_secs(30), Net::is_one_view));
    let events = net.hosts.iter().flat_map(|host| &host.events);
    let reasons = events.filter_map(|(_, event)| match event {
        Event::Died { reason, .. } => Some(reason),
        _ => None,
    });
    let mut own_verdicts = 0;
    for reason in reasons {
        assert!(!reason.accusers.is_empty());
        assert!(
            reason
                .accusers
                .iter()
                .all(|accuser| accuser.starts_with('n')),
            "{reason}"
        );
        assert!(reason.multiplier >= 1);
        if reason.verdict == Verdict::Ours {
            own_verdicts += 1;
            assert!(reason.suspected_for > SECOND, "{reason}");
        }
    }
    assert!(own_verdicts > 0);
}

#[test]
fn a_stop_shorter_than_the_least_suspicion_kills_nobody_and_raises_no_storm_11_79() {
    let mut net = Net::joined(11, 8, |_| {});
    net.pause(3, Duration::from_secs(3));
    net.run(Duration::from_secs(60));
    assert!(net.count("died").is_empty());
    assert!(net.is_one_view());
    let incarnation = net.node(0).member("n3").unwrap().incarnation();
    assert!(incarnation <= 2, "{incarnation}");
}

#[test]
fn one_who_slept_through_its_own_death_comes_back_by_itself_11_22() {
    let mut net = Net::joined(12, 8, |_| {});
    net.pause(3, Duration::from_secs(60));
    net.run(Duration::from_secs(50));
    assert_eq!(net.state(0, 3), Some(MemberState::Dead));
    assert!(net.run_until(Duration::from_secs(60), Net::is_one_view));
    let died = net.count("died");
    assert!(
        !died.contains_key(&3),
        "the sleeper accuses nobody on waking: {died:?}"
    );
    assert!(died.values().all(|count| *count == 1));

    net.kill(3);
    assert!(
        net.run_until(Duration::from_secs(40), Net::is_one_view),
        "it can die again"
    );
}

#[test]
fn an_accusation_is_answered_with_a_higher_incarnation_that_spreads_11_33() {
    let mut net = Net::joined(13, 6, |_| {});
    for index in 1..6 {
        net.cut(0, index, true);
    }
    net.run(Duration::from_secs(4));
    for index in 1..6 {
        net.cut(0, index, false);
    }
    assert!(net.run_until(Duration::from_secs(60), Net::is_one_view));
    let suspected = net.count("suspected");
    assert!(!suspected.is_empty());
    assert!(net.node(1).member("n0").unwrap().incarnation() > 0);
    for (index, host) in net.hosts.iter().enumerate() {
        let mut open = 0_i32;
        for (_, event) in &host.events {
            match event {
                Event::Suspected { .. } => open += 1,
                Event::Refuted { .. } | Event::Died { .. } | Event::Left { .. } => open -= 1,
                _ => {}
            }
            assert!(open >= -1, "unpaired at {}", name(index));
        }
    }
}

#[test]
fn being_probed_is_no_refutation_and_costs_one_datagram_11_45() {
    let mut net = Net::joined(14, 4, |_| {});
    let before = (
        net.node(1).local().incarnation(),
        net.node(1).stats().datagrams_out,
    );
    let sent = net.node(0).stats().datagrams_out;
    net.with(0, |node, now| node.probe_now(now, "n1").unwrap());
    net.run(Duration::from_millis(10));
    let after = net.node(1).stats();
    assert_eq!(net.node(1).local().incarnation(), before.0);
    assert!(after.datagrams_out <= before.1 + 2);
    assert!(net.node(0).stats().datagrams_out <= sent + 2);
    assert_eq!(net.node(1).health_multiplier(), 1);
}

#[test]
fn a_slow_target_does_not_delay_probes_of_others_11_42() {
    let mut net = Net::joined(15, 6, |_| {});
    net.pause(5, Duration::from_secs(20));
    let before = net.node(0).stats();
    net.run(Duration::from_secs(6));
    let probes = net.node(0).stats().probes - before.probes;
    assert!(probes >= 4, "{probes}");
}

#[test]
fn the_dead_are_told_of_once_and_no_longer_probed_11_18_11_50() {
    let mut net = Net::joined(16, 6, |_| {});
    net.kill(5);
    assert!(net.run_until(30 * SECOND, Net::is_one_view));
    net.run(10 * SECOND);
    let queued = net
        .running()
        .map(|node| node.stats().gossip_queue)
        .sum::<u64>();
    assert_eq!(queued, 0, "the news went round and came to rest");
    let failed = |net: &Net| -> u64 { net.running().map(|node| node.stats().probes_failed).sum() };
    let before = failed(&net);
    net.run(30 * SECOND);
    assert_eq!(failed(&net), before, "nobody probes the dead");
    assert!(net.count("died").values().all(|count| *count == 1));
}

#[test]
fn a_late_answer_satisfies_no_other_probe_11_43() {
    let mut net = Net::joined(17, 2, |config| {
        config.probe.interval = 600 * SECOND;
        config.probe.stream_fallback = false;
        config.probe.by_distance = false;
    });
    // The first probe is answered long after it failed, while the second is under way.
    net.pause(1, 2 * SECOND);
    net.with(0, |node, now| node.probe_now(now, "n1").unwrap());
    net.run(Duration::from_millis(1_900));
    let before = net.node(0).stats();
    assert_eq!(before.probes_failed, 1);
    net.cut(0, 1, true);
    net.with(0, |node, now| node.probe_now(now, "n1").unwrap());
    net.run(Duration::from_millis(300));
    let after = net.node(0).stats();
    assert!(after.dropped.unasked > before.dropped.unasked, "it came");
    assert_eq!(after.probes_answered, before.probes_answered);
}

#[test]
fn the_last_one_standing_misses_the_others_soon() {
    for (seed, count) in (30..).zip([2, 2, 2, 3, 3, 3]) {
        let mut net = Net::joined(seed, count, |_| {});
        for index in 1..count {
            net.kill(index);
        }
        let missed = net.run_until(15 * SECOND, Net::is_one_view);
        assert!(missed, "seed {seed}, {count} members");
    }
}
