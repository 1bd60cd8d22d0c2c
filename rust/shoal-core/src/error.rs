//! What callers of a node can get wrong. Bad input from the network is counted, never an error.

use thiserror::Error;

/// A configuration on which no node can run. No state is touched; the caller chose the value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{field} {reason}")]
pub struct ConfigError {
    /// The field, by its path in [`crate::Config`].
    pub field: &'static str,
    /// Why it cannot stand, as the rest of a sentence.
    pub reason: &'static str,
}

/// Why a request of the host was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeError {
    /// A user event exceeds the limit. Nothing was queued; shorten it or raise the limit.
    #[error("the event has {size} bytes of name and payload, the limit is {limit}")]
    EventTooLarge {
        /// Bytes of name and payload.
        size: usize,
        /// [`crate::config::Limits::event_bytes`].
        limit: usize,
    },
    /// A user event has no name. Nothing was queued.
    #[error("the event has no name")]
    EventUnnamed,
    /// Metadata exceeds the limit. The old metadata stands.
    #[error("the metadata has {size} bytes, the limit is {limit}")]
    MetaTooLarge {
        /// Bytes given.
        size: usize,
        /// [`crate::config::Limits::meta_bytes`].
        limit: usize,
    },
    /// No living member has this name. Nothing was sent.
    #[error("no living member is named {name}")]
    UnknownMember {
        /// The name asked for.
        name: String,
    },
    /// The node has left, or is leaving; it says nothing any more until it joins again.
    #[error("this member has left the cluster")]
    HasLeft,
}
