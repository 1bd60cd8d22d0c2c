//! A quiet cluster in one process without Python: what the agent and the core alone cost.
//!
//! `cargo run --release -p shoal-agent --example quiet -- MEMBERS SECONDS` prints one JSON object a
//! line, as the drivers of `benches/cluster` do.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot be set up fails"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shoal_agent::{boot_epoch, random_seed, Agent, EventPort, Handle, JobTimeout, Notice, Setup};
use shoal_core::{Config, Event};

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
            ..Config::lan(name, anywhere())
        },
        jobs: JobTimeout::default(),
        seed: random_seed(),
    }
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1_024
}

/// User and system time of this process in hundredths of a second.
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn probes(members: &[Handle]) -> u64 {
    members
        .iter()
        .map(|member| member.figures().unwrap().core.probes_answered)
        .sum()
}

/// Reads what the members tell; nobody is killed, so every death is a false one.
fn deaths(port: &EventPort) -> usize {
    let died = |notice: &Notice| matches!(notice, Notice::Event(_, Event::Died { .. }));
    port.drain().iter().filter(|notice| died(notice)).count()
}

fn main() {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .map(|text| text.parse().unwrap())
        .collect();
    let [count, seconds] = arguments[..] else {
        panic!("usage: quiet MEMBERS SECONDS");
    };
    let empty = resident_bytes();
    let agent = Agent::start().unwrap();
    let port = Arc::new(EventPort::new(16_384).unwrap());
    let mut members: Vec<Handle> = Vec::new();
    for number in 0..count {
        let member = agent.open(setup(&format!("m{number}")), &port).unwrap();
        if let Some(first) = members.first() {
            member.join(vec![first.advertise()], number).unwrap();
        }
        members.push(member);
    }
    let known = |member: &Handle| member.figures().unwrap().core.members == count;
    let mut dead = 0;
    while !members.iter().all(known) {
        dead += deaths(&port);
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_secs(5));
    let (before, ticks) = (probes(&members), cpu_ticks());
    std::thread::sleep(Duration::from_secs(seconds));
    let (made, used) = (probes(&members) - before, (cpu_ticks() - ticks) * 10_000);
    dead += deaths(&port);
    let resident = resident_bytes();
    println!(
        "{{\"kind\": \"quiet\", \"members\": {count}, \"probes\": {made}, \"cpu_us_per_probe\": {:.1}, \
         \"rss_bytes_per_member\": {}, \"rss_growth_per_member\": {}, \"false_deaths\": {dead}}}",
        used as f64 / made.max(1) as f64,
        resident / count,
        (resident - empty) / count
    );
}
