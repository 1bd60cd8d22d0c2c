//! What the rest of a process holds of the agent.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{bounded, unbounded, Sender};
use mio::{Poll, Waker};
use shoal_core::{Config, Instant, Node, Pool};

use crate::agent::{Thread, WAKER};
use crate::allow::Network;
use crate::clock::Clock;
use crate::command::{Command, Figures, MembershipId, RequestId, TimerToken};
use crate::error::AgentError;
use crate::jobs::{JobLayer, JobTimeout};
use crate::membership::{Membership, Shared};
use crate::port::EventPort;
use crate::reach::{Reach, Stranger};
use crate::snapshot::{Published, Snapshot};
use crate::socket::{advertised, Sockets};

/// How long a question to the agent may take before the agent counts as gone. It answers in
/// microseconds; a stopped thread never does.
const PATIENCE: Duration = Duration::from_secs(5);

/// How to open a membership.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where to bind; port 0 lets the kernel choose.
    pub bind: SocketAddr,
    /// Where others reach us; found by itself where not every interface is bound.
    pub advertise: Option<SocketAddr>,
    /// An address that others reach us from, a seed for instance: tells which interface to
    /// advertise where all are bound.
    pub towards: Option<SocketAddr>,
    /// Who may speak to us; empty for everyone.
    pub allow: Vec<Network>,
    /// The protocol's settings; its `advertise` is filled in.
    pub config: Config,
    /// Bounds of job-layer suspicions.
    pub jobs: JobTimeout,
    /// Seed of the core's randomness.
    pub seed: u64,
}

/// The agent's thread, as its process sees it. One is enough for a process.
#[derive(Clone)]
pub struct Agent {
    line: Arc<Line>,
}

struct Line {
    commands: Sender<Command>,
    waker: Waker,
    woken: Arc<AtomicBool>,
    clock: Clock,
    memberships: AtomicU64,
    /// What memberships of this process know of others is stored once.
    pool: Pool,
}

impl Line {
    fn send(&self, command: Command) -> Result<(), AgentError> {
        self.commands
            .send(command)
            .map_err(|_| AgentError::Stopped)?;
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.waker.wake().map_err(|_| AgentError::Stopped)?;
        }
        Ok(())
    }
}

impl Agent {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`AgentError::Start`]: no descriptors or no memory for a thread.
    pub fn start() -> Result<Self, AgentError> {
        let poll = Poll::new().map_err(AgentError::Start)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(AgentError::Start)?;
        let (commands, inbox) = unbounded();
        let woken = Arc::new(AtomicBool::new(false));
        let clock = Clock::new();
        let thread = Thread::new(poll, clock, inbox, Arc::clone(&woken));
        std::thread::Builder::new()
            .name("shoal-agent".into())
            .spawn(move || thread.run())
            .map_err(AgentError::Start)?;
        Ok(Self {
            line: Arc::new(Line {
                commands,
                waker,
                woken,
                clock,
                memberships: AtomicU64::new(0),
                pool: Pool::new(),
            }),
        })
    }

    /// This moment on the agent's clock.
    pub fn now(&self) -> Instant {
        self.line.clock.now()
    }

    /// Binds the sockets and puts a membership to work; it is alone until it joins.
    ///
    /// # Errors
    /// A setting that cannot stand, an address that cannot be bound, or a stopped agent.
    pub fn open(&self, setup: Setup, port: &Arc<EventPort>) -> Result<Handle, AgentError> {
        let Setup {
            bind,
            advertise,
            towards,
            allow,
            mut config,
            jobs,
            seed,
        } = setup;
        let sockets = Sockets::bind(bind)?;
        let bound = sockets.bound;
        config.advertise = match advertise {
            Some(mut given) => {
                if given.port() == 0 {
                    given.set_port(bound.port());
                }
                given
            }
            None => advertised(bound, towards)?,
        };
        let (advertise, limits) = (config.advertise, config.limits.clone());
        let pool = self.line.pool.clone();
        let node = Node::with_pool(config, seed, self.now(), pool)?;
        let id = MembershipId(self.line.memberships.fetch_add(1, Ordering::Relaxed));
        let name: Arc<str> = node.config().name.as_str().into();
        let shared = Shared {
            published: Arc::new(Published::default()),
            jobs: Arc::new(JobLayer::new(jobs)),
        };
        shared.published.publish(1, node.members());
        let ours = shared.clone();
        let membership = Membership::new(id, node, sockets, allow, Arc::clone(port), ours);
        self.line.send(Command::Add(Box::new(membership)))?;
        Ok(Handle {
            id,
            line: Arc::clone(&self.line),
            bound,
            advertise,
            limits,
            shared,
            name,
        })
    }

    /// Watches the pulse of a reader from now on; see [`EventPort::beat`].
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn watch(&self, port: &Arc<EventPort>) -> Result<(), AgentError> {
        port.beat(self.now());
        self.line.send(Command::Watch(Arc::clone(port)))
    }

    /// Asks for a [`crate::Notice::Timer`] at `deadline`; a token that is set already moves.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn schedule(
        &self,
        port: &Arc<EventPort>,
        token: TimerToken,
        deadline: Instant,
    ) -> Result<(), AgentError> {
        self.line
            .send(Command::Schedule(Arc::clone(port), token, deadline))
    }

    /// Takes a timer back. One that is on its way may still arrive.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn cancel(&self, token: TimerToken) -> Result<(), AgentError> {
        self.line.send(Command::Cancel(token))
    }

    /// Stops every membership, silently, and the thread.
    pub fn shutdown(&self) {
        let (done, finished) = bounded(1);
        if self.line.send(Command::Shutdown(done)).is_ok() {
            let _ = finished.recv_timeout(PATIENCE);
        }
    }
}

