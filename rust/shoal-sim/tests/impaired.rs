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
fn most_of_a_tenth_of_all_that_lose_what_they_send_go_out_and_stay_out() {
    let reaction = react(5, Impairment::Egress { loss: 0.8 });
    let still_in = reaction.timeline.last().map(|seen| seen.faulty);
    assert!(still_in.is_some_and(|faulty| faulty < 2.5), "{still_in:?}");
    assert!(reaction.returns <= 1.0, "{}", reaction.returns);
    assert_eq!(reaction.healthy_lost, 0);
}

#[test]
fn loss_that_strikes_everybody_alike_is_no_reason_to_stand_down() {
    for (loss, nodes) in [(0.2, 64), (0.3, 32)] {
        let mut sim = settled(&Tuning::of(Config::lan), nodes, 1).expect("valid");
        sim.weather_mut().loss = loss;
        sim.run(Duration::from_secs(120));
        let refuted: u64 = sim
            .running()
            .map(|(_, node)| node.stats().refutations)
            .sum();
        let stood_down: u64 = sim.running().map(|(_, node)| node.stats().stood_down).sum();
        assert!(refuted > 0);
        assert_eq!(stood_down, 0);
    }
}
