//! Everything that happens because time passes.

use core::time::Duration;

use super::{MemberId, Node};
use crate::chance::duration_below;
use crate::time::Instant;
use crate::transmit::{StreamFailure, StreamId};

/// What happens once at a time. Of two that are due at the same moment the upper goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The next protocol period begins.
    Period,
    /// A probe has had no answer.
    Probes,
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
}

impl Timer {
    pub(super) const ALL: [Self; 8] = [
        Self::Period,
        Self::Probes,
        Self::Gossip,
        Self::Sync,
        Self::SyncOnce,
        Self::Reconnect,
        Self::Reap,
        Self::Refute,
    ];
}

/// What may be under way many times over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rare {
    /// A probe that we relay has had no answer, by our nonce.
    Relay(u32),
    /// A stream has taken too long.
    Stream(StreamId),
    /// The last look at a suspect, by its instance, has taken long enough.
    Verdict(u64),
}

impl Node {
    pub(super) fn arm_periodic(&mut self) {
        let probe = duration_below(&mut self.rng, self.config.probe.interval);
        self.agenda.arm(Timer::Period, self.now + probe);
        let sync = self.sync_interval();
        self.arm_jittered(sync, Timer::Sync);
        self.arm_jittered(self.config.sync.reconnect_interval, Timer::Reconnect);
    }

    /// Arms a timer at `after`, give or take a quarter, so that nodes do not march in step.
    pub(super) fn arm_jittered(&mut self, after: Duration, timer: Timer) {
        let spread = duration_below(&mut self.rng, after / 2);
        self.agenda.arm(timer, self.now + after * 3 / 4 + spread);
    }

    /// When something is due, on our own clock.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let timer = self.agenda.next_due();
        if self.suspicions.is_empty() {
            return timer;
        }
        timer
            .into_iter()
            .chain(self.suspicions.next_deadline())
            .min()
    }

    pub(super) fn run_timers(&mut self) {
        // What a handler arms for this very moment waits for the next call.
        for _ in Timer::ALL {
            let Some(timer) = self.agenda.pop(self.now) else {
                break;
            };
            self.run_timer(timer);
        }
        for (_, timer) in self.agenda.pop_rare(self.now) {
            match timer {
                Rare::Relay(nonce) => self.relay_overdue(nonce),
                Rare::Verdict(instance) => self.pass_verdict(instance),
                Rare::Stream(stream) => self.end_stream(stream, StreamFailure::TimedOut),
            }
        }
        if !self.suspicions.is_empty() {
            self.expire_suspicions();
        }
    }

    fn run_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Period => self.start_period(),
            Timer::Probes => self.probes_overdue(),
            Timer::Gossip => self.gossip_round(),
            Timer::Sync => self.start_sync(),
            Timer::SyncOnce => self.sync_once(),
            Timer::Reconnect => self.reconnect(),
            Timer::Reap => self.reap(),
            Timer::Refute => self.refute_held_back(),
        }
    }

    /// Forgets whom we remembered long enough, and the oldest where there are too many.
    fn reap(&mut self) {
        while let Some((id, since)) = self.table.oldest_gone() {
            let expires = since + self.config.memory.retention;
            if expires > self.now && self.table.gone() <= self.config.limits.gone {
                return self.agenda.arm(Timer::Reap, expires);
            }
            self.forget(id);
        }
    }

    /// A member is gone as of now: makes sure that its row will be forgotten in time.
    pub(super) fn remember_gone(&mut self) {
        if !self.agenda.is_armed(Timer::Reap) || self.table.gone() > self.config.limits.gone {
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
        self.arm_probes();
    }
}
