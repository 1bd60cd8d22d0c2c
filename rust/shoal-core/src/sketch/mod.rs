//! A mergeable sketch of durations with a relative-error bound.
//!
//! DDSketch (Masson, Rim and Lee, VLDB 2019) with a range fixed in advance: values lie
//! between a microsecond and eleven days, so the number of bins has a bound that no input
//! can move and no bin is ever collapsed. Counts and the sum are integers, which makes
//! merging exact: the order in which sketches meet never changes what comes out.

mod codec;
#[cfg(test)]
mod tests;

pub use codec::SketchError;

/// Largest relative error of a quantile, for values inside the range.
pub const RELATIVE_ERROR: f64 = 0.01;
/// Values below this many seconds count as zero.
pub const SMALLEST_SECONDS: f64 = 1e-6;
/// Values above this many seconds are taken for this many.
pub const LARGEST_SECONDS: f64 = 1e6;
/// Bins a sketch can hold: the range above, cut at the relative error above.
pub const MAX_BINS: usize = 1_400;

const GAMMA: f64 = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR);
const LOWEST_BIN: i32 = -(MAX_BINS as i32) / 2;
const HIGHEST_BIN: i32 = MAX_BINS as i32 / 2 - 1;
const NANOS_PER_SECOND: f64 = 1e9;

/// Counts of durations in bins whose bounds grow by a constant ratio.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LatencySketch {
    /// Values under [`SMALLEST_SECONDS`].
    zeros: u64,
    /// Bin number of `bins[0]`.
    first: i32,
    bins: Vec<u64>,
    sum_nanos: u128,
    extremes: Option<Extremes>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Extremes {
    least: f64,
    most: f64,
}

impl LatencySketch {
    /// An empty sketch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one duration.
    ///
    /// # Errors
    /// [`SketchError::NotADuration`] where `seconds` is negative or not finite; the sketch is
    /// unchanged, and whoever measured the value is at fault.
    pub fn add(&mut self, seconds: f64) -> Result<(), SketchError> {
        if !seconds.is_finite() || seconds < 0.0 {
            return Err(SketchError::NotADuration { seconds });
        }
        let value = seconds.min(LARGEST_SECONDS);
        if value < SMALLEST_SECONDS {
            self.zeros = self.zeros.saturating_add(1);
        } else {
            self.count_in_bin(bin_of(value), 1);
        }
        let nanos = (value * NANOS_PER_SECOND).round() as u128;
        self.sum_nanos = self.sum_nanos.saturating_add(nanos);
        self.widen(Extremes {
            least: value,
            most: value,
        });
        Ok(())
    }

    /// Adds everything that `other` counted. Commutative, associative, exact.
    pub fn merge(&mut self, other: &Self) {
        self.zeros = self.zeros.saturating_add(other.zeros);
        for (offset, &count) in other.bins.iter().enumerate() {
            if count > 0 {
                self.count_in_bin(other.first + offset as i32, count);
            }
        }
        self.sum_nanos = self.sum_nanos.saturating_add(other.sum_nanos);
        if let Some(extremes) = other.extremes {
            self.widen(extremes);
        }
    }

    /// What was counted after `earlier`, a past state of this same sketch. The extremes are
    /// those of the bins, so they hold within the relative error.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut added = Self {
            zeros: self.zeros.saturating_sub(earlier.zeros),
            sum_nanos: self.sum_nanos.saturating_sub(earlier.sum_nanos),
            ..Self::default()
        };
        for (offset, &count) in self.bins.iter().enumerate() {
            let bin = self.first + offset as i32;
            let count = count.saturating_sub(earlier.in_bin(bin));
            if count > 0 {
                added.count_in_bin(bin, count);
            }
        }
        if let Some(known) = self.extremes.filter(|_| added.count() > 0) {
            let least = if added.zeros > 0 {
                0.0
            } else {
                middle_of(added.first)
            };
            let most = middle_of(added.first + added.bins.len() as i32 - 1);
            let most = if added.bins.is_empty() {
                SMALLEST_SECONDS
            } else {
                most
            };
            let within = |value: f64| value.clamp(known.least, known.most);
            added.extremes = Some(Extremes {
                least: within(least),
                most: within(most),
            });
        }
        added
    }

    /// The duration in seconds below which a share `q` of the values lies, or nothing while
    /// the sketch is empty or `q` is outside 0 to 1. Off by at most [`RELATIVE_ERROR`] of the
    /// true value.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let extremes = self.extremes?;
        if !(0.0..=1.0).contains(&q) {
            return None;
        }
        let last = self.count().saturating_sub(1);
        let rank = (q * last as f64).floor() as u64;
        if rank >= last {
            return Some(extremes.most);
        }
        let mut seen = self.zeros;
        if rank == 0 || rank < seen {
            return Some(extremes.least);
        }
        for (offset, &count) in self.bins.iter().enumerate() {
            seen = seen.saturating_add(count);
            if rank < seen {
                let middle = middle_of(self.first + offset as i32);
                return Some(middle.clamp(extremes.least, extremes.most));
            }
        }
        Some(extremes.most)
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.bins
            .iter()
            .fold(self.zeros, |sum, &count| sum.saturating_add(count))
    }

    /// How many of the values were at most `seconds`, within the relative error.
    pub fn count_at_most(&self, seconds: f64) -> u64 {
        if seconds.is_nan() || seconds < 0.0 {
            return 0;
        }
        if seconds < SMALLEST_SECONDS {
            return self.zeros;
        }
        let last = bin_of(seconds.min(LARGEST_SECONDS));
        let within = usize::try_from(last - self.first + 1)
            .unwrap_or(0)
            .min(self.bins.len());
        self.bins[..within]
            .iter()
            .fold(self.zeros, |sum, &count| sum.saturating_add(count))
    }

    /// Sum of the values in seconds.
    pub fn sum(&self) -> f64 {
        self.sum_nanos as f64 / NANOS_PER_SECOND
    }

    /// The smallest and the largest value in seconds, or nothing while empty.
    pub fn extremes(&self) -> Option<(f64, f64)> {
        self.extremes
            .map(|extremes| (extremes.least, extremes.most))
    }

    fn in_bin(&self, bin: i32) -> u64 {
        let offset = usize::try_from(bin - self.first).ok();
        offset
            .and_then(|offset| self.bins.get(offset))
            .copied()
            .unwrap_or(0)
    }

    fn widen(&mut self, seen: Extremes) {
        let known = self.extremes.unwrap_or(seen);
        self.extremes = Some(Extremes {
            least: known.least.min(seen.least),
            most: known.most.max(seen.most),
        });
    }

    fn count_in_bin(&mut self, bin: i32, count: u64) {
        if self.bins.is_empty() {
            self.first = bin;
        }
        if bin < self.first {
            let missing = (self.first - bin) as usize;
            self.bins.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = bin;
        }
        let offset = (bin - self.first) as usize;
        if offset >= self.bins.len() {
            self.bins.resize(offset + 1, 0);
        }
        self.bins[offset] = self.bins[offset].saturating_add(count);
    }
}

fn bin_of(value: f64) -> i32 {
    let bin = (value.ln() / GAMMA.ln()).ceil() as i32;
    bin.clamp(LOWEST_BIN, HIGHEST_BIN)
}

fn middle_of(bin: i32) -> f64 {
    2.0 * GAMMA.powi(bin) / (GAMMA + 1.0)
}
