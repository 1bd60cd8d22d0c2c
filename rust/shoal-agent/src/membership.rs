//! One membership at work: a core node, its sockets, and what waits to be told.

use core::time::Duration;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::net::TcpListener;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use shoal_core::{Event, Instant, Node};

use crate::alarm::Alarm;
use crate::allow::Network;
use crate::command::{Figures, MembershipId, Outcome, RequestId};
use crate::exchange::{DATAGRAMS, LISTENER};
use crate::jobs::JobLayer;
use crate::joining::Joins;
use crate::lag::Calm;
use crate::port::{EventPort, Notice};
use crate::snapshot::Published;
use crate::socket::Sockets;
use crate::streams::Streams;
use crate::traffic::Traffic;

/// Pause before a job layer that its owner holds is asked again.
const JOBS_RETRY: Duration = Duration::from_millis(1);

/// Room for notices that a membership keeps: what a storm took is given back.
const USUAL_NOTICES: usize = 4;

/// A stream that was just opened or accepted, to be given a deadline.
pub(crate) type Opened = (usize, shoal_core::StreamId);

/// What a membership shares with its owner's thread.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) published: Arc<Published>,
    pub(crate) jobs: Arc<JobLayer>,
}

pub(crate) struct Membership {
    pub(crate) id: MembershipId,
    pub(crate) node: Node,
    pub(crate) port: Arc<EventPort>,
    pub(crate) timer: Option<Alarm>,
    pub(crate) calm: Calm,
    /// Something changed since readers were last told.
    pub(crate) stale: bool,
    /// Somebody waits for an answer among what is pending.
    pub(crate) urgent: bool,
    pub(crate) leaving: Option<RequestId>,
    pub(crate) udp: UdpSocket,
    pub(crate) listener: TcpListener,
    pub(crate) bound: SocketAddr,
    pub(crate) streams: Streams,
    pub(crate) opened: Vec<Opened>,
    pub(crate) allow: Vec<Network>,
    published: Arc<Published>,
    pub(crate) jobs: Arc<JobLayer>,
    pub(crate) jobs_timer: Option<Alarm>,
    pub(crate) jobs_blocked: bool,
    pending: Vec<Notice>,
    joins: Joins,
    pub(crate) traffic: Traffic,
}

impl Membership {
    pub(crate) fn new(
        id: MembershipId,
        node: Node,
        sockets: Sockets,
        allow: Vec<Network>,
        port: Arc<EventPort>,
        shared: Shared,
    ) -> Self {
        let Sockets {
            udp,
            listener,
            bound,
        } = sockets;
        Self {
            id,
            node,
            port,
            timer: None,
            calm: Calm::default(),
            stale: true,
            urgent: false,
            leaving: None,
            udp,
            listener: TcpListener::from_std(listener),
            bound,
            streams: Streams::default(),
            opened: Vec::new(),
            allow,
            published: shared.published,
            jobs: shared.jobs,
            jobs_timer: None,
            jobs_blocked: false,
            pending: Vec::new(),
            joins: Joins::default(),
            traffic: Traffic::default(),
        }
    }

    pub(crate) fn register(&mut self, registry: &Registry, base: usize) -> std::io::Result<()> {
        let udp = self.udp.as_raw_fd();
        registry.register(
            &mut SourceFd(&udp),
            Token(base + DATAGRAMS),
            Interest::READABLE,
        )?;
        registry.register(
            &mut self.listener,
            Token(base + LISTENER),
            Interest::READABLE,
        )
    }

    /// Tells the core how late its host or its reader runs; true where there was anything to
    /// tell.
    pub(crate) fn report_lag(&mut self, lag: Duration, now: Instant) -> bool {
        let well = self.node.config().lifeguard.lag_recovered;
        let Some(lag) = self.calm.tell(lag, well, now) else {
            return false;
        };
        self.node.report_lag(now, lag);
        true
    }

