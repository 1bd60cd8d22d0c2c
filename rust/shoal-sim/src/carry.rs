//! How the network carries datagrams and streams.

use std::net::SocketAddr;
use std::time::Duration;

use rand_core::Rng;
use shoal_core::{Instant, StreamFailure, StreamId};

use crate::host::{Arrival, Peer};
use crate::latency::{chance, unit};
use crate::simulation::{index_of, Simulation};

/// The first retry of a connection that had no answer, and of a segment that had none; each
/// later one waits twice as long (RFC 6298).
const FIRST_RETRY: Duration = Duration::from_secs(1);
const FIRST_RESEND: Duration = Duration::from_millis(200);

/// Sendings of one segment before a stream is given up.
const TRIES: u32 = 8;

impl Simulation {
    pub(crate) fn send_datagram(&mut self, from: u32, to: SocketAddr, bytes: &[u8]) {
        self.traffic.datagrams += 1;
        self.traffic.datagram_bytes += bytes.len() as u64;
        let Some(peer) = self.host_at(to) else {
            self.traffic.lost += 1;
            return;
        };
        let loss = self.loss_on(from, peer);
        if chance(&mut self.rng, loss) {
            self.traffic.lost += 1;
            return;
        }
        let twice = chance(&mut self.rng, self.weather.duplicates);
        for _ in 0..1 + u32::from(twice) {
            let mut delay = self.delay(from, peer);
            if chance(&mut self.rng, self.weather.reorder) {
                delay += self.weather.held_back_by.mul_f64(unit(&mut self.rng));
            }
            let mut copy = self.spare.pop().unwrap_or_default();
            copy.clear();
            copy.extend_from_slice(bytes);
            let from = self.hosts[from as usize].address;
            let arrival = Arrival::Datagram { from, bytes: copy };
            self.deliver(peer, self.now + delay, arrival);
        }
    }

    pub(crate) fn open_stream(
        &mut self,
        from: u32,
        to: SocketAddr,
        stream: StreamId,
        bytes: &[u8],
    ) {
        self.traffic.streams += 1;
        let Some(peer) = self.host_at(to) else {
            let at = self.now + FIRST_RETRY;
            let reason = StreamFailure::Unreachable;
            return self.deliver(from, at, Arrival::Failed { stream, reason });
        };
        let Some(waited) = self.retries(from, peer, FIRST_RETRY) else {
            return;
        };
        let connected = waited + self.delay(from, peer) + self.delay(peer, from);
        if self.hosts[peer as usize].node.is_none() {
            let reason = StreamFailure::Refused;
            return self.deliver(
                from,
                self.now + connected,
                Arrival::Failed { stream, reason },
            );
        }
        let there = &mut self.hosts[peer as usize];
        there.accepted += 1;
        let accepted = StreamId::accepted(there.accepted);
        let last_at = self.now + connected;
        let back = Peer {
            host: from,
            stream,
            last_at,
        };
        there.streams.insert(accepted, back);
        let forth = Peer {
            host: peer,
            stream: accepted,
            last_at,
        };
        self.hosts[from as usize].streams.insert(stream, forth);
        self.send_on_stream(from, stream, bytes);
    }

    /// The host at an address, with or without a process.
    pub(crate) fn host_at(&self, address: SocketAddr) -> Option<u32> {
        index_of(address).filter(|index| (*index as usize) < self.hosts.len())
    }

    /// Streams keep order and lose nothing while the way is open at all.
    pub(crate) fn send_on_stream(&mut self, from: u32, stream: StreamId, bytes: &[u8]) {
        let Some(peer) = self.hosts[from as usize].streams.get(&stream).copied() else {
            return;
        };
        self.traffic.stream_bytes += bytes.len() as u64;
        let arrival = Arrival::Message {
            stream: peer.stream,
            bytes: bytes.to_vec(),
        };
        self.send_in_order(from, stream, peer, arrival);
    }

    pub(crate) fn close_stream(&mut self, from: u32, stream: StreamId) {
        let Some(peer) = self.hosts[from as usize].streams.get(&stream).copied() else {
            return;
        };
        let arrival = Arrival::Closed {
            stream: peer.stream,
        };
        self.send_in_order(from, stream, peer, arrival);
        self.hosts[from as usize].streams.remove(&stream);
    }

    fn send_in_order(&mut self, from: u32, stream: StreamId, peer: Peer, arrival: Arrival) {
        let Some(waited) = self.retries(from, peer.host, FIRST_RESEND) else {
            return;
        };
        let earliest = self.now.max(peer.last_at - self.delay(from, peer.host));
        let at = (earliest + waited + self.delay(from, peer.host)).max(after(peer.last_at));
        if let Some(end) = self.hosts[from as usize].streams.get_mut(&stream) {
            end.last_at = at;
        }
        self.deliver(peer.host, at, arrival);
    }

    /// How long what a stream sends is held up by loss, either way; `None` where it does not
    /// get through at all: then the nodes' own patience runs out.
    fn retries(&mut self, from: u32, to: u32, first: Duration) -> Option<Duration> {
        let arrives = (1.0 - self.loss_on(from, to)) * (1.0 - self.loss_on(to, from));
        let mut waited = Duration::ZERO;
        for doubling in 0..TRIES {
            if !chance(&mut self.rng, 1.0 - arrives) {
                return Some(waited);
            }
            waited += first * (1 << doubling);
        }
        None
    }

    /// The probability that a datagram does not get from one host to another.
    fn loss_on(&self, from: u32, to: u32) -> f64 {
        if !self.cut.is_empty() && self.cut.contains(&(from, to)) {
            return 1.0;
        }
        let egress = self.hosts[from as usize].egress_loss;
        let ingress = self.hosts[to as usize].ingress_loss;
        if egress == 0.0 && ingress == 0.0 {
            return self.weather.loss;
        }
        1.0 - (1.0 - self.weather.loss) * (1.0 - egress) * (1.0 - ingress)
    }

    fn delay(&mut self, from: u32, to: u32) -> Duration {
        let (here, there) = (
            self.hosts[from as usize].region,
            self.hosts[to as usize].region,
        );
        self.weather.latency.draw(&mut self.rng) + self.weather.between(here, there)
    }

    /// This many different nodes, drawn from all.
    pub fn choose(&mut self, count: u32) -> Vec<u32> {
        let mut all: Vec<u32> = (0..self.hosts.len() as u32).collect();
        let count = count.min(all.len() as u32);
        for index in 0..count {
            let other = index + self.below(all.len() as u32 - index);
            all.swap(index as usize, other as usize);
        }
        all.truncate(count as usize);
        all
    }

    /// A number below `bound`, from the simulation's own source.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.rng.next_u32()) * u64::from(bound)) >> 32) as u32
    }
}

fn after(at: Instant) -> Instant {
    at + Duration::from_micros(1)
}
