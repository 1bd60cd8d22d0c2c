//! Cost of a member a period in a quiet cluster: shoal-core beside foca, in one harness.

mod harness;
mod ours;
mod theirs;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use harness::{Net, Peer};
use ours::Ours;
use theirs::Theirs;

const PERIODS: u64 = 60;
const REPEATS: usize = 7;

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
    nanos: Vec<f64>,
    allocations: f64,
    datagrams: f64,
    bytes: f64,
}

/// Runs a cluster at rest: medians of repeats of sixty periods each.
fn measure<P: Peer>((mut peers, mut net): (Vec<P>, Net<P::Timer>)) -> Cost {
    let member_periods = (peers.len() as u64 * PERIODS) as f64;
    let mut nanos: Vec<f64> = Vec::with_capacity(REPEATS);
    let (allocations, datagrams, bytes) = (
        ALLOCATIONS.load(Ordering::Relaxed),
        net.datagrams,
        net.bytes,
    );
    nanos.extend((0..REPEATS).map(|_| {
        let start = cpu_time();
        net.run(&mut peers, PERIODS * 1_000_000);
        (cpu_time() - start).as_nanos() as f64 / member_periods
    }));
    nanos.sort_by(f64::total_cmp);
    let all = member_periods * REPEATS as f64;
    Cost {
        nanos,
        allocations: (ALLOCATIONS.load(Ordering::Relaxed) - allocations) as f64 / all,
        datagrams: (net.datagrams - datagrams) as f64 / all,
        bytes: (net.bytes - bytes) as f64 / all,
    }
}

fn row(name: &str, members: u32, cost: &Cost) -> String {
    let (least, median, most) = (
        cost.nanos[0],
        cost.nanos[REPEATS / 2],
        cost.nanos[REPEATS - 1],
    );
    format!(
        "| {members} | {name} | {median:.0} ({least:.0}–{most:.0}) | {:.4} | {:.2} | {:.0} |",
        cost.allocations, cost.datagrams, cost.bytes
    )
}

fn main() {
    if cfg!(debug_assertions) {
        eprintln!("refusing to measure a debug build");
        std::process::exit(2);
    }
    let only = std::env::args().nth(1);
    if only.as_deref() == Some("ours") {
        let members = std::env::args()
            .nth(2)
            .and_then(|n| n.parse().ok())
            .unwrap_or(256);
        println!(
            "{}",
            row("shoal-core", members, &measure(Ours::cluster(members)))
        );
        return;
    }
    if only.as_deref() == Some("foca") {
        let members = std::env::args()
            .nth(2)
            .and_then(|n| n.parse().ok())
            .unwrap_or(256);
        println!(
            "{}",
            row("foca 1.0.0", members, &measure(Theirs::cluster(members)))
        );
        return;
    }
    println!("| members | library | ns a member a period | allocations | datagrams | bytes |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for members in [16, 64, 256, 1024] {
        let ours = measure(Ours::cluster(members));
        let theirs = measure(Theirs::cluster(members));
        println!("{}", row("shoal-core", members, &ours));
        println!("{}", row("foca 1.0.0", members, &theirs));
        let ratio = theirs.nanos[REPEATS / 2] / ours.nanos[REPEATS / 2];
        println!("| {members} | **ratio** | **{ratio:.2}** | | | |");
    }
}
