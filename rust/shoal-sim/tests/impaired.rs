//! Nodes whose network fails one way go out once, stay out, and take nobody with them (Rapid,
//! figures 9 and 10).

use std::time::Duration;

use shoal_core::Config;
use shoal_sim::scenario::{impaired, settled, Impaired, Impairment, Tuning};

fn react(faulty: u32, impairment: Impairment) -> shoal_sim::scenario::Reaction {
    let setting = Impaired {
        nodes: 50,
        faulty,
        impairment,
        span: Duration::from_secs(200),
    };
    let tuning = Tuning::of(Config::lan);
    impaired(&tuning, &setting, 5, &mut |_| true).expect("valid")
}

#[test]
fn nodes_that_hear_nothing_in_flips_of_twenty_seconds_go_out_once() {
    let flip = Duration::from_secs(20);
    let reaction = react(5, Impairment::NoIngress { flip });
    assert!(reaction.out_for_good.is_some());
    assert!(reaction.returns <= 1.0, "{}", reaction.returns);
    assert_eq!(reaction.healthy_lost, 0);
    assert!(reaction.recovered.is_some());
}

#[test]
fn a_node_that_loses_most_of_what_it_sends_goes_out_and_stays_out() {
    let reaction = react(1, Impairment::Egress { loss: 0.8 });
    assert!(reaction.out_for_good.is_some());
    assert!(reaction.returns <= 1.0, "{}", reaction.returns);
    assert_eq!(reaction.healthy_lost, 0);
    assert!(reaction.recovered.is_some());
}

#[test]
fn loss_that_strikes_everybody_alike_is_no_reason_to_stand_down() {
    let mut sim = settled(&Tuning::of(Config::lan), 64, 5).expect("valid");
    sim.weather_mut().loss = 0.2;
    sim.run(Duration::from_secs(120));
    let stood_down: u64 = sim.running().map(|(_, node)| node.stats().stood_down).sum();
    assert_eq!(stood_down, 0);
}
