//! Who is suspected, until when, on whose word, and why somebody was declared dead.
//!
//! One table serves both layers. The *node layer* asks whether a process is reachable; the
//! *job layer* asks whether it answers for one job, and is keyed by job and node. The timeout
//! is Lifeguard's (Dadgar, Phillips and Currey, 2018, section IV-B).
//!
//! # Rules
//!
//! - A deadline is `start + multiplier * timeout(confirmations)`, anchored at the start: a
//!   confirmation can only bring it closer.
//! - One confirmation for each distinct confirmer; the accused and the accuser never count.
//!   A confirmation is not judged by freshness: the second message that says what is known
//!   already is stale as news and counts all the same.
//! - A refutation needs a higher incarnation than the suspicion. After it, suspicions of
//!   incarnations below the refutation's are stale.
//! - **Refutation against expiry in the same step:** whatever the owner hands in first. An
//!   owner handles what it received and then calls [`SuspicionTable::expire`], so the
//!   refutation wins, also when the deadline has passed already.
//! - **Health:** the multiplier that counts is the one in force when the deadline is judged.
//!   Raising it lets every open suspicion wait longer. Lowering it makes due at once exactly
//!   those that have waited longer than the lower multiplier allows, and no other. A change
//!   costs O(1); see [`SuspicionTable::set_multiplier`].
//! - A node's death ends all job-layer suspicions and deaths of that node, a job's end all of
//!   that job, each in time proportional to what it removes.

mod deadlines;
mod expiry;
mod extension;
mod index;
mod query;
mod record;
mod table;
mod timeout;
mod verdict;

#[cfg(test)]
mod tests;

pub use expiry::Expiry;
pub use extension::{Extension, ExtensionPolicy, Grant};
pub use query::Standing;
pub use table::{Limits, Refusals, SuspicionTable};
pub use timeout::Timeout;
pub use verdict::{Subject, Verdict};
