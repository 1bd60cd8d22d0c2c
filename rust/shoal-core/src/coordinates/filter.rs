//! The latency filter: one member's round trips, without their spikes.

use core::time::Duration;

/// The median of the last three round trips to one member: the latest first, in microseconds,
/// zero where there is none yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LatencyFilter {
    micros: [u32; 3],
}

impl LatencyFilter {
    /// Takes a round trip in, gives the filtered one out. The first comes out as it went in;
    /// of two the smaller, which queueing touched less. None is taken for shorter than one
    /// microsecond.
    pub(crate) fn push(&mut self, rtt: Duration) -> Duration {
        let latest = u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX).max(1);
        let [before, earliest, _] = self.micros;
        self.micros = [latest, before, earliest];
        let filtered = match self.micros {
            [a, 0, _] => a,
            [a, b, 0] => a.min(b),
            [a, b, c] => a.max(b).min(a.min(b).max(c)),
        };
        Duration::from_micros(u64::from(filtered))
    }
}
