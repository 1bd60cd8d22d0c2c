//! Whether our own way to the network is fit for a member.
//!
//! SWIM keeps a member whose network fails one way: as long as it hears of an accusation or
//! its refutations get out, it comes back, again and again (Rapid, USENIX ATC 2018, figures 9
//! and 10). Nobody else can tell such a member from one that is accused falsely. It can
//! itself: most of its own probes go wrong, and the relays that it asked are silent as well.
//! While that is so it lets accusations stand, and it comes back once it has been well for a
//! time, so that a network that flaps does not make the cluster flap. Where the others accuse
//! one another as they accuse us, the network fails everybody, and more silence is needed.

use core::time::Duration;

use super::Node;
use crate::time::Instant;

/// Share of the latest outcome in the running mean: about the last seven probes count.
const GAIN: f32 = 0.25;

/// The same while others are accused as we are: about the last fifteen probes count. A network
/// that loses datagrams of everybody alike makes two or three silences in a row now and then;
/// were all to stand down for that, all would be buried.
const GAIN_WHEN_COMMON: f32 = 0.125;

/// What one more probe leaves of the accusations before it: about the last twenty probes count.
const REMEMBERED: f32 = 0.95;

/// We are accused as others are up to this many times their average.
const MOST_ALIKE: f32 = 4.0;

/// Above this mean we are unfit.
const LIMIT: f32 = 0.5;

/// Below this mean the unfit are well.
const WELL: f32 = 0.25;

/// Lengths of a probe of good health after which an unfit member is fit again.
const CONVALESCENCE: u32 = 30;

/// What one probe of ours says about our own network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The target answered, or a relay answered that it does not.
    Heard,
    /// Only a relay or a stream reached the target.
    Rescued,
    /// Neither the target nor any relay answered.
    Silence,
    /// The same, while others are accused as we are.
    CommonSilence,
}

impl Outcome {
    const fn weight(self) -> f32 {
        match self {
            Self::Heard => 0.0,
            Self::Rescued => 0.25,
            Self::Silence | Self::CommonSilence => 1.0,
        }
    }

    const fn gain(self) -> f32 {
        match self {
            Self::CommonSilence => GAIN_WHEN_COMMON,
            Self::Heard | Self::Rescued | Self::Silence => GAIN,
        }
    }
}

/// The running mean of the outcomes of our own probes.
#[derive(Debug, Default)]
pub(super) struct Fitness {
    mean: f32,
    /// Accusations of others by others, and of us; the older the less they weigh.
    of_others: f32,
    of_us: f32,
    /// The last silence that counted.
    silent_at: Option<Instant>,
    /// When we were last unwell, since we became unfit.
    unfit_at: Option<Instant>,
    /// The highest incarnation at which an accusation was let stand.
    accused_at: Option<u64>,
}

impl Fitness {
    /// Somebody else begins to suspect somebody else.
    pub(super) fn hear_complaint(&mut self) {
        self.of_others += 1.0;
    }

    /// Somebody suspected us, and we said that we live.
    pub(super) fn defend(&mut self) {
        self.of_us += 1.0;
    }

    /// What it says that nobody answered a probe of ours, in a cluster with so many `others`.
    pub(super) fn silence_among(&self, others: usize) -> Outcome {
        let alike = self.of_others * MOST_ALIKE >= self.of_us * others as f32;
        if alike && self.of_others > 0.5 {
            Outcome::CommonSilence
        } else {
            Outcome::Silence
        }
    }

    pub(super) fn is_unfit(&self) -> bool {
        self.unfit_at.is_some()
    }

    /// An accusation at this incarnation stands for now.
    pub(super) fn let_stand(&mut self, incarnation: u64) {
        let highest = self.accused_at.unwrap_or(0).max(incarnation);
        self.accused_at = Some(highest);
    }

    /// Whether the outcome of a probe that began at `sent_at` is evidence of its own; notes a
    /// silence that is. Probes overlap: one that was under way when another met silence met the
    /// same silence.
    fn is_new(&mut self, outcome: Outcome, sent_at: Instant, now: Instant) -> bool {
        if matches!(outcome, Outcome::Heard | Outcome::Rescued) {
            return true;
        }
        let new = self.silent_at.is_none_or(|at| sent_at >= at);
        if new {
            self.silent_at = Some(now);
        }
        new
    }

    /// Takes an outcome in; true where we have just become fit again.
    fn learn(&mut self, outcome: Outcome, now: Instant, convalescence: Duration) -> bool {
        self.of_others *= REMEMBERED;
        self.of_us *= REMEMBERED;
        self.mean += outcome.gain() * (outcome.weight() - self.mean);
        if self.mean > LIMIT || (self.is_unfit() && self.mean > WELL) {
            self.unfit_at = Some(now);
        }
        let fit_again = self
            .unfit_at
            .is_some_and(|at| now.saturating_since(at) >= convalescence);
        if fit_again {
            self.unfit_at = None;
        }
        fit_again
    }
}

impl Node {
    /// Notes what a probe since `sent_at` says about our own network, and answers what was let
    /// stand once we are well.
    pub(super) fn learn_fitness(&mut self, outcome: Outcome, sent_at: Instant) {
        if !self.pulse.stand_down || !self.fitness.is_new(outcome, sent_at, self.now) {
            return;
        }
        let convalescence = self.pulse.patience * CONVALESCENCE;
        if !self.fitness.learn(outcome, self.now, convalescence) {
            return;
        }
        if let Some(accused) = self.fitness.accused_at.take() {
            self.refute_above(accused);
        }
    }
}
