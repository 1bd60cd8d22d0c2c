//! One place on the network, and the process in it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use hashbrown::HashMap;
use shoal_core::{Config, Instant, Node, StreamFailure, StreamId, Transmit};

/// What reaches a host.
#[derive(Debug)]
pub(crate) enum Arrival {
    Datagram {
        from: SocketAddr,
        bytes: Vec<u8>,
    },
    Message {
        stream: StreamId,
        bytes: Vec<u8>,
    },
    Closed {
        stream: StreamId,
    },
    Failed {
        stream: StreamId,
        reason: StreamFailure,
    },
    /// A slow host has come to read a datagram.
    Read {
        from: SocketAddr,
        bytes: Vec<u8>,
    },
    /// The node asked to be called.
    Wake,
    /// A blocked or paused host goes on.
    Resume,
    /// An intermittent fault begins anew.
    Relapse,
}

/// How a host fails to do its work, while its process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stall {
    /// Sends and reads nothing; its timers run (the anomaly of the Lifeguard paper).
    Blocked,
    /// Does nothing at all, like a process that was sent SIGSTOP.
    Paused,
}

/// Blocking that comes back: blocked for one span, running for another, until a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intermittent {
    pub(crate) blocked: Duration,
    pub(crate) running: Duration,
    pub(crate) until: Instant,
}

/// The other end of a stream, and when the last thing sent on it arrives there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) host: u32,
    pub(crate) stream: StreamId,
    pub(crate) last_at: Instant,
}

#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) node: Option<Node>,
    /// The configuration of the last life, for the next.
    pub(crate) config: Option<Config>,
    /// Counts the processes that were here: what was sent to an earlier one is lost.
    pub(crate) life: u32,
    pub(crate) region: u16,
    pub(crate) stall: Option<Stall>,
    pub(crate) stalled_until: Instant,
    pub(crate) intermittent: Option<Intermittent>,
    /// What arrived while stalled; datagrams only up to [`SOCKET_BUFFER`] bytes.
    pub(crate) inbox: VecDeque<Arrival>,
    pub(crate) inbox_bytes: usize,
    /// What a blocked node wanted to send.
    pub(crate) outbox: Vec<(Transmit, Vec<u8>)>,
    pub(crate) streams: HashMap<StreamId, Peer, ahash::RandomState>,
    pub(crate) accepted: u64,
    pub(crate) wakes_at: Option<Instant>,
    /// Time to read one datagram; it reads one at a time.
    pub(crate) work: Duration,
    pub(crate) busy_until: Instant,
    pub(crate) ingress_loss: f64,
    pub(crate) egress_loss: f64,
    /// How far its clock is ahead.
    pub(crate) clock_ahead: Duration,
    /// By how many millionths its clock runs fast (or, negative, slow).
    pub(crate) drift_ppm: i32,
}

/// What a socket holds for a process that does not read, in bytes: the default of Linux.
pub(crate) const SOCKET_BUFFER: usize = 212_992;

/// The kernel's own cost of a queued datagram, in bytes.
pub(crate) const SOCKET_OVERHEAD: usize = 256;

impl Host {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            node: None,
            config: None,
            life: 0,
            region: 0,
            stall: None,
            stalled_until: Instant::ZERO,
            intermittent: None,
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            outbox: Vec::new(),
            streams: HashMap::with_hasher(ahash::RandomState::with_seeds(1, 2, 3, 4)),
            accepted: 0,
            wakes_at: None,
            work: Duration::ZERO,
            busy_until: Instant::ZERO,
            ingress_loss: 0.0,
            egress_loss: 0.0,
            clock_ahead: Duration::ZERO,
            drift_ppm: 0,
        }
    }

    /// The time on this host's own clock.
    pub(crate) fn local(&self, now: Instant) -> Instant {
        if self.drift_ppm == 0 {
            return now + self.clock_ahead;
        }
        let micros = i128::from(now.as_micros());
        let drifted = micros + micros * i128::from(self.drift_ppm) / 1_000_000;
        Instant::from_micros(drifted.max(0) as u64) + self.clock_ahead
    }

    /// The moment at which this host's clock will show `local`, or shortly after.
    pub(crate) fn global(&self, local: Instant) -> Instant {
        let shown = local - self.clock_ahead;
        if self.drift_ppm == 0 {
            return shown;
        }
        let rate = 1_000_000 + i128::from(self.drift_ppm);
        let micros = i128::from(shown.as_micros()) * 1_000_000 / rate + 1;
        Instant::from_micros(micros as u64)
    }

    /// Keeps for later what arrives during a stall; a full socket drops datagrams.
    pub(crate) fn keep(&mut self, arrival: Arrival) {
        if let Arrival::Datagram { bytes, .. } = &arrival {
            let size = bytes.len() + SOCKET_OVERHEAD;
            if self.inbox_bytes + size > SOCKET_BUFFER {
                return;
            }
            self.inbox_bytes += size;
        }
        self.inbox.push_back(arrival);
    }
}
