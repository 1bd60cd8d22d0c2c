//! Behaviour of the codec on known messages and known faults.

mod frames;
mod messages;
