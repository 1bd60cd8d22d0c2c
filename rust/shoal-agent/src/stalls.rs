//! How often and how long a reader was silent, and whether a lock was the reason.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What is known of a reader's silences since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stalls {
    /// Times that the reader missed its pulse beyond patience.
    pub count: u64,
    /// The longest of them so far, a present one included.
    pub longest: Duration,
    /// Times that the interpreter's lock could not be had for long meanwhile.
    pub lock_count: u64,
    /// The longest wait for it.
    pub lock_longest: Duration,
}

#[derive(Default)]
pub(crate) struct StallLog {
    stalled: AtomicBool,
    count: AtomicU64,
    longest: AtomicU64,
    lock_count: AtomicU64,
    lock_longest: AtomicU64,
}

impl StallLog {
    /// The reader is silent for `lag`, zero where it is not.
    pub(crate) fn note_silence(&self, lag: Duration) {
        let stalled = !lag.is_zero();
        if stalled && !self.stalled.load(Ordering::Relaxed) {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        self.stalled.store(stalled, Ordering::Relaxed);
        self.longest.fetch_max(micros(lag), Ordering::Relaxed);
    }

    /// Somebody had to wait for the interpreter's lock while the reader was silent.
    pub(crate) fn note_lock_wait(&self, wait: Duration) {
        self.lock_count.fetch_add(1, Ordering::Relaxed);
        self.lock_longest.fetch_max(micros(wait), Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Stalls {
        let duration = |value: &AtomicU64| Duration::from_micros(value.load(Ordering::Relaxed));
        Stalls {
            count: self.count.load(Ordering::Relaxed),
            longest: duration(&self.longest),
            lock_count: self.lock_count.load(Ordering::Relaxed),
            lock_longest: duration(&self.lock_longest),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Duration, StallLog};

    #[test]
    fn one_silence_counts_once_however_often_it_is_noted() {
        let log = StallLog::default();
        for millis in [0, 800, 1_050, 1_300, 0, 900, 0] {
            log.note_silence(Duration::from_millis(millis));
        }
        let stalls = log.read();
        assert_eq!(
            (stalls.count, stalls.longest),
            (2, Duration::from_millis(1_300))
        );
        assert_eq!(stalls.lock_count, 0);
    }
}
