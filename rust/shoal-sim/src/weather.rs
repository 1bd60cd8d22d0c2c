//! What the network does to everything that it carries.

use std::time::Duration;

use crate::latency::Latency;

/// The state of the whole network; faults of single nodes and ways come on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Weather {
    /// One-way delay within a region.
    pub latency: Latency,
    /// One-way delay that is added between two regions, by their numbers; absent means none.
    pub between_regions: Vec<Vec<Duration>>,
    /// Probability that a datagram is lost. A stream repeats what is lost, at a cost in time.
    pub loss: f64,
    /// Probability that a datagram arrives twice.
    pub duplicates: f64,
    /// Probability that a datagram is held back by up to [`Weather::held_back_by`].
    pub reorder: f64,
    /// The longest time for which a reordered datagram is held back.
    pub held_back_by: Duration,
}

impl Weather {
    /// One quiet datacenter: 0.2 to 0.4 ms each way and no loss.
    pub const fn calm() -> Self {
        Self {
            latency: Latency::Uniform {
                least: Duration::from_micros(200),
                most: Duration::from_micros(400),
            },
            between_regions: Vec::new(),
            loss: 0.0,
            duplicates: 0.0,
            reorder: 0.0,
            held_back_by: Duration::from_millis(50),
        }
    }

    /// What is added between two regions.
    pub(crate) fn between(&self, from: u16, to: u16) -> Duration {
        let row = self.between_regions.get(usize::from(from));
        let way = row.and_then(|row| row.get(usize::from(to)));
        way.copied().unwrap_or(Duration::ZERO)
    }
}

impl Default for Weather {
    fn default() -> Self {
        Self::calm()
    }
}
