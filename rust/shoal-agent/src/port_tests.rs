//! A reader is woken once for each batch and always learns what it missed.

use std::io::Read;
use std::sync::Arc;

use super::{EventPort, Lost, Notice};
use crate::command::{MembershipId, Outcome};
use shoal_core::{Event, Instant};

const ID: MembershipId = MembershipId(1);

fn user_event(lamport: u64) -> Notice {
    let event = Event::UserEvent {
        from: "a".into(),
        lamport,
        name: "deploy".into(),
        payload: Arc::from(&b""[..]),
    };
    Notice::Event(ID, event)
}

fn change() -> Notice {
    let seed = ([127, 0, 0, 1], 1).into();
    Notice::Event(ID, Event::JoinCompleted { seed, members: 1 })
}

fn signals(port: &EventPort) -> usize {
    let mut bytes = [0; 64];
    (&port.watched).read(&mut bytes).unwrap_or(0)
}

#[test]
fn a_batch_wakes_its_reader_once() {
    let port = EventPort::new(8).unwrap();
    for lamport in 0..5 {
        port.push(user_event(lamport));
        port.signal();
    }
    assert_eq!(signals(&port), 1);
    assert_eq!(port.drain().len(), 5);
    port.signal();
    assert_eq!(signals(&port), 0, "nothing waits, so nobody is woken");
    port.push(user_event(9));
    port.signal();
    assert_eq!(signals(&port), 1);
}

#[test]
fn a_drain_quiets_the_descriptor() {
    let port = EventPort::new(8).unwrap();
    port.push(user_event(0));
    port.signal();
    port.drain();
    assert_eq!(signals(&port), 0);
}

#[test]
fn what_exceeds_the_bound_is_counted_by_kind_and_told_last() {
    let port = EventPort::new(2).unwrap();
    port.push(user_event(0));
    port.push(change());
    port.push(user_event(1));
    port.push(change());
    port.push(change());
    let notices = port.drain();
    assert_eq!(notices.len(), 3);
    let Notice::Lost(ID, lost) = &notices[2] else {
        panic!("{notices:?}");
    };
    assert_eq!(
        *lost,
        Lost {
            changes: 2,
            user_events: 1
        }
    );
    port.push(change());
    assert_eq!(port.drain().len(), 1, "after a drain there is room again");
}

#[test]
fn what_waits_is_taken_in_parts_and_its_descriptor_stays_readable_meanwhile() {
    let port = EventPort::new(4).unwrap();
    for lamport in 0..5 {
        port.push(user_event(lamport));
    }
    port.signal();
    assert_eq!(port.take(3).len(), 3);
    for lamport in 5..8 {
        port.push(user_event(lamport));
    }
    port.signal();
    assert_eq!(port.take(3).len(), 3, "what was taken made room");
    assert_eq!(signals(&port), 1);
    let last = port.take(3);
    assert!(matches!(last[..], [Notice::Event(..), Notice::Lost(..)]));
    port.push(change());
    port.signal();
    assert_eq!(signals(&port), 1);
}

#[test]
fn replies_and_timers_are_never_dropped() {
    let port = EventPort::new(0).unwrap();
    port.push(Notice::Reply(7, Outcome::Done));
    port.push(Notice::Timer(3));
    assert_eq!(port.drain().len(), 2);
}

#[test]
fn a_closed_port_keeps_nothing_and_its_silence_is_no_lag() {
    let port = EventPort::new(8).unwrap();
    port.beat(Instant::from_millis(5));
    assert!(port.last_beat().is_some());
    port.push(user_event(0));
    port.close();
    port.push(user_event(1));
    assert!(port.drain().is_empty());
    assert_eq!(port.last_beat(), None);
}
