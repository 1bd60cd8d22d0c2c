//! The harness alone: members that ping each other in turn, answer, and know nothing. What they
//! cost is what the harness costs under a library.

use crate::harness::{Net, Peer};

const PING: [u8; 40] = [0; 40];
const ACK: [u8; 70] = [1; 70];

pub struct Nobody {
    count: u32,
    next: u32,
}

pub enum Timer {
    Period,
    Timeout,
}

impl Nobody {
    pub fn cluster(count: u32) -> (Vec<Self>, Net<Timer>) {
        let mut net = Net::new();
        let mut peers: Vec<Self> = (0..count).map(|next| Self { count, next }).collect();
        for i in 0..count {
            let first = net.now + u64::from(i) * 1_000_000 / u64::from(count);
            net.wake(i, first, Timer::Period);
        }
        net.run(&mut peers, 120_000_000);
        (peers, net)
    }
}

impl Peer for Nobody {
    type Timer = Timer;

    fn datagram(&mut self, from: u32, bytes: &mut [u8], net: &mut Net<Timer>) {
        if bytes[0] == PING[0] {
            net.send(from, &ACK);
        }
    }

    fn timer(&mut self, timer: Timer, net: &mut Net<Timer>) {
        if let Timer::Period = timer {
            self.next = (self.next * 5 + 1) % self.count;
            net.send(self.next, &PING);
            net.wake(net.me, net.now + 500_000, Timer::Timeout);
            net.wake(net.me, net.now + 1_000_000, Timer::Period);
        }
    }
}
