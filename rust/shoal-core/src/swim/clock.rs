//! The protocol's own time, which stands still while the process does.

use core::time::Duration;

use super::Node;
use crate::time::Instant;

/// Outside time less the time that the process slept through.
///
/// A process that was stopped for a minute wakes with every deadline passed and every answer
/// still unread in its sockets. Were it to judge by the clock on the wall, it would accuse
/// everybody. On its own clock nothing happened.
#[derive(Debug, Default)]
pub(super) struct Clock {
    paused: Duration,
}

impl Clock {
    fn inside(&self, outside: Instant) -> Instant {
        outside - self.paused
    }

    pub(super) fn outside(&self, inside: Instant) -> Instant {
        inside + self.paused
    }
}

impl Node {
    /// Takes the host's time in. More lateness than a healthy host shows is a pause.
    pub(super) fn enter(&mut self, outside: Instant) {
        let now = self.clock.inside(outside).max(self.now);
        self.now = now;
        let patience = self.config.lifeguard.lag_degraded;
        let Some(due) = self.next_due() else { return };
        let late = now.saturating_since(due);
        if late <= patience || !self.config.lifeguard.pause_clock {
            return;
        }
        self.clock.paused += late;
        self.stats.paused_micros += late.as_micros() as u64;
        self.now = self.clock.inside(outside);
        self.worsen_health(1);
    }
}
