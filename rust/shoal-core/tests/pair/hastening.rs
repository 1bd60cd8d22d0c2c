//! What makes a death known sooner, and what keeps that from killing anybody.

use std::time::Duration;

use shoal_core::{Config, MemberState};

use crate::net::{Net, Weather};

const SECOND: Duration = Duration::from_secs(1);

/// How many probes were relayed by the survivors within `span` of a probe of a dead member.
fn relayed_within(span: Duration, way: Duration, tune: impl Fn(&mut Config)) -> u64 {
    let mut net = Net::joined(21, 4, tune);
    net.weather = Weather {
        latency: (way, way),
        ..Weather::CALM
    };
    net.run(120 * SECOND);
    let relayed = |net: &Net| -> u64 { net.running().map(|node| node.stats().relayed).sum() };
    net.kill(3);
    let before = relayed(&net);
    net.with(0, |node, now| node.probe_now(now, "n3").expect("known"));
    net.run(span);
    relayed(&net) - before
}

#[test]
fn help_is_sought_sooner_for_the_near_and_later_for_the_far_11_67() {
    let (near, far) = (Duration::from_micros(300), Duration::from_millis(120));
    let by_the_clock = |config: &mut Config| config.probe.by_distance = false;
    let early = Duration::from_millis(300);
    assert!(relayed_within(early, near, |_| {}) > 0);
    assert_eq!(relayed_within(early, near, by_the_clock), 0);

    let late = Duration::from_millis(750);
    assert_eq!(relayed_within(late, far, |_| {}), 0);
    assert!(relayed_within(late, far, by_the_clock) > 0);
}

/// Time from a death until all survivors hold the member for dead, summed over some deaths.
fn time_until_all_know(tune: impl Fn(&mut Config)) -> Duration {
    let mut net = Net::joined(22, 24, tune);
    let mut total = Duration::ZERO;
    for victim in 10..16 {
        net.kill(victim);
        let killed = net.now;
        assert!(net.run_until(60 * SECOND, Net::is_one_view));
        total += net.now - killed;
    }
    total
}

#[test]
fn second_opinions_bring_a_death_closer() {
    let alone = time_until_all_know(|config| config.suspicion.second_opinions = 0);
    let helped = time_until_all_know(|config| config.suspicion.second_opinions = 8);
    assert!(helped < alone, "{helped:?} against {alone:?}");
}

#[test]
fn a_suspicion_brings_second_opinions_and_no_crowd() {
    let mut net = Net::joined(23, 64, |config| config.probe.stream_fallback = false);
    let probes = |net: &Net| -> u64 { net.running().map(|node| node.stats().probes).sum() };
    net.kill(5);
    let before = probes(&net);
    net.run(6 * SECOND);
    let usual = 63 * 12;
    let more = probes(&net) - before;
    assert!(
        (usual - 63..usual + 63).contains(&more),
        "{more} probes where {usual} are usual"
    );
}

#[test]
fn who_heard_of_no_refutation_asks_the_suspect_before_it_judges() {
    let deaths = |last_look: bool| {
        let mut net = Net::joined(29, 2, |config| {
            config.suspicion.last_look = last_look;
            config.suspicion.alpha = 0.1;
            config.probe.stream_fallback = false;
            // Nobody meets by chance, once the second has had its turn.
            config.probe.interval = 60 * SECOND;
            config.sync.min_interval = 600 * SECOND;
            config.sync.max_interval = 600 * SECOND;
            config.sync.reconnect_interval = 600 * SECOND;
        });
        assert!(net.run_until(90 * SECOND, |net| net.node(1).stats().probes == 2));
        net.partition(&[0], &[1], true);
        net.with(0, |node, now| node.probe_now(now, "n1").expect("known"));
        assert!(net.run_until(5 * SECOND, |net| {
            net.state(0, 1) == Some(MemberState::Suspect)
        }));
        net.partition(&[0], &[1], false);
        net.run(30 * SECOND);
        net.count("died").len()
    };
    assert_eq!(deaths(true), 0);
    assert_eq!(deaths(false), 1, "it is the last look that saves it");
}

#[test]
fn the_first_round_of_gossip_after_a_rest_goes_out_at_once_and_the_next_an_interval_later() {
    let told_by = |prompt: bool| {
        let mut net = Net::joined(25, 32, |config| {
            config.gossip.prompt = prompt;
            config.probe.interval = 60 * SECOND;
        });
        net.run(30 * SECOND);
        let told = net.count("updated").len();
        net.with(0, |node, now| node.update_meta(now, b"new").expect("small"));
        net.run(Duration::from_millis(100));
        net.count("updated").len() - told
    };
    assert_eq!(told_by(false), 0);
    assert!(told_by(true) > 16, "{}", told_by(true));
}

#[test]
fn a_member_that_stands_still_for_three_seconds_dies_nowhere_in_clusters_of_any_size_11_79() {
    for size in [2, 3, 4, 5, 8, 16] {
        for seed in 0..3 {
            let mut net = Net::joined(100 + seed, size, |_| {});
            net.run(Duration::from_millis(137 * seed));
            net.pause(size - 1, 3 * SECOND);
            net.run(20 * SECOND);
            assert!(
                net.count("died").is_empty(),
                "of {size}, seed {}",
                100 + seed
            );
            assert!(net.is_one_view());
        }
    }
}
