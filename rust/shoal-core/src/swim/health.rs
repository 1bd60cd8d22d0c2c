//! How well we are ourselves (Lifeguard section IV-A).

use super::Node;

/// A score from zero, which is healthy, to a maximum; the multiplier is one more.
#[derive(Debug)]
pub(super) struct Health {
    score: u32,
    max: u32,
}

impl Health {
    pub(super) fn new(max: u32) -> Self {
        Self { score: 0, max }
    }

    pub(super) fn score(&self) -> u32 {
        self.score
    }

    pub(super) fn multiplier(&self) -> u32 {
        self.score + 1
    }
}

impl Node {
    /// Evidence that we, and not those we judge, are slow.
    pub(super) fn worsen_health(&mut self, by: u32) {
        let score = (self.health.score + by).min(self.health.max);
        self.set_health(score);
    }

    /// Evidence that we are on time.
    pub(super) fn mend_health(&mut self) {
        if self.health.score > 0 {
            self.set_health(self.health.score - 1);
        }
    }

    fn set_health(&mut self, score: u32) {
        if score == self.health.score {
            return;
        }
        self.health.score = score;
        if self.config.lifeguard.aware_suspicion {
            self.suspicions.set_multiplier(score + 1, self.now);
        }
    }

    /// By how much probing is stretched.
    pub(super) fn probe_multiplier(&self) -> u32 {
        if self.pulse.aware_probe {
            self.health.multiplier()
        } else {
            1
        }
    }
}
