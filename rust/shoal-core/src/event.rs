//! What a node tells its host.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

use crate::member::Member;
use crate::transmit::StreamFailure;

/// What a member is held to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberState {
    /// Answers, or nobody has said otherwise.
    Alive,
    /// Accused of not answering; counts as living until the suspicion runs out.
    Suspect,
    /// Did not refute in time.
    Dead,
    /// Said goodbye.
    Left,
}

impl MemberState {
    /// Alive or suspect.
    pub const fn is_living(self) -> bool {
        matches!(self, Self::Alive | Self::Suspect)
    }
}

/// Why a member was declared dead: who said so, for how long it had been suspect, and with
/// which patience.
#[derive(Clone, Debug, PartialEq)]
pub struct DeathReason {
    /// The accuser first, then everyone who confirmed independently.
    pub accusers: Vec<Arc<str>>,
    /// Time from our first suspicion to the verdict; zero where we learnt the verdict of
    /// others.
    pub suspected_for: Duration,
    /// Our own health multiplier at the verdict; 1 is healthy.
    pub multiplier: u32,
    /// Whether our own suspicion ran out, or another member declared the death.
    pub verdict: Verdict,
}

/// Where the verdict of a death comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Our own suspicion ran out.
    Ours,
    /// This member declared it.
    Of(Arc<str>),
    /// A later life of the same name appeared.
    Superseded,
}

/// Why a seed could not be joined through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinFailure {
    /// The stream to it failed.
    Stream(StreamFailure),
    /// A living member holds our name.
    NameTaken {
        /// Where the holder is reached.
        by: SocketAddr,
    },
    /// The seed speaks no version that we speak.
    Version,
    /// The seed is of a cluster with another label.
    Label,
    /// The seed is leaving or has no room.
    Unavailable,
}

/// A change of a node's view.
///
/// Order: events come in the order in which the node's own view changed. For one name,
/// `Joined` comes first; then any number of `Updated`, `Degraded`, `Recovered` and of
/// `Suspected`, each of the latter closed by exactly one of `Refuted`, `Died` or `Left`; after
/// `Died` or `Left` nothing until the next `Joined`. Each event carries the member as it was
/// right after the change.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A member is here: new, back after a death, or restarted under a new boot epoch (then a
    /// `Died` or `Left` of the earlier life comes first).
    Joined {
        /// The member.
        member: Member,
    },
    /// A member does not answer; it has time to refute.
    Suspected {
        /// The member.
        member: Member,
        /// Who accuses; our own name where our probe failed.
        by: Arc<str>,
    },
    /// A suspect proved that it lives.
    Refuted {
        /// The member.
        member: Member,
    },
    /// A member was declared dead.
    Died {
        /// The member.
        member: Member,
        /// The whole story of the verdict.
        reason: Box<DeathReason>,
    },
    /// A member said goodbye.
    Left {
        /// The member.
        member: Member,
    },
    /// A member changed its metadata.
    Updated {
        /// The member.
        member: Member,
    },
    /// A member, perhaps ourselves, lags behind its own schedule.
    Degraded {
        /// The member.
        member: Member,
    },
    /// A degraded member is on time again.
    Recovered {
        /// The member.
        member: Member,
    },
    /// An application event, once for each however often it arrives.
    UserEvent {
        /// The member that sent it.
        from: Arc<str>,
        /// Its Lamport time at the sender: greater than that of all events it had seen.
        lamport: u64,
        /// The name given to [`crate::Node::broadcast`].
        name: Arc<str>,
        /// The payload given with it.
        payload: Arc<[u8]>,
    },
    /// Another node claims a name that a living member holds. The holder stays.
    NameConflict {
        /// The member that holds the name.
        holder: Member,
        /// Where the other claims it from.
        claimed_from: SocketAddr,
    },
    /// A seed could not be joined through. Others may still answer; seeds are tried again at
    /// the reconnect interval.
    JoinFailed {
        /// Which seed.
        seed: SocketAddr,
        /// Why.
        reason: Box<JoinFailure>,
        /// Seeds of this join whose answer is still open.
        open: usize,
    },
    /// A seed answered: we are known there, and its whole table is ours.
    JoinCompleted {
        /// Which seed.
        seed: SocketAddr,
        /// Living members known now, ourselves included.
        members: usize,
    },
}

impl Event {
    /// The member concerned, where there is one.
    pub fn member(&self) -> Option<&Member> {
        match self {
            Self::Joined { member }
            | Self::Suspected { member, .. }
            | Self::Refuted { member }
            | Self::Died { member, .. }
            | Self::Left { member }
            | Self::Updated { member }
            | Self::Degraded { member }
            | Self::Recovered { member } => Some(member),
            Self::NameConflict { holder, .. } => Some(holder),
            Self::UserEvent { .. } | Self::JoinFailed { .. } | Self::JoinCompleted { .. } => None,
        }
    }

    /// The event's kind in one word of lower case.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Joined { .. } => "joined",
            Self::Suspected { .. } => "suspected",
            Self::Refuted { .. } => "refuted",
            Self::Died { .. } => "died",
            Self::Left { .. } => "left",
            Self::Updated { .. } => "updated",
            Self::Degraded { .. } => "degraded",
            Self::Recovered { .. } => "recovered",
            Self::UserEvent { .. } => "user_event",
            Self::NameConflict { .. } => "name_conflict",
            Self::JoinFailed { .. } => "join_failed",
            Self::JoinCompleted { .. } => "join_completed",
        }
    }
}

impl fmt::Display for JoinFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(failure) => failure.fmt(f),
            Self::NameTaken { by } => write!(f, "our name is held by {by}"),
            Self::Version => f.write_str("no common version of the protocol"),
            Self::Label => f.write_str("belongs to a cluster with another label"),
            Self::Unavailable => f.write_str("is leaving or has no room"),
        }
    }
}

impl fmt::Display for DeathReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Of(name) => write!(f, "declared by {name}"),
            Verdict::Superseded => f.write_str("a later life of the same name appeared"),
            Verdict::Ours => {
                let millis = self.suspected_for.as_millis();
                write!(
                    f,
                    "suspect for {millis} ms at multiplier {}, accused by",
                    self.multiplier
                )?;
                let mut separator = " ";
                for name in &self.accusers {
                    write!(f, "{separator}{name}")?;
                    separator = ", ";
                }
                Ok(())
            }
        }
    }
}
