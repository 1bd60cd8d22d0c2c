//! The suspicion table with 100,000 open suspicions.
#![allow(missing_docs, reason = "a benchmark has no readers of its interface")]

use core::time::Duration;
use std::hint::black_box;

use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use shoal_core::suspicion::{Limits, Subject, SuspicionTable, Timeout};
use shoal_core::Instant;

const LIVE: u64 = 100_000;
const NOW: Instant = Instant::from_micros(20_000_000);

type Table = SuspicionTable<u64, u64>;

fn timeout() -> Timeout {
    Timeout::new(Duration::from_secs(5), Duration::from_secs(30), 3)
}

/// Opened over 20 seconds, on the node layer.
fn live(count: u64) -> Table {
    let limits = Limits {
        total: 1_000_000,
        nodes: 1_000_000,
        ..Limits::default()
    };
    let mut table = Table::new(Instant::ZERO, limits);
    for node in 0..count {
        let started = Instant::from_micros(node * 20_000_000 / count);
        table.suspect(Subject::node(1_000_000 + node), 1, 1, timeout(), started);
    }
    table
}

fn one_life(table: &mut Table, subject: Subject<u64, u64>, incarnation: u64) {
    table.suspect(subject, incarnation, 1, timeout(), NOW);
    table.confirm(subject, incarnation, 2, NOW);
    table.confirm(subject, incarnation, 3, NOW);
    assert!(table.refute(black_box(subject), incarnation + 1));
}

fn lives(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("suspicion");
    for (name, live_count) in [("none", 0), ("100,000", LIVE)] {
        let mut table = live(live_count);
        let mut life = 0;
        group.bench_function(
            format!("start, 2 confirmations, stop; {name} live"),
            |bencher| {
                bencher.iter(|| {
                    life += 1;
                    one_life(&mut table, Subject::node(10 + life % 1_000), life);
                });
            },
        );
        group.bench_function(format!("the same for a job; {name} live"), |bencher| {
            bencher.iter(|| {
                life += 1;
                one_life(&mut table, Subject::job(life % 7, 10 + life % 1_000), life);
            });
        });
        table.suspect(Subject::node(9), 1, 1, timeout(), NOW);
        table.confirm(Subject::node(9), 1, 2, NOW);
        group.bench_function(format!("repeated confirmation; {name} live"), |bencher| {
            bencher.iter(|| table.confirm(black_box(Subject::node(9)), 1, 2, NOW));
        });
    }
}

fn shifts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("suspicion, health");
    for count in [1_000, LIVE] {
        let mut table = live(count);
        let mut multiplier = 0;
        group.bench_function(format!("shift over {count}"), |bencher| {
            bencher.iter(|| {
                multiplier = (multiplier + 1) % 8;
                table.set_multiplier(multiplier + 1, black_box(NOW));
            });
        });
    }
}

fn expiry(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("suspicion, mass expiry");
    group
        .sample_size(20)
        .throughput(Throughput::Elements(10_000));
    group.bench_function("10,000 at once", |bencher| {
        let mut expired = Vec::with_capacity(10_000);
        bencher.iter_batched_ref(
            || live(10_000),
            |table| {
                expired.clear();
                table.expire(Instant::from_millis(60_000), &mut expired);
                assert_eq!(expired.len(), 10_000);
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("a job's end, 10,000 nodes", |bencher| {
        bencher.iter_batched_ref(
            || {
                let mut table = live(1_000);
                for node in 0..10_000 {
                    table.suspect(Subject::job(1, node), 1, 1, timeout(), NOW);
                }
                table
            },
            |table| assert_eq!(table.job_ended(1), 10_000),
            BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, lives, shifts, expiry);
criterion_main!(benches);
