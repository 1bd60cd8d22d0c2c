//! The native I/O thread that runs the core on real sockets.
//!
//! One thread for each process holds any number of memberships: it reads and writes their
//! datagrams in batches, serves their streams, turns one wheel for all their timers and hands
//! batches of events to readers through a descriptor. Nothing on the path from a datagram to
//! its answer waits for the rest of the process.

mod agent;
mod alarm;
mod allow;
mod clock;
mod command;
mod error;
mod exchange;
mod handle;
mod job_calls;
mod jobs;
mod joining;
mod lag;
mod membership;
mod mmsg;
mod orders;
mod port;
mod reach;
mod snapshot;
mod socket;
mod stalls;
mod stream;
mod streams;
mod traffic;

pub use allow::Network;
pub use command::{Figures, MembershipId, Outcome, RequestId, TimerToken};
pub use error::AgentError;
pub use handle::{boot_epoch, random_seed, Agent, Handle, Setup};
pub use jobs::{JobDeath, JobLayer, JobTimeout};
pub use lag::{PULSE_INTERVAL, READER_PATIENCE, SAMPLE_INTERVAL};
pub use port::{EventPort, Lost, Notice};
pub use reach::Reach;
pub use snapshot::Snapshot;
pub use stalls::Stalls;
pub use traffic::Traffic;
