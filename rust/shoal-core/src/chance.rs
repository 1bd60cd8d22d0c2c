//! Draws from a seeded source.

use core::time::Duration;

use rand_core::Rng;

/// A number below `bound`, which is not zero; the bias of at most `bound / 2^32` matters to
/// nobody here.
pub(crate) fn below(rng: &mut impl Rng, bound: usize) -> usize {
    ((u64::from(rng.next_u32()) * bound as u64) >> 32) as usize
}

/// A duration below `bound`.
pub(crate) fn duration_below(rng: &mut impl Rng, bound: Duration) -> Duration {
    let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
    let share = u128::from(rng.next_u64()) * u128::from(micros);
    Duration::from_micros((share >> 64) as u64)
}
