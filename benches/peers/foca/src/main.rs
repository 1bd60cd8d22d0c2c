//! Cost of a member a period in a quiet cluster: shoal-core beside foca and kinship-core in one
//! harness, and shoal-sim beside foca.
//!
//! usage: protocol-peers [ours|foca|kinship|harness|simulation MEMBERS]

mod harness;
mod kinship;
mod nobody;
mod ours;
mod simulation;
mod theirs;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use harness::{Net, Peer};
use kinship::Kinship;
use nobody::Nobody;
use ours::Ours;
use shoal_sim::Simulation;
use theirs::Theirs;

const PERIODS: u64 = 60;
const REPEATS: usize = 7;

/// Beyond this kinship-core would take minutes.
const MOST_FOR_KINSHIP: u32 = 256;

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What this thread has used of a processor: other work on the machine does not count.
fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the clock exists on Linux and the pointer is to a live value.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

struct Cost {
    name: &'static str,
    members: u32,
    nanos: Vec<f64>,
    allocations: f64,
    datagrams: f64,
    bytes: f64,
}

impl Cost {
    fn median(&self) -> f64 {
        self.nanos[REPEATS / 2]
    }

    fn row(&self) -> String {
        format!(
            "| {} | {} | {:.0} ({:.0}–{:.0}) | {:.4} | {:.2} | {:.0} |",
            self.members,
            self.name,
            self.median(),
            self.nanos[0],
            self.nanos[REPEATS - 1],
            self.allocations,
            self.datagrams,
            self.bytes
        )
    }
}

/// Repeats of sixty protocol periods each of a cluster at rest, a period being as long as the
/// library's LAN numbers make it. `run` runs one repeat; `traffic` gives the datagrams and bytes
/// sent so far.
fn repeat<S>(
    (name, members): (&'static str, u32),
    state: &mut S,
    run: impl Fn(&mut S),
    traffic: impl Fn(&S) -> (u64, u64),
) -> Cost {
    let member_periods = (u64::from(members) * PERIODS) as f64;
    let mut nanos: Vec<f64> = Vec::with_capacity(REPEATS);
    let (allocations, before) = (ALLOCATIONS.load(Ordering::Relaxed), traffic(state));
    nanos.extend((0..REPEATS).map(|_| {
        let start = cpu_time();
        run(state);
        (cpu_time() - start).as_nanos() as f64 / member_periods
    }));
    nanos.sort_by(f64::total_cmp);
    let all = member_periods * REPEATS as f64;
    let after = traffic(state);
    Cost {
        name,
        members,
        nanos,
        allocations: (ALLOCATIONS.load(Ordering::Relaxed) - allocations) as f64 / all,
        datagrams: (after.0 - before.0) as f64 / all,
        bytes: (after.1 - before.1) as f64 / all,
    }
}

fn measure<P: Peer>(name: &'static str, cluster: (Vec<P>, Net<P::Timer>)) -> Cost {
    let members = cluster.0.len() as u32;
    repeat(
        (name, members),
        &mut { cluster },
        |(peers, net)| net.run(peers, PERIODS * P::PERIOD_MICROS),
        |(_, net)| (net.datagrams, net.bytes),
    )
}

fn measure_simulation(members: u32) -> Cost {
    repeat(
        ("shoal-sim", members),
        &mut simulation::at_rest(members),
        |simulation| simulation.run(Duration::from_micros(PERIODS * Ours::PERIOD_MICROS)),
        |simulation: &Simulation| {
            let traffic = simulation.traffic();
            (traffic.datagrams, traffic.datagram_bytes)
        },
    )
}

fn measure_one(which: &str, members: u32) -> Cost {
    match which {
        "ours" => measure("shoal-core", Ours::cluster(members)),
        "foca" => measure("foca 1.0.0", Theirs::cluster(members)),
        "kinship" => measure("kinship-core 0.5.0", Kinship::cluster(members)),
        "harness" => measure("harness alone", Nobody::cluster(members)),
        "simulation" => measure_simulation(members),
        _ => {
            eprintln!("no contender {which}");
            std::process::exit(2);
        }
    }
}

fn head() {
    println!("| members | library | ns a member a period | allocations | datagrams | bytes |");
    println!("| --- | --- | --- | --- | --- | --- |");
}

/// The ratio of medians, and the same once the harness is taken off both.
fn compare_protocols() {
    println!("## Quiet clusters in one harness\n");
    head();
    for members in [16, 64, 256, 1024] {
        let costs = ["harness", "ours", "foca"].map(|which| measure_one(which, members));
        let [harness, ours, foca] = &costs;
        let kinship = (members <= MOST_FOR_KINSHIP).then(|| measure_one("kinship", members));
        for cost in costs.iter().chain(&kinship) {
            println!("{}", cost.row());
        }
        for peer in [foca].into_iter().chain(&kinship) {
            let ratio = peer.median() / ours.median();
            let (theirs, own) = (
                peer.median() - harness.median(),
                ours.median() - harness.median(),
            );
            let name = peer.name;
            println!(
                "| {members} | **{name} / shoal-core** | **{ratio:.2}**, without the harness {:.2} | | | |",
                theirs / own
            );
        }
    }
}

fn compare_simulators() {
    println!("\n## A simulated run\n");
    head();
    for members in [128, 1024] {
        let ours = measure_one("simulation", members);
        let foca = measure_one("foca", members);
        println!("{}", ours.row());
        println!("{}", foca.row());
        let ratio = foca.median() / ours.median();
        println!("| {members} | **foca 1.0.0 / shoal-sim** | **{ratio:.2}** | | | |");
        let period = Ours::PERIOD_MICROS as f64 * 1e3;
        let speed = period / (ours.median() * f64::from(members));
        println!("| {members} | shoal-sim, times real time | {speed:.0} | | | |");
    }
}

fn main() {
    if cfg!(debug_assertions) {
        eprintln!("refusing to measure a debug build");
        std::process::exit(2);
    }
    let mut given = std::env::args().skip(1);
    let Some(which) = given.next() else {
        compare_protocols();
        return compare_simulators();
    };
    let members = given.next().and_then(|n| n.parse().ok()).unwrap_or(256);
    println!("{}", measure_one(&which, members).row());
}
