//! Running what is due, when running it can fail.

use core::fmt::Display;
use std::io::Write;

use super::{TimerKey, Wheel};
use crate::Instant;

/// What one round of [`Firing::run`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// Timers whose handler ran.
    pub handled: usize,
    /// Those among them whose handler returned an error.
    pub failed: usize,
    /// Those among them whose error the owner's callback could not take either.
    pub unreported: usize,
}

/// Timers that were taken out of a wheel and whose handlers have not run yet.
///
/// Keeps its memory between rounds. Where a handler panics, the timers behind it stay here and
/// run first in the next round.
pub struct Firing<T> {
    /// The next to run is the last.
    waiting: Vec<(TimerKey, T)>,
    fresh: Vec<(TimerKey, T)>,
}

impl<T> Firing<T> {
    /// Nothing waits.
    pub const fn new() -> Self {
        Self {
            waiting: Vec::new(),
            fresh: Vec::new(),
        }
    }

    /// Advances `wheel` to `now` and runs `handler` for each due timer, in order.
    ///
    /// An error goes to `on_error` with the timer's key and payload, and the next timer runs.
    /// If `on_error` fails as well, both errors go to standard error. Timers that handlers
    /// insert are for a later round, even if they are due.
    pub fn run<E: Display, R: Display>(
        &mut self,
        wheel: &mut Wheel<T>,
        now: Instant,
        mut handler: impl FnMut(&mut Wheel<T>, TimerKey, &mut T) -> Result<(), E>,
        mut on_error: impl FnMut(TimerKey, &T, &E) -> Result<(), R>,
    ) -> Fired {
        wheel.advance(now, &mut self.fresh);
        self.fresh.reverse();
        self.fresh.append(&mut self.waiting);
        core::mem::swap(&mut self.fresh, &mut self.waiting);
        let mut fired = Fired::default();
        while let Some((key, mut value)) = self.waiting.pop() {
            fired.handled += 1;
            let Err(error) = handler(wheel, key, &mut value) else {
                continue;
            };
            fired.failed += 1;
            if let Err(second) = on_error(key, &value, &error) {
                fired.unreported += 1;
                last_resort(key, &error, &second);
            }
        }
        fired
    }
}

impl<T> Default for Firing<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Nobody is left to tell if standard error is closed too.
fn last_resort(key: TimerKey, error: &dyn Display, second: &dyn Display) {
    let bits = key.to_bits();
    let _closed = writeln!(
        std::io::stderr(),
        "timer {bits:#x} failed: {error}; reporting that failed too: {second}"
    );
}
