//! The codec as a whole: what is written is read back, what is not ours is refused, and the
//! bytes never change by accident.
#![allow(clippy::unwrap_used, reason = "a test that meets an error is to fail")]

#[path = "../../../../fuzz/src/targets.rs"]
mod targets;

mod corpus;
mod garbage;
mod roundtrip;
mod samples;
mod vectors;
