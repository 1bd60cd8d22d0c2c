//! The spring system that places this member among the others.

use core::time::Duration;

use rand_core::Rng;

use crate::config;
use crate::wire::Coordinates;

const WINDOW: usize = 20;
const MAX_ERROR: f32 = 1.5;
const MIN_HEIGHT: f32 = 10.0e-6;
/// Below this distance, in seconds, two points coincide and the direction is drawn.
const COINCIDENT: f32 = 1.0e-6;
/// A round trip above this, in seconds, says more about a queue than about the network.
const MAX_RTT: f32 = 10.0;

/// Our own place, and how a sample moves it.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    here: Coordinates,
    error_gain: f32,
    position_gain: f32,
    gravity: f32,
    residuals: [f32; WINDOW],
    next_residual: usize,
}

impl Space {
    pub(crate) fn new(config: &config::Coordinates) -> Self {
        let here = Coordinates {
            position: [0.0; 8],
            height: MIN_HEIGHT,
            error: MAX_ERROR,
            adjustment: 0.0,
        };
        Self {
            here,
            error_gain: config.error_gain as f32,
            position_gain: config.position_gain as f32,
            gravity: config.gravity as f32,
            residuals: [0.0; WINDOW],
            next_residual: 0,
        }
    }

    /// Where we are.
    pub(crate) fn here(&self) -> &Coordinates {
        &self.here
    }

    /// Moves us by one filtered round trip to a member at `there`. A sample that would take us
    /// out of what may cross the wire changes nothing.
    pub(crate) fn update(&mut self, there: &Coordinates, rtt: Duration, rng: &mut impl Rng) {
        let rtt = rtt.as_secs_f32();
        if !there.is_valid() || !(0.0..=MAX_RTT).contains(&rtt) {
            return;
        }
        let before = self.here;
        let rtt = rtt.max(COINCIDENT);
        self.spring(there, rtt, rng);
        self.adjust(there, rtt);
        self.pull_to_origin();
        if !self.here.is_valid() {
            self.here = before;
        }
    }

    fn spring(&mut self, there: &Coordinates, rtt: f32, rng: &mut impl Rng) {
        let away = difference(&self.here.position, &there.position);
        let apart = norm(&away);
        let distance = apart + self.here.height + there.height;
        let wrongness = (distance - rtt).abs() / rtt;
        let total_error = (self.here.error + there.error).max(1.0e-6);
        let weight = self.here.error / total_error;
        let share = self.error_gain * weight;
        self.here.error = (wrongness * share + self.here.error * (1.0 - share)).min(MAX_ERROR);

        // A place that is still mostly wrong is worth leaving fast: the gain starts at one and
        // falls with the error to what is configured.
        let gain = self.position_gain.max(self.here.error.min(1.0));
        let force = gain * weight * (rtt - distance);
        let (away, apart) = if apart > COINCIDENT {
            let lift = (self.here.height + there.height) * force / apart;
            self.here.height = (self.here.height + lift).max(MIN_HEIGHT);
            (away, apart)
        } else {
            any_direction(rng)
        };
        let stretch = force / apart;
        for (axis, part) in self.here.position.iter_mut().zip(away) {
            *axis += part * stretch;
        }
    }

    fn adjust(&mut self, there: &Coordinates, rtt: f32) {
        self.residuals[self.next_residual] = rtt - raw_distance(&self.here, there);
        self.next_residual = (self.next_residual + 1) % WINDOW;
        let mut lanes = [0.0; 4];
        for four in self.residuals.chunks_exact(4) {
            for (lane, residual) in lanes.iter_mut().zip(four) {
                *lane += residual;
            }
        }
        self.here.adjustment = sum(lanes) / (2.0 * WINDOW as f32);
    }

    fn pull_to_origin(&mut self) {
        let distance = norm(&self.here.position);
        if distance > COINCIDENT {
            let share = (distance / self.gravity).powi(2).min(distance) / distance;
            for axis in &mut self.here.position {
                *axis -= *axis * share;
            }
        }
    }
}

/// Estimated round trip between two places, and the bound within which it is trusted.
pub(crate) fn estimate(a: &Coordinates, b: &Coordinates) -> (Duration, Duration) {
    let (distance, bound) = estimate_seconds(a, b);
    (
        Duration::from_secs_f32(distance),
        Duration::from_secs_f32(bound),
    )
}

/// The same in seconds.
pub(super) fn estimate_seconds(a: &Coordinates, b: &Coordinates) -> (f32, f32) {
    let raw = raw_distance(a, b);
    let adjusted = raw + a.adjustment + b.adjustment;
    let distance = if adjusted > 0.0 { adjusted } else { raw };
    (distance, distance * (a.error + b.error))
}

fn raw_distance(a: &Coordinates, b: &Coordinates) -> f32 {
    norm(&difference(&a.position, &b.position)) + a.height + b.height
}

/// A direction drawn at random and its length, for a place that coincides with another: a
/// cluster that starts in one point so unfolds into all dimensions.
#[cold]
fn any_direction(rng: &mut impl Rng) -> ([f32; 8], f32) {
    let drawn = [(); 8].map(|()| (rng.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0);
    (drawn, norm(&drawn).max(COINCIDENT))
}

/// From `there` towards `here`.
fn difference(here: &[f32; 8], there: &[f32; 8]) -> [f32; 8] {
    core::array::from_fn(|axis| here[axis] - there[axis])
}

fn norm(vector: &[f32; 8]) -> f32 {
    let [a, b, c, d, e, f, g, h] = vector.map(|part| part * part);
    sum([a + e, b + f, c + g, d + h]).sqrt()
}

/// Of two pairs: an addition waits for the one before it, and a chain of eight is most of what
/// a sample costs.
fn sum([a, b, c, d]: [f32; 4]) -> f32 {
    (a + c) + (b + d)
}
