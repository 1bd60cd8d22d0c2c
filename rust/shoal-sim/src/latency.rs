//! How long one datagram is under way.

use std::time::Duration;

use rand_core::Rng;

/// A distribution of one-way delays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Latency {
    /// Always the same.
    Fixed(Duration),
    /// Anything between the two, equally likely.
    Uniform {
        /// The shortest delay.
        least: Duration,
        /// The longest delay.
        most: Duration,
    },
    /// A floor and an exponential tail above it: queues on the way.
    Exponential {
        /// The shortest delay.
        least: Duration,
        /// The mean of what comes on top.
        mean: Duration,
    },
    /// Log-normal: what wide-area paths show.
    LogNormal {
        /// Half of the delays are shorter.
        median: Duration,
        /// Standard deviation of the logarithm; 0.1 is a quiet path, 0.5 a bad one.
        sigma: f64,
    },
}

impl Latency {
    /// Draws one delay.
    pub fn draw(&self, rng: &mut impl Rng) -> Duration {
        match *self {
            Self::Fixed(delay) => delay,
            Self::Uniform { least, most } => least + (most - least).mul_f64(unit(rng)),
            Self::Exponential { least, mean } => {
                least + mean.mul_f64((-(1.0 - unit(rng)).ln()).min(20.0))
            }
            Self::LogNormal { median, sigma } => {
                median.mul_f64((sigma * normal(rng)).exp().min(100.0))
            }
        }
    }
}

/// A number from zero up to but not including one.
pub(crate) fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The sum of twelve uniform draws less six: normal as far as anybody can tell here.
fn normal(rng: &mut impl Rng) -> f64 {
    (0..12).map(|_| unit(rng)).sum::<f64>() - 6.0
}

/// Whether something of this probability happens now. Draws nothing where it cannot.
pub(crate) fn chance(rng: &mut impl Rng, probability: f64) -> bool {
    probability > 0.0 && unit(rng) < probability
}
