//! Virtual time and a network of 0.2 ms links, the same for every library.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

const LINK_MICROS: u64 = 200;

/// One member of a simulated cluster.
pub trait Peer {
    /// What it asks to be woken for.
    type Timer;

    fn datagram(&mut self, from: u32, bytes: &mut [u8], net: &mut Net<Self::Timer>);
    fn timer(&mut self, timer: Self::Timer, net: &mut Net<Self::Timer>);
}

enum Arrival<T> {
    Datagram { from: u32, bytes: Vec<u8> },
    Timer(T),
}

/// What is under way. Buffers are used again, so that it allocates nothing once warm.
pub struct Net<T> {
    pub now: u64,
    pub me: u32,
    pub datagrams: u64,
    pub bytes: u64,
    queue: BinaryHeap<Reverse<(u64, u64, u32, u32)>>,
    arrivals: Vec<Option<Arrival<T>>>,
    free: Vec<u32>,
    spare: Vec<Vec<u8>>,
    serial: u64,
}

impl<T> Net<T> {
    pub fn new() -> Self {
        Self {
            now: 1_000_000,
            me: 0,
            datagrams: 0,
            bytes: 0,
            queue: BinaryHeap::new(),
            arrivals: Vec::new(),
            free: Vec::new(),
            spare: Vec::new(),
            serial: 0,
        }
    }

    /// Sends from whoever runs.
    pub fn send(&mut self, to: u32, bytes: &[u8]) {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        self.datagrams += 1;
        self.bytes += bytes.len() as u64;
        let (from, at) = (self.me, self.now + LINK_MICROS);
        self.post(
            to,
            at,
            Arrival::Datagram {
                from,
                bytes: buffer,
            },
        );
    }

    /// Wakes `to` at a moment.
    pub fn wake(&mut self, to: u32, at: u64, timer: T) {
        self.post(to, at, Arrival::Timer(timer));
    }

    fn post(&mut self, to: u32, at: u64, arrival: Arrival<T>) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.arrivals[slot as usize] = Some(arrival);
                slot
            }
            None => {
                self.arrivals.push(Some(arrival));
                self.arrivals.len() as u32 - 1
            }
        };
        self.serial += 1;
        self.queue.push(Reverse((at, self.serial, to, slot)));
    }

    /// Runs everybody for a span of virtual time.
    pub fn run<P: Peer<Timer = T>>(&mut self, peers: &mut [P], micros: u64) {
        let end = self.now + micros;
        while let Some(&Reverse((at, _, to, slot))) = self.queue.peek() {
            if at > end {
                break;
            }
            self.queue.pop();
            self.now = at;
            self.me = to;
            self.free.push(slot);
            match self.arrivals[slot as usize].take().expect("posted") {
                Arrival::Datagram { from, mut bytes } => {
                    peers[to as usize].datagram(from, &mut bytes, self);
                    self.spare.push(bytes);
                }
                Arrival::Timer(timer) => peers[to as usize].timer(timer, self),
            }
        }
        self.now = end;
    }
}
