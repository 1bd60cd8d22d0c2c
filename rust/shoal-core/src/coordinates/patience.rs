//! How much of a usual timeout a member gets, by how far away it lies.

#[cfg(test)]
mod tests;

use core::time::Duration;

use super::vivaldi::estimate_seconds;
use crate::wire::Coordinates;

/// What a member next door gets.
pub(crate) const LEAST: f32 = 0.5;

/// What the farthest gets, whatever it says about where it lies.
pub(crate) const MOST: f32 = 2.0;

/// Round trips that are added to [`LEAST`].
const ROUND_TRIPS: f32 = 4.0;

/// Above this relative error a place says nothing.
const TRUSTED_ERROR: f32 = 0.5;

/// The share of `timeout` that an answer from `there` may take: `LEAST` and four times the
/// upper bound of the estimated round trip, at most `MOST`. One where either place is still
/// unknown by more than half of itself.
pub(crate) fn share_by_distance(here: &Coordinates, there: &Coordinates, timeout: Duration) -> f32 {
    if here.error > TRUSTED_ERROR || there.error > TRUSTED_ERROR {
        return 1.0;
    }
    let (rtt, bound) = estimate_seconds(here, there);
    (LEAST + ROUND_TRIPS * (rtt + bound) / timeout.as_secs_f32()).min(MOST)
}
