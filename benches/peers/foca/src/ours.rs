//! shoal-core in the harness, with its whole wire: names, checksums, coordinates.

use std::net::SocketAddr;

use shoal_core::{Config, Instant, Node, StreamId, Transmit};

use crate::harness::{Net, Peer};

pub enum Wake {
    Due,
    Message { stream: StreamId, bytes: Vec<u8> },
    Closed { stream: StreamId },
}

pub struct Ours {
    node: Node,
    buffer: Vec<u8>,
    wakes_at: u64,
    /// When the node is due, by its last word; a wake that was asked for earlier does not reach
    /// it, as no host calls a node before the time that it named.
    due: u64,
    /// The other end of each open stream.
    streams: Vec<(StreamId, u32, StreamId)>,
}

pub fn address(index: u32) -> SocketAddr {
    SocketAddr::from(([10, 0, (index >> 8) as u8, index as u8], 7946))
}

pub fn index(address: SocketAddr) -> u32 {
    match address {
        SocketAddr::V4(v4) => u32::from_be_bytes(v4.ip().octets()) & 0xffff,
        SocketAddr::V6(_) => unreachable!("all are of version 4"),
    }
}

impl Ours {
    /// A cluster that has joined and come to rest.
    pub fn cluster(count: u32) -> (Vec<Self>, Net<Wake>) {
        let mut net = Net::new();
        let mut peers: Vec<Self> = (0..count).map(|i| Self::new(i, &mut net)).collect();
        for i in 1..count {
            net.me = i;
            let now = Instant::from_micros(net.now);
            peers[i as usize].node.join(now, &[address(0)]);
            peers[i as usize].drain(&mut net);
            net.run(&mut peers, 10_000);
        }
        net.run(&mut peers, 120_000_000);
        assert!(
            peers
                .iter()
                .all(|peer| peer.node.living() == count as usize)
        );
        assert!(peers.iter().all(|peer| peer.node.stats().gossip_queue == 0));
        (peers, net)
    }

    fn new(i: u32, net: &mut Net<Wake>) -> Self {
        let config = Config::lan(format!("node-{i}"), address(i));
        let period = config.probe.interval.as_micros();
        assert_eq!(period, u128::from(Self::PERIOD_MICROS));
        let now = Instant::from_micros(net.now);
        let node = Node::new(config, u64::from(i), now).expect("valid");
        let mut peer = Self {
            node,
            buffer: Vec::new(),
            wakes_at: u64::MAX,
            due: u64::MAX,
            streams: Vec::new(),
        };
        net.me = i;
        peer.drain(net);
        peer
    }

    fn drain(&mut self, net: &mut Net<Wake>) {
        while let Some(transmit) = self.node.poll_transmit(&mut self.buffer) {
            match transmit {
                Transmit::Datagram { to } => net.send(index(to), &self.buffer),
                Transmit::OpenStream { to, stream } => self.open(index(to), stream, net),
                Transmit::StreamReply { stream } => {
                    let bytes = self.buffer.clone();
                    self.on_stream(stream, |stream| Wake::Message { stream, bytes }, net);
                }
                Transmit::CloseStream { stream } => {
                    self.on_stream(stream, |stream| Wake::Closed { stream }, net);
                    self.streams.retain(|(ours, ..)| *ours != stream);
                }
            }
        }
        while self.node.poll_event().is_some() {}
        self.due = self
            .node
            .poll_timeout()
            .map_or(u64::MAX, Instant::as_micros);
        self.ask_for_wake(net);
    }

    fn ask_for_wake(&mut self, net: &mut Net<Wake>) {
        if self.due < self.wakes_at {
            self.wakes_at = self.due;
            net.wake(net.me, self.due.max(net.now), Wake::Due);
        }
    }

    /// The accepting side names the stream after the opener and its name there, and learns
    /// the way back from that.
    fn open(&mut self, to: u32, stream: StreamId, net: &mut Net<Wake>) {
        let theirs = StreamId::accepted(u64::from(net.me) << 32 | self.streams_opened(stream));
        self.streams.push((stream, to, theirs));
        let bytes = self.buffer.clone();
        net.wake(
            to,
            net.now + 200,
            Wake::Message {
                stream: theirs,
                bytes,
            },
        );
    }

    fn streams_opened(&self, stream: StreamId) -> u64 {
        let text = stream.to_string();
        text.trim_start_matches("out-")
            .parse()
            .expect("we opened it")
    }

    fn on_stream(
        &self,
        stream: StreamId,
        what: impl FnOnce(StreamId) -> Wake,
        net: &mut Net<Wake>,
    ) {
        let open = self.streams.iter().find(|(ours, ..)| *ours == stream);
        if let Some(&(_, to, theirs)) = open {
            net.wake(to, net.now + 200, what(theirs));
        }
    }

    fn learn_way_back(&mut self, stream: StreamId) {
        let known = self.streams.iter().any(|(ours, ..)| *ours == stream);
        if stream.is_accepted() && !known {
            let text = stream.to_string();
            let number: u64 = text.trim_start_matches("in-").parse().expect("accepted");
            let opener = (number >> 32) as u32;
            self.streams
                .push((stream, opener, opened(number & 0xffff_ffff)));
        }
    }
}

/// The opener's own name for its stream: `accepted` with the marker taken off again.
fn opened(counter: u64) -> StreamId {
    StreamId::opened(counter)
}

impl Peer for Ours {
    type Timer = Wake;

    const PERIOD_MICROS: u64 = 500_000;

    fn datagram(&mut self, from: u32, bytes: &mut [u8], net: &mut Net<Wake>) {
        let now = Instant::from_micros(net.now);
        self.node.handle_datagram(now, address(from), bytes);
        self.drain(net);
    }

    fn timer(&mut self, wake: Wake, net: &mut Net<Wake>) {
        let now = Instant::from_micros(net.now);
        match wake {
            Wake::Due => {
                self.wakes_at = u64::MAX;
                if net.now < self.due {
                    return self.ask_for_wake(net);
                }
                self.node.handle_timeout(now);
            }
            Wake::Message { stream, mut bytes } => {
                self.learn_way_back(stream);
                self.node.handle_stream_message(now, stream, &mut bytes);
            }
            Wake::Closed { stream } => {
                self.streams.retain(|(ours, ..)| *ours != stream);
                self.node.handle_stream_closed(now, stream);
            }
        }
        self.drain(net);
    }
}
