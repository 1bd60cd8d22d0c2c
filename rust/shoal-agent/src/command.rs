//! The way in: requests to the agent, and what comes back.

use std::net::SocketAddr;
use std::sync::Arc;

use crossbeam_channel::Sender;
use shoal_core::{Instant, NodeError, Stats};

use crate::membership::Membership;
use crate::port::EventPort;
use crate::traffic::Traffic;

/// Names one membership of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MembershipId(pub u64);

/// Names one request; the caller chooses it and finds it again in the reply.
pub type RequestId = u64;

/// Names one timer of a reader; the caller chooses it.
pub type TimerToken = u64;

/// The answer to a request.
#[derive(Debug)]
pub enum Outcome {
    /// Joined through this seed; so many living members are known now.
    Joined {
        /// The seed that answered first.
        seed: SocketAddr,
        /// Living members, ourselves included.
        members: usize,
    },
    /// No seed let us in, each with its reason.
    JoinFailed(Vec<(SocketAddr, String)>),
    /// The goodbye is out, or the membership stopped.
    Done,
    /// The core refused.
    Refused(NodeError),
}

/// Figures of one membership: what the core counts, and what the sockets add.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// The core's counters and gauges.
    pub core: Stats,
    /// The sockets' counters.
    pub traffic: Traffic,
}

/// A question that the agent answers on its own thread, in microseconds.
pub(crate) type Question = Box<dyn FnOnce(&mut Membership, Instant) + Send>;

pub(crate) enum Command {
    Add(Box<Membership>),
    Join(MembershipId, Vec<SocketAddr>, RequestId),
    Leave(MembershipId, RequestId),
    Stop(MembershipId, RequestId),
    Ask(MembershipId, Question),
    JudgeJobs(MembershipId),
    Watch(Arc<EventPort>),
    Schedule(Arc<EventPort>, TimerToken, Instant),
    Cancel(TimerToken),
    Shutdown(Sender<()>),
}
