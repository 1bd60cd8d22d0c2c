//! How the network carries datagrams and streams.

use std::cmp::Reverse;
use std::net::SocketAddr;
use std::time::Duration;

use rand_core::Rng;
use shoal_core::{Instant, StreamFailure, StreamId, Transmit};

use super::{Arrival, Net};

impl Net {
    pub(super) fn transmit(&mut self, from: usize, transmit: Transmit, bytes: &[u8]) {
        match transmit {
            Transmit::Datagram { to } => self.send_datagram(from, to, bytes),
            Transmit::OpenStream { to, stream } => self.open_stream(from, to, stream, bytes),
            Transmit::StreamReply { stream } => {
                if let Some(&(peer, other)) = self.hosts[from].streams.get(&stream) {
                    let bytes = bytes.to_vec();
                    self.send_on_stream(
                        from,
                        peer,
                        Arrival::Stream {
                            stream: other,
                            bytes,
                        },
                    );
                }
            }
            Transmit::CloseStream { stream } => {
                if let Some((peer, other)) = self.hosts[from].streams.remove(&stream) {
                    self.send_on_stream(from, peer, Arrival::Closed { stream: other });
                }
            }
        }
    }

    fn send_datagram(&mut self, from: usize, to: SocketAddr, bytes: &[u8]) {
        self.datagrams += 1;
        let Some(&peer) = self.by_address.get(&to) else {
            return;
        };
        if self.cut.contains(&(from, peer)) || self.chance(self.weather.loss) {
            return;
        }
        let copies = if self.chance(self.weather.duplicates) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let at = self.now + self.latency();
            let from = self.hosts[from].address;
            self.deliver_later(
                peer,
                at,
                Arrival::Datagram {
                    from,
                    bytes: bytes.to_vec(),
                },
            );
        }
    }

    fn open_stream(&mut self, from: usize, to: SocketAddr, stream: StreamId, bytes: &[u8]) {
        self.streams_opened += 1;
        let peer = self.by_address.get(&to).copied();
        let there = peer.filter(|&peer| self.hosts[peer].node.is_some());
        let Some(peer) = there else {
            let at = self.now + self.latency() * 2;
            let reason = StreamFailure::Refused;
            return self.deliver_later(from, at, Arrival::Failed { stream, reason });
        };
        if self.cut.contains(&(from, peer)) || self.cut.contains(&(peer, from)) {
            return;
        }
        self.hosts[peer].accepted += 1;
        let other = StreamId::accepted(self.hosts[peer].accepted);
        self.hosts[from].streams.insert(stream, (peer, other));
        self.hosts[peer].streams.insert(other, (from, stream));
        let bytes = bytes.to_vec();
        self.send_on_stream(
            from,
            peer,
            Arrival::Stream {
                stream: other,
                bytes,
            },
        );
    }

    /// Streams keep order and lose nothing, save where the way is cut.
    fn send_on_stream(&mut self, from: usize, to: usize, arrival: Arrival) {
        if !self.cut.contains(&(from, to)) {
            let at = self.now + self.weather.latency.1;
            self.deliver_later(to, at, arrival);
        }
    }

    pub(super) fn deliver_later(&mut self, index: usize, at: Instant, arrival: Arrival) {
        self.serial += 1;
        self.arrivals.insert(self.serial, arrival);
        let life = self.hosts[index].life;
        self.queue.push(Reverse((at, self.serial, index, life)));
    }

    fn latency(&mut self) -> Duration {
        let (least, most) = self.weather.latency;
        least + (most - least).mul_f64(f64::from(self.rng.next_u32()) / f64::from(u32::MAX))
    }

    fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && f64::from(self.rng.next_u32()) < share * f64::from(u32::MAX)
    }
}
