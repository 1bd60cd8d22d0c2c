//! When suspicions are due, under a health multiplier that can change at any time.
//!
//! A suspicion with time allowed `t` is due at `start + m * t`, where `m` is the multiplier
//! at the moment of judging. There is one wheel for each multiplier. A suspicion stands in
//! wheel `k` where `k` is the least multiplier under which it was not yet due when it was put
//! there, and its timer is `start + k * t`. Hence:
//!
//! - while the multiplier is `m`, wheels 1 to `m` wake their suspicions no later than they are
//!   due, and one that wakes before it is due moves to the next wheel;
//! - whatever stands in a wheel above `m` was due under `m` already, so lowering the
//!   multiplier needs no search: those wheels are emptied, and nothing else is.
//!
//! Changing the multiplier is one assignment.

use crate::wheel::{TimerKey, Wheel};
use crate::Instant;

/// What decides when a suspicion is due, the multiplier aside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) start: Instant,
    /// Microseconds allowed at multiplier 1.
    pub(super) allowed: u64,
    /// Extensions: never due before this.
    pub(super) floor: Instant,
}

impl Pace {
    pub(super) fn deadline(&self, multiplier: u32) -> Instant {
        let waited = self.allowed.saturating_mul(u64::from(multiplier));
        Instant::from_micros(self.start.as_micros().saturating_add(waited)).max(self.floor)
    }

    /// The wheel to stand in at `now`, and the deadline there.
    ///
    /// What is due already under `multiplier` stands in the first wheel, overdue.
    fn stand(&self, now: Instant, multiplier: u32) -> (u32, Instant) {
        let due = self.deadline(multiplier);
        if due <= now {
            return (1, due);
        }
        let waited = now.as_micros().saturating_sub(self.start.as_micros());
        let step = match waited.checked_div(self.allowed) {
            Some(whole) if self.floor <= now && whole < u64::from(multiplier) => whole as u32 + 1,
            _ => 1,
        };
        (step, self.deadline(step))
    }
}

/// A timer in one of the wheels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Armed {
    key: TimerKey,
    step: u32,
}

pub(super) struct Deadlines {
    /// Wheel `k` at `k - 1`; made when first needed.
    wheels: Vec<Wheel<u32>>,
    multiplier: u32,
    most: u32,
    changed_at: Instant,
    woken: Vec<(TimerKey, u32)>,
}

impl Deadlines {
    pub(super) fn new(origin: Instant, most: u32) -> Self {
        Self {
            wheels: vec![Wheel::new(origin)],
            multiplier: 1,
            most: most.max(1),
            changed_at: origin,
            woken: Vec::new(),
        }
    }

    pub(super) const fn multiplier(&self) -> u32 {
        self.multiplier
    }

    pub(super) fn set_multiplier(&mut self, multiplier: u32, now: Instant) {
        self.multiplier = multiplier.clamp(1, self.most);
        self.changed_at = now;
    }

    pub(super) fn arm(&mut self, record: u32, pace: &Pace, now: Instant) -> Armed {
        let (step, deadline) = pace.stand(now, self.multiplier);
        while self.wheels.len() < step as usize {
            self.wheels.push(Wheel::new(now));
        }
        let key = self.wheels[step as usize - 1].insert(deadline, record);
        Armed { key, step }
    }

    pub(super) fn disarm(&mut self, armed: Armed) {
        self.wheels[armed.step as usize - 1].cancel(armed.key);
    }

    pub(super) fn rearm(&mut self, armed: Armed, record: u32, pace: &Pace, now: Instant) -> Armed {
        let (step, deadline) = pace.stand(now, self.multiplier);
        if step != armed.step {
            self.disarm(armed);
            return self.arm(record, pace, now);
        }
        self.wheels[step as usize - 1].reschedule(armed.key, deadline);
        armed
    }

    /// The next moment at which [`Self::wake`] has something to do.
    pub(super) fn next(&self) -> Option<Instant> {
        let (current, above) = self
            .wheels
            .split_at(self.wheels.len().min(self.multiplier as usize));
        let overdue = above
            .iter()
            .any(|wheel| !wheel.is_empty())
            .then_some(self.changed_at);
        current
            .iter()
            .filter_map(Wheel::next_deadline)
            .chain(overdue)
            .min()
    }

    /// The records whose timers ran out at `now`: due, or to be armed again. Their timers are
    /// gone. The list must be handed back through [`Self::recycle`].
    pub(super) fn wake(&mut self, now: Instant) -> Vec<(TimerKey, u32)> {
        let mut woken = core::mem::take(&mut self.woken);
        for (wheel, step) in self.wheels.iter_mut().zip(1..) {
            if step > self.multiplier {
                wheel.drain(&mut woken);
            }
            wheel.advance(now, &mut woken);
        }
        woken
    }

    pub(super) fn recycle(&mut self, mut woken: Vec<(TimerKey, u32)>) {
        woken.clear();
        self.woken = woken;
    }

    /// Gives back what past timers took, where none waits.
    pub(super) fn shrink(&mut self) {
        self.wheels.iter_mut().for_each(Wheel::shrink);
        self.woken = Vec::new();
    }

    pub(super) fn allocated(&self) -> usize {
        self.wheels.iter().map(Wheel::allocated_bytes).sum()
    }
}
