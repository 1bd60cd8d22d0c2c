//! Dissemination: what is still to be told, to how many, and in which order.
//!
//! Each update is sent a bounded number of times, the fewest-told first (SWIM section 4.1).
//! What an update says is written when it is sent, from the newest that is known, so there is
//! never more than one for a member and it is never stale.

mod events;
mod lists;
mod queue;

#[cfg(test)]
mod tests;

pub(crate) use events::{EventKey, EventLog};
pub(crate) use queue::{Queue, Urgency};

/// How many times an update is sent in a cluster of `members`: `lambda * ceil(log10(n + 1))`,
/// at most [`lists::MOST_SENDS`].
pub(crate) fn sends_needed(lambda: u32, members: usize) -> u8 {
    let digits = (members as u64 + 1).checked_ilog10().unwrap_or(0);
    let exact = 10_u64.pow(digits) == members as u64 + 1;
    let ceiling = digits + u32::from(!exact);
    let sends = lambda.saturating_mul(ceiling.max(1));
    sends.min(u32::from(lists::MOST_SENDS)) as u8
}
