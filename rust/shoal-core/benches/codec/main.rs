//! The codec: one probe with eight piggybacked updates, its parts, and streams of frames.
//!
//! Times are processor time of the measuring thread: the machine may be busy.
//!
//! `cargo bench -p shoal-core --bench codec`; `benches/peers/memberlist-codec/run.sh` runs it
//! beside memberlist on the same content.
#![allow(missing_docs, reason = "criterion's macros make the entry points")]

mod content;
mod cpu_time;

use std::hint::black_box;
use std::time::Duration;

use content::{pair, probe, Protection};
use cpu_time::CpuTime;
use criterion::{criterion_group, criterion_main, BatchSize, Throughput};
use shoal_core::wire::{encode_frame, FrameDecoder, Message};

criterion_group! {
    name = benches;
    config = criterion::Criterion::default()
        .with_measurement(CpuTime)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = datagrams, frames
}
criterion_main!(benches);

type Criterion = criterion::Criterion<CpuTime>;

fn datagrams(c: &mut Criterion) {
    let messages = probe();
    for (content, messages) in [("ping", &messages[..1]), ("ping+8", &messages[..])] {
        for protection in Protection::ALL {
            encode(c, content, protection, messages);
            decode(c, content, protection, messages);
        }
    }
    encode_ready(c);
}

fn encode(c: &mut Criterion, content: &str, protection: Protection, messages: &[Message<'_>]) {
    let (mut sender, _) = pair(protection);
    let mut out = Vec::with_capacity(2_048);
    sender.encode(&mut out, messages);
    let name = format!("encode/{content}/{protection:?}/{}B", out.len());
    c.bench_function(&name, |b| {
        b.iter(|| {
            sender.encode(&mut out, black_box(messages));
            black_box(out.len())
        });
    });
}

/// The eight updates lie encoded in the dissemination buffer.
fn encode_ready(c: &mut Criterion) {
    let [ping, updates @ ..] = probe();
    let ready = updates.map(|message| {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        bytes
    });
    for protection in Protection::ALL {
        let (mut sender, _) = pair(protection);
        let mut out = Vec::with_capacity(2_048);
        c.bench_function(&format!("encode ready/ping+8/{protection:?}"), |b| {
            b.iter(|| {
                sender.encode_ready(&mut out, black_box(&ping), black_box(&ready));
                black_box(out.len())
            });
        });
    }
}

fn decode(c: &mut Criterion, content: &str, protection: Protection, messages: &[Message<'_>]) {
    let (mut sender, mut receiver) = pair(protection);
    let mut out = Vec::new();
    sender.encode(&mut out, messages);
    let name = format!("decode/{content}/{protection:?}/{}B", out.len());
    if protection == Protection::Plain {
        c.bench_function(&name, |b| b.iter(|| receiver.decode(black_box(&mut out))));
        return;
    }
    // A sealed datagram opens once, so each iteration takes a fresh one.
    c.bench_function(&name, |b| {
        b.iter_batched_ref(
            || {
                let mut bytes = Vec::new();
                sender.encode(&mut bytes, messages);
                bytes
            },
            |bytes| receiver.decode(black_box(bytes)),
            BatchSize::SmallInput,
        );
    });
}

fn frames(c: &mut Criterion) {
    const COUNT: u64 = 1_000;
    let mut stream = Vec::new();
    for correlation in 0..COUNT {
        encode_frame(&mut stream, 1, 0, correlation, &[7; 100], None).expect("a plain frame");
    }
    let mut group = c.benchmark_group("frames of 100 B");
    group.throughput(Throughput::Elements(COUNT));
    group.bench_function("encode", |b| {
        let mut out = Vec::with_capacity(stream.len());
        b.iter(|| {
            out.clear();
            for correlation in 0..COUNT {
                encode_frame(&mut out, 1, 0, correlation, black_box(&[7; 100]), None)
                    .expect("a plain frame");
            }
            black_box(out.len())
        });
    });
    group.bench_function("decode", |b| {
        let mut decoder = FrameDecoder::new(1_000);
        b.iter(|| {
            let mut bytes = 0;
            decoder
                .feed(black_box(&stream), |frame| bytes += frame.payload.len())
                .expect("whole");
            bytes
        });
    });
    group.finish();
}
