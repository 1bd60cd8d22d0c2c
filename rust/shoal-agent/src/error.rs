//! What the owner of an agent can run into.

use std::io;
use std::net::SocketAddr;

use shoal_core::{ConfigError, NodeError};
use thiserror::Error;

/// Why a request to the agent was refused. No membership is changed by any of them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AgentError {
    /// A setting cannot stand; the caller chose it.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The core refused the request: too large, unknown member, or already left.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The address cannot be bound: taken, not of this host, or not permitted.
    #[error("cannot bind {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Bound to every interface, and no route tells which address others should use; give an
    /// advertise address.
    #[error("bound to {bound}, so the address that others reach must be given (advertise)")]
    NoAdvertise {
        /// The unspecified address that was bound.
        bound: SocketAddr,
    },
    /// The thread, its poller or its waker could not be made: out of descriptors or memory.
    #[error("cannot start the agent: {0}")]
    Start(#[source] io::Error),
    /// The membership or the agent was stopped before.
    #[error("the membership has stopped")]
    Stopped,
}
