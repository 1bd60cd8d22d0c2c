//! What goes wrong at single hosts and on single ways.

use std::time::Duration;

use shoal_core::Instant;

use crate::host::{Arrival, Intermittent, Stall};
use crate::simulation::Simulation;

impl Simulation {
    /// Blocks a node's messages for a span: it reads and sends nothing while its timers run,
    /// and catches up afterwards. This is the anomaly of the Lifeguard paper, section V.
    pub fn block(&mut self, index: u32, span: Duration) {
        self.stall(index, Stall::Blocked, span);
    }

    /// Stops a process for a span, as SIGSTOP does: nothing of it runs.
    pub fn pause(&mut self, index: u32, span: Duration) {
        self.stall(index, Stall::Paused, span);
    }

    /// Blocks again and again: blocked for one span, running for another, until `until`.
    pub fn block_intermittently(
        &mut self,
        index: u32,
        blocked: Duration,
        running: Duration,
        until: Instant,
    ) {
        self.hosts[index as usize].intermittent = Some(Intermittent {
            blocked,
            running,
            until,
        });
        self.block(index, blocked);
    }

    pub(crate) fn relapse(&mut self, index: u32) {
        if let Some(again) = self.hosts[index as usize].intermittent {
            self.block(index, again.blocked);
        }
    }

    pub(crate) fn stall(&mut self, index: u32, stall: Stall, span: Duration) {
        let until = self.now + span;
        let host = &mut self.hosts[index as usize];
        host.stall = Some(stall);
        host.stalled_until = until;
        self.deliver(index, until, Arrival::Resume);
    }

    /// Loses this share of the datagrams that reach a node, and as much of its streams.
    pub fn lose_ingress(&mut self, index: u32, share: f64) {
        self.hosts[index as usize].ingress_loss = share;
    }

    /// Loses this share of the datagrams that a node sends, and as much of its streams.
    pub fn lose_egress(&mut self, index: u32, share: f64) {
        self.hosts[index as usize].egress_loss = share;
    }

    /// Makes a node take `work` to read each datagram, one at a time.
    pub fn slow_down(&mut self, index: u32, work: Duration) {
        self.hosts[index as usize].work = work;
    }

    /// Sets a node's clock `ahead` of true time, at the latest before its first call; from
    /// then on it runs fast by `drift_ppm` millionths, or slow where that is negative.
    pub fn skew(&mut self, index: u32, ahead: Duration, drift_ppm: i32) {
        let host = &mut self.hosts[index as usize];
        host.clock_ahead = ahead;
        host.drift_ppm = drift_ppm;
        self.drain(index);
    }

    /// Puts a host in a region; see [`crate::Weather::between_regions`].
    pub fn place(&mut self, index: u32, region: u16) {
        self.hosts[index as usize].region = region;
    }

    /// Cuts (or mends) the way from one host to another, and only that way.
    pub fn cut(&mut self, from: u32, to: u32, cut: bool) {
        if cut {
            self.cut.insert((from, to));
        } else {
            self.cut.remove(&(from, to));
        }
    }

    /// Cuts (or mends) all ways between two groups, both ways.
    pub fn partition(&mut self, left: &[u32], right: &[u32], cut: bool) {
        for &a in left {
            for &b in right {
                self.cut(a, b, cut);
                self.cut(b, a, cut);
            }
        }
    }

    /// Mends every way and ends every loss at single hosts. Stalls run out by themselves.
    pub fn mend(&mut self) {
        self.cut.clear();
        for host in &mut self.hosts {
            host.ingress_loss = 0.0;
            host.egress_loss = 0.0;
            host.work = Duration::ZERO;
        }
    }
}
