//! Virtual time and a network of 0.2 ms links, the same for every library.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

const LINK_MICROS: u64 = 200;

/// One member of a simulated cluster.
pub trait Peer {
    /// What it asks to be woken for.
    type Timer;

    /// How often it probes, in microseconds.
    const PERIOD_MICROS: u64 = 1_000_000;

    fn datagram(&mut self, from: u32, bytes: &mut [u8], net: &mut Net<Self::Timer>);
    fn timer(&mut self, timer: Self::Timer, net: &mut Net<Self::Timer>);
}

struct Datagram {
    at: u64,
    from: u32,
    to: u32,
    bytes: Vec<u8>,
}

/// What is under way. All links take the same time, so datagrams arrive in the order in which
/// they were sent; timers stand in a heap. Buffers are used again, so that it allocates nothing
/// once warm.
pub struct Net<T> {
    pub now: u64,
    pub me: u32,
    pub datagrams: u64,
    pub bytes: u64,
    flying: VecDeque<Datagram>,
    queue: BinaryHeap<Reverse<(u64, u64, u32, u32)>>,
    timers: Vec<Option<T>>,
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
            flying: VecDeque::new(),
            queue: BinaryHeap::new(),
            timers: Vec::new(),
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
        self.flying.push_back(Datagram {
            at: self.now + LINK_MICROS,
            from: self.me,
            to,
            bytes: buffer,
        });
    }

    /// Wakes `to` at a moment.
    pub fn wake(&mut self, to: u32, at: u64, timer: T) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.timers[slot as usize] = Some(timer);
                slot
            }
            None => {
                self.timers.push(Some(timer));
                self.timers.len() as u32 - 1
            }
        };
        self.serial += 1;
        self.queue.push(Reverse((at, self.serial, to, slot)));
    }

    /// Runs everybody for a span of virtual time. Of a datagram and a timer of the same moment
    /// the datagram goes first.
    pub fn run<P: Peer<Timer = T>>(&mut self, peers: &mut [P], micros: u64) {
        let end = self.now + micros;
        loop {
            let arrives = self.flying.front().map_or(u64::MAX, |next| next.at);
            let due = self.queue.peek().map_or(u64::MAX, |next| next.0.0);
            if arrives.min(due) > end {
                break;
            }
            if arrives <= due {
                self.carry(peers);
            } else {
                self.fire(peers);
            }
        }
        self.now = end;
    }

    fn carry<P: Peer<Timer = T>>(&mut self, peers: &mut [P]) {
        let next = self.flying.pop_front().expect("peeked");
        let Datagram {
            at,
            from,
            to,
            mut bytes,
        } = next;
        (self.now, self.me) = (at, to);
        peers[to as usize].datagram(from, &mut bytes, self);
        self.spare.push(bytes);
    }

    fn fire<P: Peer<Timer = T>>(&mut self, peers: &mut [P]) {
        let Reverse((at, _, to, slot)) = self.queue.pop().expect("peeked");
        (self.now, self.me) = (at, to);
        self.free.push(slot);
        let timer = self.timers[slot as usize].take().expect("posted");
        peers[to as usize].timer(timer, self);
    }
}
