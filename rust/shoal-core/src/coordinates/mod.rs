//! Network coordinates: where a member lies, so that round trips can be estimated between
//! members that never spoke.
//!
//! Vivaldi (Dabek et al., SIGCOMM 2004) with height and relative error; the adjustment term
//! and the latency filter of Ledlie et al. (NSDI 2007), gravity as in their section on drift.

mod filter;
mod patience;
mod vivaldi;

#[cfg(test)]
mod tests;

pub(crate) use filter::LatencyFilter;
pub(crate) use patience::share_by_distance;
pub(crate) use vivaldi::{estimate, Space};
