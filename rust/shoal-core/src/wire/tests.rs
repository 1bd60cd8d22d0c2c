//! Behaviour of the codec on known messages and known faults.

mod datagrams;
mod frames;
mod keys;
mod messages;
mod replay;