    /// Collects what the core has to tell.
    pub(crate) fn collect(&mut self) {
        while let Some(event) = self.node.poll_event() {
            let decided = match &event {
                Event::JoinCompleted { seed, members } => self.joins.completed(*seed, *members),
                Event::JoinFailed { seed, reason, .. } => {
                    self.joins.failed(*seed, &reason.to_string())
                }
                _ => {
                    self.notice(event);
                    continue;
                }
            };
            for (request, outcome) in decided {
                self.answer(request, outcome);
            }
        }
        if self.leaving.is_some() && !self.node.is_leaving() {
            if let Some(request) = self.leaving.take() {
                self.answer(request, Outcome::Done);
            }
        }
    }

    fn notice(&mut self, event: Event) {
        self.stale |= event.member().is_some();
        if let Event::Joined { member } | Event::Died { member, .. } | Event::Left { member } =
            &event
        {
            self.jobs.forget_node(member.name());
        }
        self.pending.push(Notice::Event(self.id, event));
    }

    pub(crate) fn join(&mut self, seeds: &[SocketAddr], request: RequestId, now: Instant) {
        self.joins.add(request, seeds);
        self.node.join(now, seeds);
    }

    /// The core tells no event of what its own host changes, so the row is marked here.
    pub(crate) fn update_meta(&mut self, meta: &[u8], now: Instant) {
        if self.node.update_meta(now, meta).is_ok() {
            self.stale = true;
            self.urgent = true;
        }
    }

    pub(crate) fn leave(&mut self, request: RequestId, now: Instant) {
        self.node.leave(now);
        self.stale = true;
        if let Some(earlier) = self.leaving.replace(request) {
            self.answer(earlier, Outcome::Done);
        }
    }

    /// When the job layer wants to be judged; soon where its owner held it the last time.
    pub(crate) fn jobs_deadline(&self, now: Instant) -> Option<Instant> {
        let deadline = self.jobs.next_deadline()?;
        let blocked = self.jobs_blocked.then(|| now + JOBS_RETRY);
        Some(blocked.map_or(deadline, |retry| retry.max(deadline)))
    }

    /// Judges the job layer; false where its owner holds it this moment.
    pub(crate) fn judge_jobs(&mut self, now: Instant) -> bool {
        let multiplier = u32::try_from(self.node.stats().health_score).unwrap_or(0) + 1;
        let Some(deaths) = self.jobs.expire(now, multiplier) else {
            return false;
        };
        for death in deaths {
            if death.asks_for_probe {
                // A node that is gone by now needs no probe.
                let _ = self.node.probe_now(now, &death.node);
            }
            self.urgent = true;
            self.pending.push(Notice::JobDeath(self.id, death));
        }
        true
    }

    pub(crate) fn answer(&mut self, request: RequestId, outcome: Outcome) {
        self.urgent = true;
        self.pending.push(Notice::Reply(request, outcome));
    }

    /// Whether readers have something to learn.
    pub(crate) fn has_news(&self) -> bool {
        self.stale || !self.pending.is_empty()
    }

    /// Publishes the members, then hands over what happened: a reader that sees an event finds
    /// its outcome in the snapshot.
    pub(crate) fn tell(&mut self) {
        if std::mem::take(&mut self.stale) {
            publish(&self.published, &self.node);
        }
        self.urgent = false;
        for notice in self.pending.drain(..) {
            self.port.push(notice);
        }
        self.pending.shrink_to(USUAL_NOTICES);
        self.port.signal();
    }

    /// Frees the port, then says the last words: nobody who waits is left waiting.
    pub(crate) fn stop(mut self) {
        self.collect();
        let open: Vec<_> = self.joins.abandon().chain(self.leaving.take()).collect();
        for request in open {
            self.answer(request, Outcome::Done);
        }
        let Self {
            id,
            udp,
            listener,
            streams,
            port,
            pending,
            published,
            node,
            ..
        } = self;
        drop((udp, listener, streams));
        publish(&published, &node);
        for notice in pending {
            port.push(notice);
        }
        port.push(Notice::Stopped(id));
        port.signal();
    }

    pub(crate) fn figures(&self) -> Figures {
        let mut traffic = self.traffic;
        self.streams.count_into(&mut traffic);
        Figures {
            core: self.node.stats(),
            traffic,
        }
    }
}

fn publish(published: &Published, node: &Node) {
    let stats = node.stats();
    let count = usize::try_from(stats.members + stats.gone).unwrap_or(0);
    published.publish(count, node.members());
}
