//! What one protocol period costs two members: a probe each way, answered, with the whole
//! wire. For the comparison with foca over cluster sizes see `benches/peers/foca`.
#![allow(missing_docs, reason = "criterion's macros make the entry points")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use shoal_core::{Config, Instant, Node, StreamId, Transmit};

/// Two nodes and the bytes between them, without delay.
struct Pair {
    nodes: [Node; 2],
    now: Instant,
    buffer: Vec<u8>,
}

impl Pair {
    fn joined() -> Self {
        let now = Instant::from_millis(1_000);
        let node = |index: u8| {
            let config = Config::lan(format!("n{index}"), ([10, 0, 0, index], 7946).into());
            Node::new(config, u64::from(index), now).expect("valid")
        };
        let mut pair = Self {
            nodes: [node(0), node(1)],
            now,
            buffer: Vec::new(),
        };
        let seed = pair.nodes[0].config().advertise;
        pair.nodes[1].join(now, &[seed]);
        pair.run(Duration::from_secs(120));
        assert!(pair.nodes.iter().all(|node| node.living() == 2));
        pair
    }

    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            while self.carry(0) | self.carry(1) {}
            let due = self.nodes.iter().filter_map(Node::poll_timeout).min();
            match due.filter(|due| *due <= end) {
                Some(due) => self.now = due.max(self.now),
                None => break,
            }
            for node in &mut self.nodes {
                node.handle_timeout(self.now);
            }
        }
        self.now = end;
    }

    /// Carries what one node has to send; false where that was nothing.
    fn carry(&mut self, from: usize) -> bool {
        let (now, to) = (self.now, 1 - from);
        let mut carried = false;
        while let Some(transmit) = self.nodes[from].poll_transmit(&mut self.buffer) {
            carried = true;
            let bytes = &mut self.buffer;
            match transmit {
                Transmit::Datagram { .. } => {
                    let sender = self.nodes[from].config().advertise;
                    self.nodes[to].handle_datagram(now, sender, bytes);
                }
                Transmit::OpenStream { stream, .. } | Transmit::StreamReply { stream } => {
                    self.nodes[to].handle_stream_message(now, other_end(stream), bytes);
                }
                Transmit::CloseStream { stream } => {
                    self.nodes[to].handle_stream_closed(now, other_end(stream));
                }
            }
        }
        while self.nodes[from].poll_event().is_some() {}
        carried
    }
}

/// Each side of the pair calls a stream by the same number.
fn other_end(stream: StreamId) -> StreamId {
    let number = stream.to_string();
    let counter = number.trim_start_matches("out-").trim_start_matches("in-");
    let counter = counter.parse().expect("a number");
    if stream.is_accepted() {
        StreamId::opened(counter)
    } else {
        StreamId::accepted(counter)
    }
}

fn period(criterion: &mut Criterion) {
    let mut pair = Pair::joined();
    criterion.bench_function("protocol/period of two members", |bencher| {
        bencher.iter(|| {
            pair.run(Duration::from_secs(1));
            black_box(pair.nodes[0].living())
        });
    });
}

criterion_group!(benches, period);
criterion_main!(benches);
