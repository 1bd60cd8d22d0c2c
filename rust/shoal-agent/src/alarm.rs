//! Timers of memberships. One that waits long may be a little late, so that the members of one
//! process that are due at about the same time are served by one wake-up: a wake-up costs more
//! than what a quiet member does in it.

use shoal_core::wheel::{TimerKey, Wheel};
use shoal_core::Instant;

/// A timer may be late by this part of the time that it waits.
const SLACK_SHARE: u64 = 8;
/// And by no more than this, microseconds: a power of two, so that every grid holds those above.
const MOST_SLACK: u64 = 1 << 16;

/// One timer that is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alarm {
    key: TimerKey,
    wanted: Instant,
}

impl Alarm {
    pub(crate) fn key(&self) -> TimerKey {
        self.key
    }
}

/// Points one timer at `wanted`; `slack` says how late that may be.
pub(crate) fn rearm<T>(
    wheel: &mut Wheel<T>,
    alarm: &mut Option<Alarm>,
    wanted: Option<Instant>,
    slack: impl FnOnce(Instant) -> Instant,
    due: T,
) {
    match (*alarm, wanted) {
        (Some(set), Some(wanted)) if set.wanted == wanted => {}
        (Some(Alarm { key, .. }), Some(wanted)) => {
            wheel.reschedule(key, slack(wanted));
            *alarm = Some(Alarm { key, wanted });
        }
        (Some(Alarm { key, .. }), None) => {
            wheel.cancel(key);
            *alarm = None;
        }
        (None, Some(wanted)) => {
            let key = wheel.insert(slack(wanted), due);
            *alarm = Some(Alarm { key, wanted });
        }
        (None, None) => {}
    }
}

/// The next moment of a grid that others wait for too. Never early; late by at most an
/// eighth of the time from `now` on, and by 66 ms.
pub(crate) fn coarse(deadline: Instant, now: Instant) -> Instant {
    let waits = deadline.as_micros().saturating_sub(now.as_micros());
    let grid = 1 << (waits / SLACK_SHARE).clamp(1, MOST_SLACK).ilog2();
    Instant::from_micros(deadline.as_micros().div_ceil(grid) * grid)
}

#[cfg(test)]
mod tests {
    use super::{coarse, rearm, Alarm};
    use shoal_core::wheel::Wheel;
    use shoal_core::Instant;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn a_deadline_is_never_early_and_late_by_an_eighth_of_the_wait_at_most() {
        let now = at(7_000_001);
        for waits in [0, 1, 15, 16, 999, 100_000, 1_000_000, 60_000_000] {
            let deadline = at(now.as_micros() + waits);
            let late = coarse(deadline, now).as_micros() - deadline.as_micros();
            assert!(late <= waits / 8, "{waits}: {late}");
            assert!(late < 1 << 16, "{waits}: {late}");
        }
    }

    #[test]
    fn members_that_are_due_at_about_the_same_time_are_served_at_once() {
        let moments: std::collections::BTreeSet<_> = (0..50)
            .map(|number| coarse(at(1_000_000 + number * 1_000), at(0)).as_micros())
            .collect();
        assert!(moments.len() <= 2, "{moments:?}");
    }

    #[test]
    fn a_timer_whose_deadline_stays_is_left_where_it_is() {
        let mut wheel = Wheel::new(at(0));
        let mut alarm: Option<Alarm> = None;
        rearm(&mut wheel, &mut alarm, Some(at(5_000)), |at| at, "due");
        let key = alarm.unwrap().key();
        rearm(&mut wheel, &mut alarm, Some(at(5_000)), |_| at(1), "due");
        let mut due = Vec::new();
        wheel.advance(at(4_000), &mut due);
        assert!(due.is_empty());
        rearm(&mut wheel, &mut alarm, None, |at| at, "due");
        assert!(alarm.is_none());
        assert!(wheel.cancel(key).is_none());
    }
}
