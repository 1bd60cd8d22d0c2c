//! One membership at work: a core node, its sockets, and what waits to be told.

use core::time::Duration;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use mio::net::TcpListener;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use shoal_core::wheel::TimerKey;
use shoal_core::{Event, Instant, Node, Transmit};
use std::os::fd::AsRawFd;

use crate::allow::{allows, Network};
use crate::command::{Figures, MembershipId, Outcome, RequestId};
use crate::jobs::JobLayer;
use crate::joining::Joins;
use crate::mmsg::{Inbox, Outbox, BATCH};
use crate::port::{EventPort, Notice};
use crate::snapshot::Published;
use crate::socket::{canonical, reachable, Sockets};
use crate::stream::Progress;
use crate::streams::Streams;
use crate::traffic::Traffic;

/// Batches read from one socket before the others have their turn.
const BATCHES_A_TURN: usize = 16;
/// The core's timers may be late by this part of the probe interval, and never by more than
/// [`MOST_SLACK`] microseconds.
const SLACK_SHARE: u128 = 64;
const MOST_SLACK: u64 = 16_000;
/// Pause before a job layer that its owner holds is asked again.
const JOBS_RETRY: Duration = Duration::from_millis(1);
/// Poller tokens below the streams': the datagram socket, then the listener.
const DATAGRAMS: usize = 0;
const LISTENER: usize = 1;
const FIRST_STREAM: usize = 2;

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
    pub(crate) timer: Option<(TimerKey, Instant)>,
    /// How late the core's timers may be, microseconds.
    pub(crate) slack: u64,
    pub(crate) reported_lag: bool,
    /// Something changed since readers were last told.
    pub(crate) stale: bool,
    /// Somebody waits for an answer among what is pending.
    pub(crate) urgent: bool,
    pub(crate) leaving: Option<RequestId>,
    udp: UdpSocket,
    listener: TcpListener,
    bound: SocketAddr,
    outbox: Outbox,
    streams: Streams,
    opened: Vec<Opened>,
    allow: Vec<Network>,
    published: Arc<Published>,
    pub(crate) jobs: Arc<JobLayer>,
    pub(crate) jobs_timer: Option<(TimerKey, Instant)>,
    pub(crate) jobs_blocked: bool,
    pending: Vec<Notice>,
    joins: Joins,
    traffic: Traffic,
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
        let interval = node.config().probe.interval.as_micros();
        let slack = u64::try_from(interval / SLACK_SHARE)
            .unwrap_or(u64::MAX)
            .clamp(1, MOST_SLACK);
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
            slack,
            reported_lag: false,
            stale: true,
            urgent: false,
            leaving: None,
            udp,
            listener: TcpListener::from_std(listener),
            bound,
            outbox: Outbox::default(),
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

    /// Serves what is ready under `offset` of this membership's tokens; true where the socket
    /// still holds more than one turn may take.
    pub(crate) fn ready(
        &mut self,
        offset: usize,
        base: usize,
        registry: &Registry,
        inbox: &mut Inbox,
        now: Instant,
    ) -> bool {
        match offset {
            DATAGRAMS => return self.receive(inbox, now),
            LISTENER => self.accept(registry, base),
            stream => {
                self.streams
                    .ready(stream - FIRST_STREAM, &mut self.node, now);
            }
        }
        false
    }

    /// Reads datagrams into the core; true where more waits.
    pub(crate) fn receive(&mut self, inbox: &mut Inbox, now: Instant) -> bool {
        for _ in 0..BATCHES_A_TURN {
            let count = match inbox.receive(&self.udp) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                // A pending error of the socket: reading it clears it.
                Err(_) => continue,
            };
            self.traffic.receive_calls += 1;
            for (source, datagram) in inbox.datagrams() {
                let source = canonical(source);
                if allows(&self.allow, source.ip()) {
                    self.node.handle_datagram(now, source, datagram);
                } else {
                    self.traffic.datagrams_not_allowed += 1;
                }
            }
            self.traffic.datagrams_unreadable += std::mem::take(&mut inbox.unreadable);
            if count < BATCH {
                return false;
            }
        }
        true
    }

    fn accept(&mut self, registry: &Registry, base: usize) {
        let limit = self.node.config().limits.streams;
        loop {
            let (socket, peer) = match self.listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(_) => {
                    self.traffic.streams_turned_away += 1;
                    return;
                }
            };
            let peer = canonical(peer);
            if !allows(&self.allow, peer.ip()) || self.streams.len() >= limit {
                self.traffic.streams_turned_away += 1;
                continue;
            }
            match self.streams.accept(socket, registry, base + FIRST_STREAM) {
                Ok(opened) => {
                    self.traffic.streams_accepted += 1;
                    self.opened.push(opened);
                }
                Err(_) => self.traffic.streams_turned_away += 1,
            }
        }
    }

    /// Sends everything that the core wants sent.
    pub(crate) fn transmit(
        &mut self,
        registry: &Registry,
        base: usize,
        buffer: &mut Vec<u8>,
        now: Instant,
    ) {
        while let Some(transmit) = self.node.poll_transmit(buffer) {
            let ended = match transmit {
                Transmit::Datagram { to } => {
                    self.outbox.push(reachable(self.bound, to), buffer);
                    None
                }
                Transmit::OpenStream { to, stream } => {
                    let to = reachable(self.bound, to);
                    let first = base + FIRST_STREAM;
                    match self.streams.open(stream, to, buffer, registry, first) {
                        Ok(slot) => {
                            self.traffic.streams_opened += 1;
                            self.opened.push((slot, stream));
                            None
                        }
                        Err(reason) => Some((stream, Progress::Failed(reason))),
                    }
                }
                Transmit::StreamReply { stream } => self.streams.reply(stream, buffer),
                Transmit::CloseStream { stream } => self.streams.close(stream),
            };
            if let Some((stream, end)) = ended {
                self.end_stream(stream, end, now);
            }
        }
        if !self.outbox.is_empty() {
            let sent = self.outbox.send(&self.udp);
            self.traffic.datagrams_sent += sent.datagrams;
            self.traffic.datagrams_refused += sent.refused;
        }
    }

    /// Streams opened since the last call.
    pub(crate) fn take_opened(&mut self) -> std::vec::Drain<'_, Opened> {
        self.opened.drain(..)
    }

    /// A stream outlived its time.
    pub(crate) fn expire_stream(&mut self, (slot, stream): Opened, now: Instant) {
        if self.streams.serves(slot, stream) {
            let end = Progress::Failed(shoal_core::StreamFailure::TimedOut);
            self.end_stream(stream, end, now);
        }
    }

    fn end_stream(&mut self, stream: shoal_core::StreamId, end: Progress, now: Instant) {
        self.traffic.streams_failed += u64::from(matches!(end, Progress::Failed(_)));
        self.streams.settle(stream, end, &mut self.node, now);
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
            self.jobs.forget_node(&member.name);
        }
        self.pending.push(Notice::Event(self.id, event));
    }

    pub(crate) fn join(&mut self, seeds: &[SocketAddr], request: RequestId, now: Instant) {
        self.joins.add(request, seeds);
        self.node.join(now, seeds);
    }

    pub(crate) fn leave(&mut self, request: RequestId, now: Instant) {
        self.node.leave(now);
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
