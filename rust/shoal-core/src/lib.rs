//! Failure detection without I/O.
//!
//! Nothing here reads a clock, opens a socket or starts a thread: time comes in as an
//! [`Instant`], bytes go in and out, and randomness is seeded by the owner. The same code
//! runs in the agent, in the simulator and in the tests.
#![forbid(unsafe_code)]

mod time;

pub use time::Instant;
