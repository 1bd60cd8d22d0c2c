//! How far this process runs behind: the agent's own wake-ups, and the pulse of its readers.
//!
//! Lifeguard's self-awareness (section IV-A) wants a node to know that it is slow before it
//! accuses others. A reader that stalls makes the node degraded in the eyes of the others,
//! never dead: the agent goes on answering.

use core::time::Duration;

use shoal_core::Instant;

/// How often lag is sampled.
pub const SAMPLE_INTERVAL: Duration = Duration::from_millis(250);
/// The pulse that readers are asked to keep.
pub const PULSE_INTERVAL: Duration = Duration::from_millis(500);
/// A reader that missed its pulse for this long is stalled. Shorter pauses (a garbage
/// collection, a slow callback) are the daily life of a Python service.
pub const READER_PATIENCE: Duration = Duration::from_millis(750);
/// Lateness of the agent itself below which nothing is said.
const AGENT_PATIENCE: Duration = Duration::from_millis(50);

/// The agent's own lateness since the last sample.
#[derive(Debug, Default)]
pub(crate) struct Lateness {
    worst: Duration,
    late: u64,
}

impl Lateness {
    /// A wake-up that was due at `deadline` happened at `now`.
    pub(crate) fn note(&mut self, deadline: Instant, now: Instant) {
        let late = now.saturating_since(deadline);
        self.worst = self.worst.max(late);
        self.late += u64::from(late >= AGENT_PATIENCE);
    }

    /// How many wake-ups were late since the last call.
    pub(crate) fn take_late(&mut self) -> u64 {
        std::mem::take(&mut self.late)
    }

    /// The worst since the last call; zero where it is not worth a word.
    pub(crate) fn take(&mut self) -> Duration {
        let worst = std::mem::take(&mut self.worst);
        if worst < AGENT_PATIENCE {
            Duration::ZERO
        } else {
            worst
        }
    }
}

/// A member that was late is well again once it has not been late for so long: on a machine
/// that is late now and then, everybody would otherwise hear of each time, twice.
const CALM: Duration = Duration::from_secs(5);

/// What of its lag a member has to tell.
#[derive(Debug, Default)]
pub(crate) struct Calm {
    late_at: Option<Instant>,
}

impl Calm {
    /// What the core is to hear of a lag measured at `now`, where below `well` is well.
    pub(crate) fn tell(&mut self, lag: Duration, well: Duration, now: Instant) -> Option<Duration> {
        if lag >= well {
            self.late_at = Some(now);
            return Some(lag);
        }
        if now.saturating_since(self.late_at?) < CALM {
            return None;
        }
        self.late_at = None;
        Some(lag)
    }
}

/// How long a reader has missed its pulse; zero within the patience or before its first beat.
pub(crate) fn reader_lag(last_beat: Option<Instant>, now: Instant) -> Duration {
    let Some(beat) = last_beat else {
        return Duration::ZERO;
    };
    let silent = now.saturating_since(beat).saturating_sub(PULSE_INTERVAL);
    if silent < READER_PATIENCE {
        Duration::ZERO
    } else {
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::{reader_lag, Calm, Lateness};
    use core::time::Duration;
    use shoal_core::Instant;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn only_the_worst_lateness_of_a_sample_is_told_and_only_once() {
        let mut lateness = Lateness::default();
        lateness.note(at(100), at(180));
        lateness.note(at(300), at(360));
        assert_eq!(lateness.take(), Duration::from_millis(80));
        assert_eq!(lateness.take(), Duration::ZERO);
        lateness.note(at(400), at(410));
        assert_eq!(
            lateness.take(),
            Duration::ZERO,
            "ten milliseconds are no news"
        );
    }

    #[test]
    fn wake_ups_later_than_the_patience_are_counted_once() {
        let mut lateness = Lateness::default();
        lateness.note(at(100), at(149));
        lateness.note(at(200), at(250));
        lateness.note(at(300), at(900));
        assert_eq!(lateness.take_late(), 2);
        assert_eq!(lateness.take_late(), 0);
    }

    #[test]
    fn a_reader_is_late_once_its_pulse_stays_away_beyond_patience() {
        assert_eq!(reader_lag(None, at(9_000)), Duration::ZERO);
        assert_eq!(reader_lag(Some(at(1_000)), at(2_200)), Duration::ZERO);
        let lag = reader_lag(Some(at(1_000)), at(2_400));
        assert_eq!(lag, Duration::from_millis(900));
    }

    #[test]
    fn a_member_that_is_late_now_and_then_is_well_again_only_once_it_stays_so() {
        let (fine, late) = (Duration::ZERO, Duration::from_millis(300));
        let well = Duration::from_millis(100);
        let mut calm = Calm::default();
        assert_eq!(calm.tell(fine, well, at(0)), None, "nothing to say");
        assert_eq!(calm.tell(late, well, at(1_000)), Some(late));
        assert_eq!(calm.tell(fine, well, at(4_000)), None);
        assert_eq!(calm.tell(late, well, at(5_000)), Some(late));
        assert_eq!(calm.tell(fine, well, at(9_999)), None);
        assert_eq!(calm.tell(fine, well, at(10_000)), Some(fine));
        assert_eq!(calm.tell(fine, well, at(11_000)), None, "said once");
    }
}
