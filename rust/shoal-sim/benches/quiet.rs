//! A second of virtual time of a cluster at rest, by its size. For the comparison with foca see
//! `benches/peers/foca`.
#![allow(missing_docs, reason = "criterion's macros make the entry points")]

use std::time::Duration;

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use shoal_core::Config;
use shoal_sim::Simulation;

fn at_rest(count: u32) -> Simulation {
    let mut simulation = Simulation::new(1);
    for _ in 0..count {
        simulation.add(Config::lan).expect("the profile is valid");
    }
    for index in 1..count {
        simulation.join(index, &[0]);
    }
    let (most, every) = (Duration::from_secs(600), Duration::from_millis(500));
    let agreed = simulation.run_until(most, every, Simulation::is_one_view);
    assert!(agreed, "{count} nodes did not come to one view");
    simulation.run(Duration::from_secs(60));
    simulation
}

fn quiet(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("simulation/a quiet second");
    group.sample_size(20);
    for count in [16, 128, 1_024] {
        group.throughput(Throughput::Elements(u64::from(count)));
        let mut simulation = at_rest(count);
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| simulation.run(Duration::from_secs(1)));
        });
    }
    group.finish();
}

criterion_group!(benches, quiet);
criterion_main!(benches);
