//! Self-awareness.

use std::time::Duration;

use shoal_core::{Config, MemberState};

use crate::net::{Net, Weather};

const MINUTE: Duration = Duration::from_secs(60);

fn plain(config: &mut Config) {
    config.lifeguard.aware_probe = false;
    config.lifeguard.aware_suspicion = false;
    config.lifeguard.buddy = false;
    config.lifeguard.pause_clock = false;
    config.lifeguard.max_score = 0;
}

/// Half of the members do not get to read for a while, again and again, as their timers run
/// on (Lifeguard section V); counts deaths of the other half.
fn false_deaths(seed: u64, tune: impl Fn(&mut Config)) -> usize {
    let mut net = Net::joined(seed, 16, tune);
    for _ in 0..10 {
        for index in 8..16 {
            net.deafen(index, Duration::from_secs(12));
        }
        net.run(Duration::from_millis(13_000));
    }
    let events = net.hosts.iter().flat_map(|host| &host.events);
    let healthy = |name: &str| name[1..].parse::<usize>().expect("a number") < 8;
    events
        .filter(|(_, event)| event.kind() == "died")
        .filter(|(_, event)| event.member().is_some_and(|member| healthy(member.name())))
        .count()
}

#[test]
fn the_slow_do_not_kill_the_healthy_as_they_do_in_plain_swim() {
    let with_lifeguard = false_deaths(50, |_| {});
    let without = false_deaths(50, plain);
    assert!(without > 20, "{without}");
    assert!(
        with_lifeguard * 50 <= without,
        "{with_lifeguard} against {without}"
    );
}

#[test]
fn failed_probes_raise_the_multiplier_within_bounds_and_answers_lower_it_11_46() {
    let mut net = Net::joined(51, 6, |config| config.probe.stream_fallback = false);
    net.partition(&[0], &[1, 2, 3, 4, 5], true);
    net.run(Duration::from_secs(30));
    let worst = net.node(0).health_multiplier();
    assert!((2..=9).contains(&worst), "{worst}");
    net.partition(&[0], &[1, 2, 3, 4, 5], false);
    assert!(net.run_until(3 * MINUTE, |net| net.node(0).health_multiplier() == 1));
}

#[test]
fn the_death_of_another_does_not_hurt_our_own_health_11_44() {
    let mut net = Net::joined(52, 12, |_| {});
    net.kill(3);
    net.run(Duration::from_secs(40));
    for node in net.running() {
        assert!(
            node.health_multiplier() <= 2,
            "nacks vouch for our reception"
        );
    }
}

#[test]
fn lag_is_told_to_others_as_degraded_and_never_as_dead_11_47() {
    let mut net = Net::joined(53, 6, |_| {});
    net.with(2, |node, now| {
        node.report_lag(now, Duration::from_millis(400))
    });
    assert_eq!(net.node(2).health_multiplier(), 2);
    net.run(Duration::from_secs(5));
    assert!(net.node(5).member("n2").unwrap().is_degraded());
    assert_eq!(net.state(5, 2), Some(MemberState::Alive));
    assert_eq!(net.count("degraded").len(), 6);

    net.with(2, |node, now| {
        node.report_lag(now, Duration::from_millis(10))
    });
    assert_eq!(net.node(2).health_multiplier(), 1);
    net.run(Duration::from_secs(5));
    assert_eq!(net.count("recovered").len(), 6);
    assert!(net.count("suspected").is_empty());
}

#[test]
fn a_suspect_hears_of_it_at_the_next_probe_and_not_only_by_luck() {
    let mut net = Net::joined(54, 3, |config| config.probe.stream_fallback = false);
    net.pause(2, Duration::from_secs(3));
    net.run(Duration::from_secs(10));
    assert!(net.count("suspected").contains_key(&0) || net.count("suspected").contains_key(&1));
    assert!(net.count("died").is_empty());
}

#[test]
fn too_many_joining_at_once_on_slow_machines_end_in_one_view_and_calm() {
    let mut net = Net::with_nodes(55, 200, |config| {
        let fifth = |duration: &mut Duration| *duration /= 5;
        fifth(&mut config.probe.interval);
        fifth(&mut config.probe.timeout);
        fifth(&mut config.probe.patience);
        fifth(&mut config.gossip.interval);
        fifth(&mut config.sync.min_interval);
    });
    net.weather = Weather {
        work: Duration::from_millis(2),
        ..Weather::CALM
    };
    for index in 1..200 {
        net.join(index, 0);
    }
    assert!(net.run_until(2 * MINUTE, Net::is_one_view));
    let before = net.datagrams;
    net.run(Duration::from_secs(20));
    let each_second = (net.datagrams - before) / 20 / 200;
    assert!(
        each_second <= 24,
        "{each_second} datagrams a node a second is not calm"
    );
    assert!(net.is_one_view());
}
