use std::sync::Arc;

use super::{sends_needed, EventKey, EventLog, Queue, Urgency};

fn queue(capacity: usize) -> Queue<u32> {
    Queue::new(capacity, 1)
}

/// Fills a datagram with room for `room`, each rumour taking as much as its number.
fn fill(queue: &mut Queue<u32>, limit: u8, mut room: u32) -> Vec<u32> {
    let mut carried = Vec::new();
    queue.fill(limit, |rumour| {
        let fits = rumour <= room;
        if fits {
            room -= rumour;
            carried.push(rumour);
        }
        fits
    });
    carried
}

#[test]
fn an_update_is_sent_lambda_times_the_digits_of_the_cluster_11_49() {
    assert_eq!(sends_needed(4, 1), 4);
    assert_eq!(sends_needed(4, 9), 4);
    assert_eq!(sends_needed(4, 10), 8);
    assert_eq!(sends_needed(4, 99), 8);
    assert_eq!(sends_needed(4, 100), 12);
    assert_eq!(sends_needed(4, 999_999), 24);
    assert_eq!(sends_needed(64, 999_999), 63);
}

#[test]
fn what_was_sent_often_enough_leaves_the_queue_11_49() {
    let mut queue = queue(8);
    queue.push(1, Urgency::Urgent);
    for sends in 1..4 {
        assert_eq!(fill(&mut queue, 4, 10), [1]);
        assert_eq!(queue.sends(1), Some(sends));
    }
    assert_eq!(fill(&mut queue, 4, 10), [1]);
    assert!(queue.is_empty() && !queue.contains(1));
}

#[test]
fn what_did_not_fit_does_not_count_as_sent_11_49() {
    let mut queue = queue(8);
    queue.push(7, Urgency::Urgent);
    assert!(fill(&mut queue, 4, 5).is_empty());
    assert_eq!(queue.sends(7), Some(0));
}

#[test]
fn the_fewest_sent_goes_first_and_each_once_in_a_datagram() {
    let mut queue = queue(8);
    queue.push(1, Urgency::Urgent);
    queue.push(2, Urgency::Urgent);
    assert_eq!(fill(&mut queue, 9, 100), [1, 2]);
    queue.push(3, Urgency::Urgent);
    assert_eq!(fill(&mut queue, 9, 100), [3, 1, 2]);
}

#[test]
fn who_lives_goes_before_metadata() {
    let mut queue = queue(8);
    queue.push(1, Urgency::Plain);
    queue.push(2, Urgency::Urgent);
    assert_eq!(fill(&mut queue, 9, 100), [2, 1]);
    assert_eq!(fill(&mut queue, 9, 2), [2]);
}

#[test]
fn a_smaller_update_fills_the_room_that_a_larger_leaves_11_51() {
    let mut queue = queue(8);
    for rumour in [5, 6, 2, 7, 1] {
        queue.push(rumour, Urgency::Urgent);
    }
    assert_eq!(fill(&mut queue, 9, 8), [5, 2, 1]);
}

#[test]
fn newer_news_of_a_member_takes_the_place_of_older() {
    let mut queue = queue(8);
    queue.push(1, Urgency::Urgent);
    fill(&mut queue, 9, 100);
    queue.push(1, Urgency::Plain);
    assert_eq!((queue.len(), queue.sends(1)), (1, Some(0)));
}

#[test]
fn a_full_queue_gives_up_the_most_sent_metadata_first_11_51() {
    let mut queue = queue(3);
    queue.push(1, Urgency::Plain);
    queue.push(2, Urgency::Urgent);
    fill(&mut queue, 9, 100);
    queue.push(3, Urgency::Plain);
    assert_eq!(queue.push(4, Urgency::Urgent), Some(1));
    assert_eq!(queue.push(5, Urgency::Urgent), Some(3));
    assert_eq!(queue.push(6, Urgency::Urgent), Some(2));
    assert_eq!(queue.len(), 3);
}

#[test]
fn filling_a_datagram_costs_what_it_carries_however_much_waits_11_53() {
    let mut queue = queue(100_000);
    for _ in 0..2 {
        for rumour in 1_000..51_000 {
            queue.push(rumour, Urgency::Urgent);
        }
    }
    let mut asked = 0;
    queue.fill(9, |_| {
        asked += 1;
        asked <= 10
    });
    assert!(asked <= 30, "{asked}");
}

#[test]
fn a_queue_that_has_told_everything_gives_its_room_back_and_goes_on() {
    let mut queue = queue(1_000);
    for rumour in 0..500 {
        queue.push(rumour, Urgency::Urgent);
    }
    queue.shrink();
    assert_eq!(queue.len(), 500, "nothing is lost while it waits");
    while !queue.is_empty() {
        fill(&mut queue, 4, u32::MAX);
    }
    queue.shrink();
    assert_eq!(queue.room(), 0);
    queue.push(7, Urgency::Plain);
    assert_eq!(fill(&mut queue, 4, 10), [7]);
}

fn event(lamport: u64, name: &str) -> EventKey {
    EventKey {
        origin: 7,
        lamport,
        name: Arc::from(name),
    }
}

#[test]
fn an_event_counts_once_and_moves_the_clock() {
    let mut log = EventLog::new(10, 1);
    assert!(log.witness(event(5, "deploy")));
    assert!(!log.witness(event(5, "deploy")));
    assert!(log.witness(event(5, "rollback")));
    assert_eq!(log.tick(), 6);
}

#[test]
fn the_memory_of_events_is_bounded() {
    let mut log = EventLog::new(10, 1);
    for lamport in 0..1_000 {
        assert!(log.witness(event(lamport, "e")));
    }
    assert_eq!(log.len(), 10);
}

#[test]
fn one_event_cannot_exhaust_the_clock() {
    let mut log = EventLog::new(10, 1);
    assert!(!log.is_plausible(u64::MAX));
    assert!(
        log.is_plausible(1 << 50),
        "a newcomer takes the cluster's time as it is"
    );
    assert!(log.witness(event(3, "e")));
    assert!(!log.is_plausible(1 << 50));
    assert!(log.is_plausible(1_000_000));
}
