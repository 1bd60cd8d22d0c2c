//! Memberships on real sockets: joining, telling, dying, leaving.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shoal_agent::{boot_epoch, random_seed, Agent, EventPort, Handle, JobTimeout};
use shoal_agent::{Notice, Outcome, Setup, Snapshot};
use shoal_core::{Config, Event, MemberState};

fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn setup(name: &str) -> Setup {
    Setup {
        bind: anywhere(),
        advertise: None,
        towards: None,
        allow: Vec::new(),
        config: Config {
            boot_epoch: boot_epoch().unwrap(),
            ..Config::local(name, anywhere())
        },
        jobs: JobTimeout::default(),
        seed: random_seed(),
    }
}

struct Cluster {
    agent: Agent,
    port: Arc<EventPort>,
    members: Vec<Handle>,
    told: Vec<Notice>,
}

impl Cluster {
    fn new(count: usize) -> Self {
        let agent = Agent::start().unwrap();
        let port = Arc::new(EventPort::new(100_000).unwrap());
        let mut cluster = Self {
            agent,
            port,
            members: Vec::new(),
            told: Vec::new(),
        };
        for number in 0..count {
            cluster.add(&format!("m{number}"));
        }
        cluster.until(|cluster| cluster.members.iter().all(|m| alive(m) == count));
        cluster
    }

    fn add(&mut self, name: &str) {
        let handle = self.agent.open(setup(name), &self.port).unwrap();
        if let Some(seed) = self.members.first() {
            handle.join(vec![seed.advertise()], handle.id().0).unwrap();
        }
        self.members.push(handle);
    }

    fn until(&mut self, mut holds: impl FnMut(&Self) -> bool) {
        loop {
            self.told.extend(self.port.drain());
            if holds(self) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn observers(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        let mut seen: Vec<_> = self
            .told
            .iter()
            .filter_map(|notice| match notice {
                Notice::Event(id, event) if wanted(event) => Some(*id),
                _ => None,
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    }
}

fn alive(handle: &Handle) -> usize {
    let snapshot = handle.snapshot();
    snapshot
        .members
        .iter()
        .filter(|m| m.state() == MemberState::Alive)
        .count()
}

#[test]
fn who_a_member_is_stands_in_memory_once_however_many_know_it() {
    let cluster = Cluster::new(4);
    let views: Vec<_> = cluster.members.iter().map(Handle::snapshot).collect();
    let of = |view: &Arc<Snapshot>, name: &str| {
        let found = view.members.iter().find(|member| member.name() == name);
        found.unwrap().clone()
    };
    for name in ["m0", "m1", "m2", "m3"] {
        let first = of(&views[0], name);
        assert!(views
            .iter()
            .all(|view| of(view, name).shares_identity(&first)));
    }
}

fn died(name: &'static str) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Died { member, .. } if member.name() == name)
}

#[test]
fn members_of_one_process_find_each_other_and_a_silent_one_is_dead_everywhere() {
    let mut cluster = Cluster::new(8);
    let silent = cluster.members.remove(3);
    silent.stop(77).unwrap();
    cluster.until(|cluster| cluster.observers(died("m3")) == 7);
    assert_eq!(
        cluster.observers(|event| matches!(event, Event::Died { .. })),
        7
    );
    cluster.agent.shutdown();
}

#[test]
fn a_member_that_leaves_is_gone_and_not_dead() {
    let mut cluster = Cluster::new(4);
    cluster.members[1].leave(55).unwrap();
    let left = |event: &Event| matches!(event, Event::Left { member } if member.name() == "m1");
    cluster.until(|cluster| cluster.observers(left) >= 3);
    cluster.until(|cluster| {
        cluster
            .told
            .iter()
            .any(|notice| matches!(notice, Notice::Reply(55, Outcome::Done)))
    });
    assert_eq!(cluster.observers(died("m1")), 0);
    cluster.agent.shutdown();
}

#[test]
fn a_join_through_nobody_says_so_for_each_seed() {
    let agent = Agent::start().unwrap();
    let port = Arc::new(EventPort::new(16).unwrap());
    let member = agent.open(setup("alone"), &port).unwrap();
    let free = std::net::UdpSocket::bind(anywhere())
        .unwrap()
        .local_addr()
        .unwrap();
    member.join(vec![free], 9).unwrap();
    let failures = loop {
        let found = port.drain().into_iter().find_map(|notice| match notice {
            Notice::Reply(9, Outcome::JoinFailed(failures)) => Some(failures),
            _ => None,
        });
        if let Some(failures) = found {
            break failures;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(failures, [(free, "connection refused".to_owned())]);
    agent.shutdown();
}

#[test]
fn both_paths_to_a_member_are_told_apart() {
    let cluster = Cluster::new(2);
    let (asker, target) = (&cluster.members[0], &cluster.members[1]);
    let instance = target.snapshot().members[0].instance();
    let patience = Duration::from_secs(5);
    let reach = asker.reach(target.advertise(), instance, patience).unwrap();
    assert!(reach.udp.is_ok() && reach.tcp.is_ok(), "{reach:?}");
    let gone = std::net::TcpListener::bind(anywhere())
        .unwrap()
        .local_addr()
        .unwrap();
    let reach = asker
        .reach(gone, instance, Duration::from_millis(300))
        .unwrap();
    assert!(reach.udp.is_err() && reach.tcp.is_err(), "{reach:?}");
    cluster.agent.shutdown();
}
