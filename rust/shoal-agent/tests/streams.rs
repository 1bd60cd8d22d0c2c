//! Streams of memberships that come and go on one thread.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use shoal_agent::{boot_epoch, random_seed, Agent, EventPort, JobTimeout};
use shoal_agent::{Notice, Setup};
use shoal_core::Config;

const HOUR: Duration = Duration::from_secs(3_600);

fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn setup(name: &str, patience: Duration) -> Setup {
    let mut config = Config {
        boot_epoch: boot_epoch().unwrap(),
        ..Config::local(name, anywhere())
    };
    config.sync.timeout = patience;
    Setup {
        bind: anywhere(),
        advertise: None,
        towards: None,
        allow: Vec::new(),
        config,
        jobs: JobTimeout::default(),
        seed: random_seed(),
    }
}

#[test]
fn the_deadline_of_a_stopped_members_stream_spares_the_member_that_follows_it() {
    let agent = Agent::start().unwrap();
    let port = Arc::new(EventPort::new(100).unwrap());
    let silent = TcpListener::bind(anywhere()).unwrap();
    let seed = vec![silent.local_addr().unwrap()];
    let patience = Duration::from_millis(300);

    let first = agent.open(setup("first", patience), &port).unwrap();
    first.join(seed.clone(), 1).unwrap();
    while first.figures().unwrap().traffic.streams_opened == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    first.stop(2).unwrap();
    let second = agent.open(setup("second", HOUR), &port).unwrap();
    second.join(seed, 3).unwrap();
    // Asked after the join, so that the wheel serves it after every deadline of the first.
    second.ask(|_, _| ()).unwrap();
    agent.schedule(&port, 4, agent.now() + patience).unwrap();

    let mut told = Vec::new();
    while !told.iter().any(|notice| matches!(notice, Notice::Timer(4))) {
        std::thread::sleep(Duration::from_millis(5));
        told.extend(port.drain());
    }
    // What the deadline did would be told by now: the agent has answered once more.
    second.ask(|_, _| ()).unwrap();
    told.extend(port.drain());
    let failed = |notice: &&Notice| matches!(notice, Notice::Reply(3, _));
    assert_eq!(told.iter().find(failed).map(|n| format!("{n:?}")), None);
    agent.shutdown();
}
