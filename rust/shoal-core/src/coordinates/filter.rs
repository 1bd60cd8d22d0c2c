//! The latency filter: one member's round trips, without their spikes.

use core::time::Duration;

/// The median of the last three round trips to one member.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LatencyFilter {
    micros: [u32; 3],
    seen: u8,
}

impl LatencyFilter {
    /// Takes a round trip in, gives the filtered one out. The first comes out as it went in;
    /// of two the smaller, which queueing touched less.
    pub(crate) fn push(&mut self, rtt: Duration) -> Duration {
        let sample = u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX);
        self.micros[usize::from(self.seen % 3)] = sample;
        // Counts 0, 1, 2, then cycles through 3, 4, 5 so that the slot to replace is known.
        self.seen = if self.seen >= 5 { 3 } else { self.seen + 1 };
        let [a, b, c] = self.micros;
        let filtered = match self.seen {
            1 => a,
            2 => a.min(b),
            _ => a.max(b).min(a.min(b).max(c)),
        };
        Duration::from_micros(u64::from(filtered))
    }
}
