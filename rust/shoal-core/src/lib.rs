//! Failure detection without I/O.
//!
//! Nothing here reads a clock, opens a socket or starts a thread: time comes in as an
//! [`Instant`], bytes go in and out, and randomness is seeded by the owner. The same code
//! runs in the agent, in the simulator and in the tests.
#![forbid(unsafe_code)]

mod chance;
pub mod config;
mod coordinates;
mod error;
mod event;
mod gossip;
mod member;
pub mod sketch;
mod stats;
pub mod suspicion;
mod swim;
mod time;
mod transmit;
pub mod wheel;
pub mod wire;

pub use config::Config;
pub use error::{ConfigError, NodeError};
pub use event::{DeathReason, Event, JoinFailure, MemberState, Verdict};
pub use member::{Member, Pool};
pub use stats::{Dropped, Stats};
pub use swim::Node;
pub use time::Instant;
pub use transmit::{StreamFailure, StreamId, Transmit};
