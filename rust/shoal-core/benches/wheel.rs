//! The timing wheel at three sizes. Deadlines are uniform over 1 to 60 seconds.
#![allow(missing_docs, reason = "a benchmark has no readers of its interface")]

use std::hint::black_box;

use criterion::{criterion_group, criterion_main, BatchSize, BenchmarkId, Criterion, Throughput};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use shoal_core::wheel::{TimerKey, Wheel};
use shoal_core::Instant;

const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];

struct Filled {
    wheel: Wheel<u64>,
    keys: Vec<TimerKey>,
    numbers: Pcg64Mcg,
}

impl Filled {
    fn new(size: usize) -> Self {
        let numbers = Pcg64Mcg::seed_from_u64(7);
        let mut filled = Self {
            wheel: Wheel::new(Instant::ZERO),
            keys: Vec::new(),
            numbers,
        };
        for id in 0..size as u64 {
            let deadline = filled.deadline();
            filled.keys.push(filled.wheel.insert(deadline, id));
        }
        filled
    }

    fn deadline(&mut self) -> Instant {
        Instant::from_micros(1_000_000 + u64::from(self.numbers.next_u32()) % 59_000_000)
    }

    fn any(&mut self) -> usize {
        (self.numbers.next_u32() as usize * self.keys.len()) >> 32
    }
}

fn operations(criterion: &mut Criterion) {
    for size in SIZES {
        let mut filled = Filled::new(size);
        let mut group = criterion.benchmark_group("wheel");
        group.bench_function(BenchmarkId::new("insert and cancel it", size), |bencher| {
            bencher.iter(|| {
                let deadline = filled.deadline();
                let key = filled.wheel.insert(deadline, 0);
                filled.wheel.cancel(black_box(key))
            });
        });
        group.bench_function(
            BenchmarkId::new("insert and cancel another", size),
            |bencher| {
                bencher.iter(|| {
                    let (deadline, which) = (filled.deadline(), filled.any());
                    let key = filled.wheel.insert(deadline, 0);
                    filled
                        .wheel
                        .cancel(std::mem::replace(&mut filled.keys[which], key))
                });
            },
        );
        group.bench_function(BenchmarkId::new("move", size), |bencher| {
            bencher.iter(|| {
                let (deadline, which) = (filled.deadline(), filled.any());
                filled.wheel.reschedule(filled.keys[which], deadline)
            });
        });
        group.bench_function(BenchmarkId::new("next deadline", size), |bencher| {
            bencher.iter(|| black_box(&filled.wheel).next_deadline());
        });
    }
}

fn expiry(criterion: &mut Criterion) {
    for size in SIZES {
        let mut group = criterion.benchmark_group("wheel expiry, all of them");
        group
            .sample_size(10)
            .throughput(Throughput::Elements(size as u64));
        for (name, step) in [("steps of 10 ms", 10_000), ("one jump", 61_000_000)] {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let mut due = Vec::with_capacity(size);
                bencher.iter_batched_ref(
                    || Filled::new(size).wheel,
                    |wheel| {
                        for now in (1..=61_000_000 / step).map(|n| n * step) {
                            wheel.advance(Instant::from_micros(now), &mut due);
                            due.clear();
                        }
                        assert!(wheel.is_empty());
                    },
                    BatchSize::PerIteration,
                );
            });
        }
    }
}

criterion_group!(benches, operations, expiry);
criterion_main!(benches);
