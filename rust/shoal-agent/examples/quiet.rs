//! A quiet cluster in one process without Python: what the agent and the core alone cost.
//!
//! `cargo run --release -p shoal-agent --example quiet -- MEMBERS SECONDS`
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot be set up fails"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shoal_agent::{boot_epoch, random_seed, Agent, EventPort, Handle, JobTimeout, Setup};
use shoal_core::Config;

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

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
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

fn main() {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .map(|text| text.parse().unwrap())
        .collect();
    let [count, seconds] = arguments[..] else {
        panic!("usage: quiet MEMBERS SECONDS");
    };
    let agent = Agent::start().unwrap();
    let port = Arc::new(EventPort::new(1_000).unwrap());
    let empty = resident_kib();
    let mut members: Vec<Handle> = Vec::new();
    for number in 0..count {
        let member = agent.open(setup(&format!("m{number}")), &port).unwrap();
        if let Some(first) = members.first() {
            member.join(vec![first.advertise()], number).unwrap();
        }
        members.push(member);
    }
    println!("opened: {} KiB a member", (resident_kib() - empty) / count);
    let known = |member: &Handle| member.figures().unwrap().core.members == count;
    while !members.iter().all(known) {
        drop(port.drain());
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(port.drain());
    std::thread::sleep(Duration::from_secs(5));
    let (before, ticks) = (probes(&members), cpu_ticks());
    std::thread::sleep(Duration::from_secs(seconds));
    let (made, used) = (probes(&members) - before, (cpu_ticks() - ticks) * 10_000);
    println!(
        "{count} members: {:.1} us CPU a probe, {} KiB a member above the empty agent",
        used as f64 / made as f64,
        (resident_kib() - empty) / count
    );
}
