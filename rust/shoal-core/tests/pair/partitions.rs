//! Ways that are cut, and mended.

use std::time::Duration;

use shoal_core::MemberState;

use crate::net::{Net, Weather};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_healed_partition_becomes_one_view_by_itself_11_80() {
    let mut net = Net::joined(40, 20, |_| {});
    let (left, right): (Vec<_>, Vec<_>) = (0..20).partition(|index| index % 2 == 0);
    net.partition(&left, &right, true);
    net.run(2 * MINUTE);
    assert_eq!(net.state(0, 1), Some(MemberState::Dead));
    assert_eq!(net.node(0).living(), 10);
    net.partition(&left, &right, false);
    assert!(net.run_until(2 * MINUTE, Net::is_one_view));
}

#[test]
fn a_member_that_one_other_cannot_reach_is_kept_by_the_help_of_the_rest_11_44() {
    let mut net = Net::joined(41, 8, |config| config.probe.stream_fallback = false);
    net.partition(&[0], &[1], true);
    net.run(2 * MINUTE);
    assert!(net.count("died").is_empty());
    assert!(net.node(0).stats().probes_rescued > 0);
}

/// GM 20.2b: lost datagrams are tolerated.
#[test]
fn a_stream_rescues_where_datagrams_are_lost() {
    let mut net = Net::joined(42, 2, |_| {});
    net.weather = Weather {
        loss: 1.0,
        ..Weather::CALM
    };
    net.run(MINUTE);
    assert!(net.count("suspected").is_empty());
    assert!(net.node(0).stats().probes_rescued > 10);
}

#[test]
fn a_fifth_of_loss_for_five_minutes_kills_nobody_11_80() {
    let mut net = Net::joined(43, 20, |_| {});
    net.weather = Weather {
        loss: 0.2,
        duplicates: 0.05,
        ..Weather::CALM
    };
    net.run(5 * MINUTE);
    assert!(net.count("died").is_empty());
    net.weather = Weather::CALM;
    assert!(net.run_until(MINUTE, Net::is_one_view));
}

#[test]
fn a_live_member_does_not_stay_dead_where_its_refutation_was_missed() {
    let mut net = Net::joined(44, 10, |_| {});
    net.pause(3, Duration::from_secs(40));
    net.run(Duration::from_secs(39));
    let others: Vec<_> = (0..9).collect();
    net.partition(&[9], &others, true);
    net.run(Duration::from_secs(10));
    net.partition(&[9], &others, false);
    assert!(net.run_until(2 * MINUTE, Net::is_one_view));
}

#[test]
fn a_member_that_hears_nothing_is_out_and_the_healthy_stay_in() {
    let mut net = Net::joined(45, 12, |config| config.probe.stream_fallback = false);
    for index in 0..11 {
        net.cut(index, 11, true);
    }
    net.run(2 * MINUTE);
    for observer in 0..11 {
        assert_eq!(net.state(observer, 11), Some(MemberState::Dead));
        assert_eq!(net.node(observer).living(), 11);
    }
    let before = net.count("died").values().sum::<usize>();
    net.run(2 * MINUTE);
    let died_again = net.hosts[..11].iter().flat_map(|host| &host.events);
    let healthy = died_again.filter(|(_, event)| {
        event.kind() == "died" && event.member().is_some_and(|m| m.name() != "n11")
    });
    assert_eq!(healthy.count(), 0, "{before} deaths before");
}
