//! Each fault does what it says, and ends when it says.

use std::time::Duration;

use shoal_core::{Config, MemberState};
use shoal_sim::scenario::{settled, Tuning};
use shoal_sim::{Kind, Simulation};

fn cluster(nodes: u32) -> Simulation {
    let sim = settled(&Tuning::of(Config::lan), nodes, 3).expect("valid");
    assert!(sim.is_one_view());
    sim
}

fn deaths_of(sim: &Simulation, subject: u32) -> usize {
    let seen = sim.sightings().iter();
    seen.filter(|seen| seen.subject == subject && seen.kind.is_death())
        .count()
}

#[test]
fn a_killed_node_is_held_for_dead_by_everybody_and_is_back_after_its_restart() {
    let mut sim = cluster(16);
    sim.kill(3);
    sim.run(Duration::from_secs(60));
    assert_eq!(deaths_of(&sim, 3), 15);
    sim.restart(3, 0);
    sim.run(Duration::from_secs(20));
    assert_eq!(sim.state(9, 3), Some(MemberState::Alive));
    assert!(sim.is_one_view());
}

#[test]
fn a_blocked_node_sends_nothing_and_reads_all_of_it_afterwards() {
    let mut sim = cluster(8);
    let asked = |sim: &Simulation| sim.node(3).map(|node| node.stats().datagrams_in);
    sim.block(3, Duration::from_millis(1_500));
    let before = asked(&sim);
    sim.run(Duration::from_millis(1_400));
    assert_eq!(asked(&sim), before);
    sim.run(Duration::from_millis(200));
    assert!(asked(&sim) > before);
    assert_eq!(deaths_of(&sim, 3), 0);
}

#[test]
fn a_paused_node_runs_no_timers() {
    let mut sim = cluster(8);
    let probes = |sim: &Simulation| sim.node(3).map(|node| node.stats().probes);
    let before = probes(&sim);
    sim.pause(3, Duration::from_secs(3));
    sim.run(Duration::from_millis(2_900));
    assert_eq!(probes(&sim), before);
    sim.run(Duration::from_secs(3));
    assert!(probes(&sim) > before);
}

#[test]
fn a_way_cut_one_way_still_carries_the_other() {
    let mut sim = cluster(2);
    sim.cut(0, 1, true);
    let heard = |sim: &Simulation, index| sim.node(index).map(|node| node.stats().datagrams_in);
    let (at_0, at_1) = (heard(&sim, 0), heard(&sim, 1));
    sim.run(Duration::from_secs(4));
    assert_eq!(heard(&sim, 1), at_1);
    assert!(heard(&sim, 0) > at_0);
}

#[test]
fn a_node_of_a_fast_clock_probes_more_often() {
    let mut sim = cluster(4);
    sim.skew(1, Duration::ZERO, 500_000);
    sim.run(Duration::from_secs(2));
    let probes = |sim: &Simulation, index| sim.node(index).map_or(0, |node| node.stats().probes);
    let (fast, right) = (probes(&sim, 1), probes(&sim, 2));
    sim.run(Duration::from_secs(30));
    let (fast, right) = (probes(&sim, 1) - fast, probes(&sim, 2) - right);
    assert!((85..=95).contains(&fast), "{fast}");
    assert!((58..=62).contains(&right), "{right}");
}

#[test]
fn datagrams_are_lost_at_the_rate_that_was_asked_for() {
    let mut sim = cluster(16);
    let before = sim.traffic();
    sim.weather_mut().loss = 0.25;
    sim.run(Duration::from_secs(300));
    let after = sim.traffic();
    let share = (after.lost - before.lost) as f64 / (after.datagrams - before.datagrams) as f64;
    assert!((0.2..0.3).contains(&share), "{share}");
}

#[test]
fn joins_are_noted_where_asked_for() {
    let mut sim = cluster(4);
    sim.note_joins(true);
    sim.kill(3);
    sim.run(Duration::from_secs(30));
    sim.restart(3, 0);
    sim.run(Duration::from_secs(10));
    let joined = sim
        .sightings()
        .iter()
        .filter(|seen| seen.kind == Kind::Joined && seen.subject == 3);
    assert_eq!(joined.count(), 3);
}

#[test]
fn health_is_known_of_every_node_whatever_the_clocks_show_11_52() {
    const DAY: Duration = Duration::from_secs(86_400);
    let mut sim = Simulation::new(5);
    for index in 0..6 {
        let tuning = Tuning::of(Config::lan);
        sim.add(|name, address| tuning.config(name, address))
            .expect("valid");
        sim.skew(index, DAY * index, 0);
    }
    for index in 1..6 {
        sim.join(index, &[0]);
    }
    sim.run(Duration::from_secs(10));
    let known = |sim: &Simulation, subject: u32, degraded: bool| {
        let name = format!("n{subject}");
        let mut nodes = sim.running();
        nodes.all(|(_, node)| {
            node.member(&name).map(|member| member.is_degraded()) == Some(degraded)
        })
    };
    for (subject, lag_ms, degraded) in [(5, 900, true), (1, 900, true), (5, 1, false)] {
        let lag = Duration::from_millis(lag_ms);
        sim.with(subject, |node, now| node.report_lag(now, lag));
        sim.run(Duration::from_secs(3));
        assert!(known(&sim, subject, degraded), "{subject}");
    }
    assert!(known(&sim, 1, true) && known(&sim, 0, false));
}
