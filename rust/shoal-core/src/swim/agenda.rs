//! When what is to happen: a fixed place for each thing that happens once at a time, a wheel
//! for the rest.
//!
//! A quiet period arms and fires two of the fixed places. They are eight words in a row, so
//! that finding the next costs less than one bucket of a wheel; the wheel is made when a node
//! first relays a probe or opens a stream.

#[cfg(test)]
mod tests;

use super::timers::{Rare, Timer};
use crate::time::Instant;
use crate::wheel::{TimerKey, Wheel};

/// How many kinds of [`Timer`] there are.
const PLACES: usize = Timer::ALL.len();

/// Not armed.
const NEVER: Instant = Instant::from_micros(u64::MAX);

#[derive(Debug)]
pub(super) struct Agenda {
    /// The earliest of `at`.
    next: Instant,
    at: [Instant; PLACES],
    /// The earliest of `rare`, here because the wheel is far away and mostly empty.
    rare_next: Instant,
    rare: Option<Box<Wheel<Rare>>>,
}

impl Agenda {
    pub(super) fn new() -> Self {
        Self {
            next: NEVER,
            at: [NEVER; PLACES],
            rare_next: NEVER,
            rare: None,
        }
    }

    /// Arms a timer, in place of an earlier arming of the same.
    pub(super) fn arm(&mut self, timer: Timer, at: Instant) {
        let before = core::mem::replace(&mut self.at[timer as usize], at);
        if at <= self.next {
            self.next = at;
        } else if before == self.next {
            self.find_next();
        }
    }

    pub(super) fn is_armed(&self, timer: Timer) -> bool {
        self.at[timer as usize] != NEVER
    }

    /// Whether no other timer is due before this one.
    pub(super) fn is_first(&self, timer: Timer) -> bool {
        self.at[timer as usize] == self.next
    }

    /// Moves a timer to `at` or, without that, takes it out.
    pub(super) fn set(&mut self, timer: Timer, at: Option<Instant>) {
        self.arm(timer, at.unwrap_or(NEVER));
    }

    /// Takes out the timer that is due first, where one is due at `now`.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer> {
        if self.next > now || self.next == NEVER {
            return None;
        }
        let timer = *Timer::ALL
            .iter()
            .find(|timer| self.at[**timer as usize] == self.next)?;
        self.at[timer as usize] = NEVER;
        self.find_next();
        Some(timer)
    }

    /// Arms one of the timers of which there may be many.
    pub(super) fn arm_rare(&mut self, now: Instant, at: Instant, timer: Rare) -> TimerKey {
        self.rare_next = self.rare_next.min(at);
        self.rare
            .get_or_insert_with(|| Box::new(Wheel::new(now)))
            .insert(at, timer)
    }

    pub(super) fn cancel_rare(&mut self, key: TimerKey) {
        if let Some(wheel) = &mut self.rare {
            wheel.cancel(key);
        }
        self.find_rare_next();
    }

    /// Takes out the rare timers that are due.
    pub(super) fn pop_rare(&mut self, now: Instant) -> Vec<(TimerKey, Rare)> {
        let mut due = Vec::new();
        if self.rare_next <= now {
            if let Some(wheel) = &mut self.rare {
                wheel.advance(now, &mut due);
            }
            self.find_rare_next();
        }
        due
    }

    /// Gives back what rare timers took, where none waits.
    pub(super) fn shrink(&mut self) {
        if let Some(wheel) = &mut self.rare {
            wheel.shrink();
        }
    }

    #[cfg(test)]
    pub(super) fn allocated_bytes(&self) -> usize {
        self.rare
            .as_ref()
            .map_or(0, |wheel| wheel.allocated_bytes())
    }

    /// When something is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let next = self.next.min(self.rare_next);
        (next != NEVER).then_some(next)
    }

    /// How many timers wait.
    pub(super) fn len(&self) -> usize {
        let fixed = self.at.iter().filter(|at| **at != NEVER).count();
        fixed + self.rare.as_ref().map_or(0, |wheel| wheel.len())
    }

    /// Slots in use on each level of the wheel, the finest first.
    pub(super) fn slots_in_use(&self) -> [u32; 9] {
        let wheel = self.rare.as_ref();
        wheel.map_or([0; 9], |wheel| wheel.slots_in_use())
    }

    fn find_rare_next(&mut self) {
        let next = self.rare.as_ref().and_then(|wheel| wheel.next_deadline());
        self.rare_next = next.unwrap_or(NEVER);
    }

    fn find_next(&mut self) {
        self.next = self.at.iter().copied().fold(NEVER, Instant::min);
    }
}