/// One membership, as its owner holds it. Dropping it stops nothing.
#[derive(Clone)]
pub struct Handle {
    id: MembershipId,
    line: Arc<Line>,
    bound: SocketAddr,
    advertise: SocketAddr,
    limits: shoal_core::config::Limits,
    shared: Shared,
    name: Arc<str>,
}

impl Handle {
    /// Names this membership in notices.
    pub fn id(&self) -> MembershipId {
        self.id
    }

    /// What was bound, the port filled in.
    pub fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// Where others reach us.
    pub fn advertise(&self) -> SocketAddr {
        self.advertise
    }

    /// The caps that this membership runs with.
    pub fn limits(&self) -> &shoal_core::config::Limits {
        &self.limits
    }

    /// The members as last published; never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.published.load()
    }

    /// Joins through the seeds; the reply says through which, or why through none.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn join(&self, seeds: Vec<SocketAddr>, request: RequestId) -> Result<(), AgentError> {
        self.line.send(Command::Join(self.id, seeds, request))
    }

    /// Says goodbye; the reply comes once it is out.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn leave(&self, request: RequestId) -> Result<(), AgentError> {
        self.line.send(Command::Leave(self.id, request))
    }

    /// Goes silent and frees the sockets; the reply comes once they are closed.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn stop(&self, request: RequestId) -> Result<(), AgentError> {
        self.line.send(Command::Stop(self.id, request))
    }

    /// Replaces this member's metadata, in the next snapshot too. What exceeds
    /// [`Self::limits`] changes nothing.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn update_meta(&self, meta: Vec<u8>) -> Result<(), AgentError> {
        self.ask_membership(move |membership, now| membership.update_meta(&meta, now))
    }

    /// Has the core do something on the agent's thread, without waiting.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn tell(
        &self,
        act: impl FnOnce(&mut Node, Instant) + Send + 'static,
    ) -> Result<(), AgentError> {
        self.ask_membership(move |membership, now| act(&mut membership.node, now))
    }

    /// Asks the core something on the agent's thread and waits for the answer, microseconds
    /// as a rule.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Node, Instant) -> T + Send + 'static,
    ) -> Result<T, AgentError> {
        let (answer, answered) = bounded(1);
        self.tell(move |node, now| {
            let _ = answer.send(question(node, now));
        })?;
        answered
            .recv_timeout(PATIENCE)
            .map_err(|_| AgentError::Stopped)
    }

    /// Tries both paths to a member, at most `patience` each; blocks meanwhile.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn reach(
        &self,
        address: SocketAddr,
        instance: u64,
        patience: Duration,
    ) -> Result<Reach, AgentError> {
        let (label, keyring) =
            self.ask(|node, _| (node.config().label.clone(), node.keyring().clone()))?;
        Ok(Stranger::new(&label, keyring).reach(address, instance, patience))
    }

    /// The figures of this moment.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn figures(&self) -> Result<Figures, AgentError> {
        let (answer, answered) = bounded(1);
        self.ask_membership(move |membership, _| {
            let _ = answer.send(membership.figures());
        })?;
        answered
            .recv_timeout(PATIENCE)
            .map_err(|_| AgentError::Stopped)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn jobs(&self) -> &JobLayer {
        &self.shared.jobs
    }

    pub(crate) fn now(&self) -> Instant {
        self.line.clock.now()
    }

    /// Has the agent look when the job layer is due next.
    pub(crate) fn judge_jobs(&self) -> Result<(), AgentError> {
        self.line.send(Command::JudgeJobs(self.id))
    }

    fn ask_membership(
        &self,
        question: impl FnOnce(&mut Membership, Instant) + Send + 'static,
    ) -> Result<(), AgentError> {
        self.line.send(Command::Ask(self.id, Box::new(question)))
    }
}

/// A number for [`Setup::seed`] that differs from process to process and call to call.
pub fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// A boot epoch: milliseconds of wall clock, and never twice the same in one process.
pub fn boot_epoch() -> io::Result<u64> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_err(io::Error::other)?;
    let millis = u64::try_from(since.as_millis()).map_err(io::Error::other)?;
    let last = LAST.fetch_max(millis, Ordering::Relaxed);
    if last < millis {
        return Ok(millis);
    }
    Ok(LAST.fetch_add(1, Ordering::Relaxed) + 1)
}
