//! Lifeguard's dynamic suspicion timeout.

use core::time::Duration;
use std::sync::LazyLock;

/// Confirmations that can be expected; more bring nothing.
const MOST_CONFIRMATIONS: u32 = 64;

/// Natural logarithms of the numbers up to one more than that.
static LOGARITHMS: LazyLock<[f64; MOST_CONFIRMATIONS as usize + 2]> =
    LazyLock::new(|| core::array::from_fn(|number| (number as f64).ln()));

/// The bounds of one suspicion, settled when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    min_micros: u64,
    max_micros: u64,
    expected: u32,
}

impl Timeout {
    /// Bounds given outright. `max` counts as `min` where it is less; more than 64 expected
    /// confirmations count as 64. With none expected the timeout is always `min`.
    pub fn new(min: Duration, max: Duration, expected: u32) -> Self {
        let min_micros = micros(min);
        Self {
            min_micros,
            max_micros: micros(max).max(min_micros),
            expected: expected.min(MOST_CONFIRMATIONS),
        }
    }

    /// Lifeguard's bounds for a cluster of `members`, ourselves included:
    /// `min = alpha * max(1, log10(members + 1)) * probe_interval` and `max = beta * min`.
    ///
    /// Confirmations that the cluster has nobody to give are not waited for: only members
    /// other than the accused and the accuser can confirm.
    pub fn lifeguard(
        alpha: f64,
        beta: f64,
        expected: u32,
        members: usize,
        probe_interval: Duration,
    ) -> Self {
        let scale = (members as f64 + 1.0).log10().max(1.0);
        let min = seconds(alpha * scale * probe_interval.as_secs_f64());
        let max = seconds(beta.max(1.0) * min.as_secs_f64());
        let available = u32::try_from(members.saturating_sub(2)).unwrap_or(u32::MAX);
        Self::new(min, max, if available < expected { 0 } else { expected })
    }

    /// The same with a `min` of at least `floor`, and `max` longer by as much in proportion.
    #[must_use]
    pub fn no_shorter_than(self, floor: Duration) -> Self {
        let floor = micros(floor);
        if self.min_micros >= floor {
            return self;
        }
        let beta = self.max_micros as f64 / self.min_micros.max(1) as f64;
        Self {
            min_micros: floor,
            max_micros: (floor as f64 * beta) as u64,
            ..self
        }
    }

    /// The time allowed after `confirmations`, before the health multiplier:
    /// `max(min, max - (max - min) * ln(c + 1) / ln(k + 1))`.
    pub fn after(&self, confirmations: u32) -> Duration {
        Duration::from_micros(self.micros_after(confirmations))
    }

    /// The shortest time allowed.
    pub const fn min(&self) -> Duration {
        Duration::from_micros(self.min_micros)
    }

    /// The time allowed while nobody confirms.
    pub const fn max(&self) -> Duration {
        Duration::from_micros(self.max_micros)
    }

    /// Confirmations after which the time allowed is [`Self::min`].
    pub const fn expected(&self) -> u32 {
        self.expected
    }

    pub(super) fn micros_after(&self, confirmations: u32) -> u64 {
        if confirmations >= self.expected {
            return self.min_micros;
        }
        if confirmations == 0 {
            return self.max_micros;
        }
        let logarithm = |number: u32| LOGARITHMS[number as usize + 1];
        let share = logarithm(confirmations) / logarithm(self.expected);
        let saved = (self.max_micros - self.min_micros) as f64 * share;
        self.max_micros
            .saturating_sub(saved as u64)
            .max(self.min_micros)
    }
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.max(0.0)).unwrap_or(Duration::MAX)
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
