//! A member as its host is told of it.

use core::fmt;
use core::net::SocketAddr;
use std::sync::Arc;

use super::table::Row;
use super::Identity;
use crate::event::MemberState;

/// What membership knows of a node at one moment. Sixteen bytes, cheap to clone: who it is, is
/// shared with the tables of all memberships of a pool.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    identity: Arc<Identity>,
    incarnation: u32,
    state: MemberState,
    degraded: bool,
}

const _: () = assert!(size_of::<Member>() == 16);

impl Member {
    pub(super) fn of(row: &Row) -> Self {
        Self {
            identity: Arc::clone(&row.identity),
            incarnation: row.incarnation,
            state: row.state,
            degraded: row.degraded,
        }
    }

    /// Unique in the cluster.
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// Boot epoch: tells this life of the name from earlier ones.
    pub fn instance(&self) -> u64 {
        self.identity.instance
    }

    /// Raised by the member itself, at each refutation and each change of its metadata.
    pub fn incarnation(&self) -> u64 {
        u64::from(self.incarnation)
    }

    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.identity.address
    }

    /// Alive, suspect, dead or left.
    pub fn state(&self) -> MemberState {
        self.state
    }

    /// Application metadata.
    pub fn meta(&self) -> &[u8] {
        &self.identity.meta
    }

    /// The member reports that it lags behind its own schedule: slow, not dead.
    pub fn is_degraded(&self) -> bool {
        self.degraded
    }

    /// Whether both say the same of the same life from the same copy of who it is.
    pub fn shares_identity(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.identity, &other.identity)
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("name", &self.name())
            .field("instance", &self.instance())
            .field("incarnation", &self.incarnation)
            .field("address", &self.address())
            .field("state", &self.state)
            .field("degraded", &self.degraded)
            .finish_non_exhaustive()
    }
}
