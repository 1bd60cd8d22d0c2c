//! Any weather, any calamity: what must hold all the while, and afterwards.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use shoal_core::Event;

use crate::net::{Net, Weather};

const SECOND: Duration = Duration::from_secs(1);

/// Something that happens to a network of `n` nodes.
#[derive(Clone, Debug)]
enum Calamity {
    Weather {
        loss: f64,
        duplicates: f64,
        slowest_ms: u64,
    },
    Split {
        mask: u8,
    },
    Heal,
    OneWay {
        from: usize,
        to: usize,
    },
    Pause {
        node: usize,
        seconds: u64,
    },
    Restart {
        node: usize,
        after_ms: u64,
    },
    Change {
        node: usize,
    },
    Calm,
}

fn calamity() -> impl Strategy<Value = Calamity> {
    prop_oneof![
        (0.0..0.5_f64, 0.0..0.3_f64, 1..300_u64).prop_map(|(loss, duplicates, slowest_ms)| {
            Calamity::Weather {
                loss,
                duplicates,
                slowest_ms,
            }
        }),
        any::<u8>().prop_map(|mask| Calamity::Split { mask }),
        Just(Calamity::Heal),
        (0..8_usize, 0..8_usize).prop_map(|(from, to)| Calamity::OneWay { from, to }),
        (0..8_usize, 1..40_u64).prop_map(|(node, seconds)| Calamity::Pause { node, seconds }),
        (0..8_usize, 0..30_000_u64)
            .prop_map(|(node, after_ms)| { Calamity::Restart { node, after_ms } }),
        (0..8_usize).prop_map(|node| Calamity::Change { node }),
        Just(Calamity::Calm),
    ]
}

fn split(net: &mut Net, mask: u8, cut: bool) {
    let all = 0..net.hosts.len();
    let (left, right): (Vec<_>, Vec<_>) = all.partition(|index| mask & (1 << index) != 0);
    net.partition(&left, &right, cut);
}

fn heal(net: &mut Net) {
    let all: Vec<_> = (0..net.hosts.len()).collect();
    net.partition(&all, &all, false);
}

fn strike(net: &mut Net, calamity: &Calamity) {
    let count = net.hosts.len();
    match *calamity {
        Calamity::Weather {
            loss,
            duplicates,
            slowest_ms,
        } => {
            let latency = (
                Duration::from_micros(200),
                Duration::from_millis(slowest_ms),
            );
            net.weather = Weather {
                latency,
                loss,
                duplicates,
                work: Duration::ZERO,
            };
        }
        Calamity::Split { mask } => split(net, mask, true),
        Calamity::Heal => heal(net),
        Calamity::OneWay { from, to } => net.cut(from % count, to % count, true),
        Calamity::Pause { node, seconds } => net.pause(node % count, SECOND * seconds as u32),
        Calamity::Restart { node, after_ms } => {
            let node = node % count;
            let mut config = net.kill(node);
            config.boot_epoch += 1;
            net.run(Duration::from_millis(after_ms));
            net.start(node, config);
            net.join(node, (node + 1) % count);
        }
        Calamity::Change { node } => {
            let meta = net.now.as_micros().to_le_bytes();
            let changed = net.with(node % count, |node, now| node.update_meta(now, &meta));
            changed.expect("short");
        }
        Calamity::Calm => net.weather = Weather::CALM,
    }
}

/// The newest claim about each name that one observer has held.
type Held = HashMap<String, (u64, u64)>;

/// No observer ever goes back to an older claim.
fn check_monotone(net: &Net, held: &mut [(u64, Held)]) {
    for (host, (life, held)) in net.hosts.iter().zip(held) {
        let Some(node) = &host.node else { continue };
        let instance = node.local().instance();
        if *life != instance {
            *life = instance;
            held.clear();
        }
        for member in node.members() {
            let claim = (member.instance(), member.incarnation());
            let before = held.insert(member.name().to_string(), claim);
            assert!(
                before.is_none_or(|before| before <= claim),
                "{before:?} then {claim:?}"
            );
        }
    }
}

/// Whoever died comes back only with a later claim.
fn check_no_resurrection(net: &Net) {
    for host in &net.hosts {
        let mut died: HashMap<&str, (u64, u64)> = HashMap::new();
        for (_, event) in &host.events[host.earlier..] {
            let Some(member) = event.member() else {
                continue;
            };
            let claim = (member.instance(), member.incarnation());
            match event {
                Event::Died { .. } | Event::Left { .. } => {
                    died.insert(member.name(), claim);
                }
                Event::Joined { .. } => {
                    let before = died.remove(member.name());
                    assert!(
                        before.is_none_or(|before| before < claim),
                        "{before:?} {claim:?}"
                    );
                }
                Event::Suspected { .. } | Event::Refuted { .. } | Event::Updated { .. } => {
                    assert!(
                        !died.contains_key(member.name()),
                        "{} when gone",
                        event.kind()
                    );
                }
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn claims_only_go_forward_the_dead_stay_dead_and_calm_brings_one_view(
        seed in any::<u64>(),
        count in 3..9_usize,
        story in proptest::collection::vec((calamity(), 0..20_000_u64), 1..12),
    ) {
        let mut net = Net::joined(seed, count, |_| {});
        let mut held = vec![(0, Held::new()); count];
        for (calamity, pause_ms) in &story {
            strike(&mut net, calamity);
            let end = net.now + Duration::from_millis(*pause_ms);
            while net.now < end {
                net.run(Duration::from_millis(500));
                check_monotone(&net, &mut held);
            }
        }
        heal(&mut net);
        net.weather = Weather::CALM;
        prop_assert!(net.run_until(SECOND * 300, Net::is_one_view), "no one view after calm");
        check_monotone(&net, &mut held);
        check_no_resurrection(&net);
        for node in net.running() {
            let stats = node.stats();
            prop_assert_eq!(stats.dropped.malformed, 0);
            prop_assert!(stats.streams < 32, "{} streams left open", stats.streams);
        }
    }
}
