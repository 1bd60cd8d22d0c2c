//! Timers and readers of the agent, over its public interface.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::sync::Arc;
use std::time::Duration;

use shoal_agent::{Agent, EventPort, Notice};

fn wait(port: &EventPort) -> Vec<Notice> {
    loop {
        let notices = port.drain();
        if !notices.is_empty() {
            return notices;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn tokens(notices: &[Notice]) -> Vec<u64> {
    let token = |notice: &Notice| match notice {
        Notice::Timer(token) => Some(*token),
        _ => None,
    };
    notices.iter().filter_map(token).collect()
}

#[test]
fn a_timer_arrives_through_the_descriptor_and_never_early() {
    let agent = Agent::start().unwrap();
    let port = Arc::new(EventPort::new(16).unwrap());
    let deadline = agent.now() + Duration::from_millis(30);
    agent.schedule(&port, 5, deadline).unwrap();
    assert_eq!(tokens(&wait(&port)), [5]);
    assert!(agent.now() >= deadline);
    agent.shutdown();
}

#[test]
fn timers_arrive_in_the_order_of_their_deadlines() {
    let agent = Agent::start().unwrap();
    let port = Arc::new(EventPort::new(16).unwrap());
    let start = agent.now();
    for (token, millis) in [(1, 60), (2, 20), (3, 40)] {
        agent
            .schedule(&port, token, start + Duration::from_millis(millis))
            .unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(tokens(&wait(&port)));
    }
    assert_eq!(seen, [2, 3, 1]);
    agent.shutdown();
}

#[test]
fn a_cancelled_timer_stays_away_and_a_moved_one_fires_once() {
    let agent = Agent::start().unwrap();
    let port = Arc::new(EventPort::new(16).unwrap());
    let start = agent.now();
    agent
        .schedule(&port, 1, start + Duration::from_millis(20))
        .unwrap();
    agent.cancel(1).unwrap();
    agent
        .schedule(&port, 2, start + Duration::from_secs(3_600))
        .unwrap();
    agent
        .schedule(&port, 2, start + Duration::from_millis(40))
        .unwrap();
    agent
        .schedule(&port, 3, start + Duration::from_millis(80))
        .unwrap();
    let mut seen = Vec::new();
    while !seen.contains(&3) {
        seen.extend(tokens(&wait(&port)));
    }
    assert_eq!(seen, [2, 3]);
    agent.shutdown();
}

#[test]
fn a_stopped_agent_refuses_instead_of_hanging() {
    let agent = Agent::start().unwrap();
    let port = Arc::new(EventPort::new(16).unwrap());
    agent.shutdown();
    let refused = (0..200).any(|token| {
        std::thread::sleep(Duration::from_millis(5));
        agent.schedule(&port, token, agent.now()).is_err()
    });
    assert!(refused);
}
