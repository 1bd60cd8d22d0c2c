use super::{Agenda, Rare, Timer};
use crate::time::Instant;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

#[test]
fn timers_fire_in_the_order_of_their_moments_and_none_before_its_own() {
    let mut agenda = Agenda::new();
    agenda.arm(Timer::Sync, at(10));
    agenda.arm(Timer::Reap, at(5));
    agenda.arm(Timer::Period, at(20));
    assert_eq!(agenda.pop(at(4)), None);
    assert_eq!(agenda.pop(at(19)), Some(Timer::Reap));
    assert_eq!(agenda.pop(at(19)), Some(Timer::Sync));
    assert_eq!(agenda.pop(at(19)), None);
    assert_eq!(agenda.next_due(), Some(at(20)));
}

#[test]
fn of_two_timers_due_at_one_moment_the_period_goes_first() {
    let mut agenda = Agenda::new();
    agenda.arm(Timer::Probes, at(7));
    agenda.arm(Timer::Period, at(7));
    assert_eq!(agenda.pop(at(7)), Some(Timer::Period));
    assert_eq!(agenda.pop(at(7)), Some(Timer::Probes));
}

#[test]
fn arming_again_moves_a_timer_and_setting_none_takes_it_out() {
    let mut agenda = Agenda::new();
    agenda.arm(Timer::Gossip, at(7));
    agenda.arm(Timer::Gossip, at(9));
    assert_eq!(agenda.next_due(), Some(at(9)));
    assert!(agenda.is_armed(Timer::Gossip));
    agenda.set(Timer::Gossip, None);
    assert!(!agenda.is_armed(Timer::Gossip));
    assert_eq!(agenda.next_due(), None);
    assert_eq!(agenda.pop(at(u64::MAX)), None);
}

#[test]
fn rare_timers_count_among_what_is_due_until_they_are_cancelled() {
    let mut agenda = Agenda::new();
    agenda.arm(Timer::Period, at(50));
    let relay = agenda.arm_rare(at(0), at(30), Rare::Relay(1));
    agenda.arm_rare(at(0), at(40), Rare::Relay(2));
    assert_eq!(agenda.next_due(), Some(at(30)));
    agenda.cancel_rare(relay);
    assert_eq!(agenda.next_due(), Some(at(40)));
    assert!(agenda.pop_rare(at(39)).is_empty());
    let due: Vec<_> = agenda
        .pop_rare(at(40))
        .into_iter()
        .map(|due| due.1)
        .collect();
    assert_eq!(due, [Rare::Relay(2)]);
    assert_eq!(agenda.next_due(), Some(at(50)));
}
