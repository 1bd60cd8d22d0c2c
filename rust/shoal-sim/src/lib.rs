//! A deterministic network of core nodes under virtual time.
//!
//! [`Simulation`] carries datagrams and streams between [`shoal_core::Node`]s through a
//! network whose latency, loss, duplication, reordering, one-way cuts, slow, blocked, paused
//! and killed nodes and skewed clocks all come from one seed: the same seed gives the same
//! trace, byte for byte. [`scenario`] holds the experiments built on it.
#![forbid(unsafe_code)]

mod ahead;
mod carry;
mod condition;
mod drive;
mod host;
mod latency;
mod queue;
pub mod scenario;
mod sighting;
mod simulation;
mod trace;
mod weather;

pub use latency::Latency;
pub use sighting::{Kind, Sighting};
pub use simulation::{Simulation, Traffic};
pub use trace::Trace;
pub use weather::Weather;
