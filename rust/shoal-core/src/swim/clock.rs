//! The protocol's own time, which stands still while the process does.

use core::time::Duration;

use super::Node;
use crate::config::Lifeguard;
use crate::time::Instant;

/// Outside time less the time that the process slept through.
///
/// A process that was stopped for a minute wakes with every deadline passed and every answer
/// still unread in its sockets. Were it to judge by the clock on the wall, it would accuse
/// everybody. On its own clock nothing happened.
#[derive(Debug)]
pub(super) struct Clock {
    paused: Duration,
    /// Lateness above this is a pause.
    patience: Duration,
}

impl Clock {
    pub(super) fn new(config: &Lifeguard) -> Self {
        let patience = if config.pause_clock {
            config.lag_degraded
        } else {
            Duration::MAX
        };
        Self {
            paused: Duration::ZERO,
            patience,
        }
    }

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
        let gap = now.saturating_since(self.now);
        self.now = now;
        // What was handled a moment ago cannot be late by more than that moment.
        if gap > self.clock.patience {
            self.look_for_pause(outside);
        }
    }

    #[cold]
    fn look_for_pause(&mut self, outside: Instant) {
        let Some(due) = self.next_due() else { return };
        let late = self.now.saturating_since(due);
        if late > self.clock.patience {
            self.clock.paused += late;
            self.stats.paused_micros += late.as_micros() as u64;
            self.now = self.clock.inside(outside);
            self.worsen_health(1);
        }
    }
}
