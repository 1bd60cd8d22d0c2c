//! Everything that happens because time passes.

use core::time::Duration;

use super::{MemberId, Node};
use crate::chance::duration_below;
use crate::time::Instant;
use crate::transmit::{StreamFailure, StreamId};

/// What a timer of the node's wheel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The next protocol period begins.
    Period,
    /// A probe has had no answer, by the nonce of the probe.
    Probe(u32),
    /// A probe that we relay has had no answer, by our nonce.
    Relay(u32),
    /// The next round of gossip.
    Gossip,
    /// Compare views with somebody.
    Sync,
    /// Compare views once more, soon after a large change.
    SyncOnce,
    /// Try to reach somebody who is gone.
    Reconnect,
    /// Forget whom we remembered long enough.
    Reap,
    /// A refutation that was held back.
    Refute,
    /// A stream has taken too long.
    Stream(StreamId),
}

impl Node {
    pub(super) fn arm_periodic(&mut self) {
        let probe = duration_below(&mut self.rng, self.config.probe.interval);
        self.wheel.insert(self.now + probe, Timer::Period);
        let sync = self.sync_interval();
        self.arm_jittered(sync, Timer::Sync);
        self.arm_jittered(self.config.sync.reconnect_interval, Timer::Reconnect);
    }

    /// Arms a timer at `after`, give or take a quarter, so that nodes do not march in step.
    pub(super) fn arm_jittered(&mut self, after: Duration, timer: Timer) {
        let spread = duration_below(&mut self.rng, after / 2);
        self.wheel.insert(self.now + after * 3 / 4 + spread, timer);
    }

    /// When something is due, on our own clock.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let timer = self.wheel.next_deadline();
        if self.suspicions.is_empty() {
            return timer;
        }
        timer
            .into_iter()
            .chain(self.suspicions.next_deadline())
            .min()
    }

    pub(super) fn run_timers(&mut self) {
        let mut due = core::mem::take(&mut self.due);
        self.wheel.advance(self.now, &mut due);
        for (_, timer) in due.drain(..) {
            self.run_timer(timer);
        }
        self.due = due;
        if !self.suspicions.is_empty() {
            self.expire_suspicions();
        }
    }

    fn run_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Period => self.start_period(),
            Timer::Probe(nonce) => self.probe_overdue(nonce),
            Timer::Relay(nonce) => self.relay_overdue(nonce),
            Timer::Gossip => self.gossip_round(),
            Timer::Sync => self.start_sync(),
            Timer::SyncOnce => self.sync_once(),
            Timer::Reconnect => self.reconnect(),
            Timer::Reap => self.reap(),
            Timer::Refute => self.refute_held_back(),
            Timer::Stream(stream) => self.end_stream(stream, StreamFailure::TimedOut),
        }
    }

    /// Forgets whom we remembered long enough, and the oldest where there are too many.
    fn reap(&mut self) {
        self.reap_armed = false;
        while let Some((id, since)) = self.table.oldest_gone() {
            let expires = since + self.config.memory.retention;
            if expires > self.now && self.table.gone() <= self.config.limits.gone {
                self.wheel.insert(expires, Timer::Reap);
                self.reap_armed = true;
                return;
            }
            self.forget(id);
        }
    }

    /// A member is gone as of now: makes sure that its row will be forgotten in time.
    pub(super) fn remember_gone(&mut self) {
        if !self.reap_armed || self.table.gone() > self.config.limits.gone {
            self.reap();
        }
    }

    fn forget(&mut self, id: MemberId) {
        let Some(row) = self.table.forget(id) else {
            return;
        };
        self.contacts.remove(row.contact);
        self.accusers.remove(&id);
        self.drop_news_of(id);
        self.probes.retain(|probe| probe.target != id);
    }
}
