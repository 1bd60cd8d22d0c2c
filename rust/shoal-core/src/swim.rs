//! The membership protocol: SWIM (DSN 2002) with Lifeguard (DSN 2018), as one object without
//! I/O. The host feeds it datagrams, stream messages and time, and drains what it wants sent,
//! what it has to tell, and when it wants to be called next.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::Config;
use crate::error::{ConfigError, NodeError};
use crate::event::{Event, Member, MemberState};
use crate::stats::Stats;
use crate::time::Instant;
use crate::transmit::{StreamFailure, StreamId, Transmit};

/// One member of a cluster.
///
/// After every `handle_*` call and every request, drain [`Node::poll_transmit`] and
/// [`Node::poll_event`], then ask [`Node::poll_timeout`] when to call
/// [`Node::handle_timeout`]. Time never goes backwards between calls; equal instants are fine.
#[derive(Debug)]
pub struct Node {
    config: Config,
    events: VecDeque<Event>,
    stats: Stats,
}

impl Node {
    /// A member that is alone until it joins or is joined. The same configuration, seed and
    /// inputs give the same outputs.
    ///
    /// # Errors
    /// [`ConfigError`] names the field that cannot stand.
    pub fn new(config: Config, _seed: u64, _now: Instant) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            config,
            events: VecDeque::new(),
            stats: Stats::default(),
        })
    }

    /// Reads one datagram, decrypting it in place. What cannot be read is counted in
    /// [`Stats::dropped`] and changes nothing.
    pub fn handle_datagram(&mut self, _now: Instant, _from: SocketAddr, datagram: &mut [u8]) {
        self.stats.datagrams_in += 1;
        self.stats.bytes_in += datagram.len() as u64;
    }

    /// Reads one message of a stream, decrypting it in place. The first message of an accepted
    /// stream makes the stream known; no call announces it before.
    pub fn handle_stream_message(&mut self, _now: Instant, _stream: StreamId, _message: &mut [u8]) {
        self.stats.stream_messages_in += 1;
    }

    /// The other side closed a stream in good order.
    pub fn handle_stream_closed(&mut self, _now: Instant, _stream: StreamId) {}

    /// A stream could not be opened or broke.
    pub fn handle_stream_failed(
        &mut self,
        _now: Instant,
        _stream: StreamId,
        _reason: StreamFailure,
    ) {
    }

    /// Does everything that is due at `now`.
    pub fn handle_timeout(&mut self, _now: Instant) {}

    /// The next thing to send, its bytes in `buf`, which is cleared first. `None` once nothing
    /// waits; more may wait after the next call of any other method.
    pub fn poll_transmit(&mut self, buf: &mut Vec<u8>) -> Option<Transmit> {
        buf.clear();
        None
    }

    /// The next event. `None` once there is none; more may come after any other call.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Node::handle_timeout`] should be called next. May change after any call that
    /// takes `now`.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Joins through every seed in parallel. A call while another join is open adds to it.
    /// Seeds are remembered, and tried again while no living member is known there.
    pub fn join(&mut self, _now: Instant, _seeds: &[SocketAddr]) {}

    /// Says goodbye. Keep polling until [`Node::is_leaving`] turns false, at most a
    /// dissemination window, then stop; joining again is allowed.
    pub fn leave(&mut self, _now: Instant) {}

    /// Whether the goodbye is still being spread.
    pub fn is_leaving(&self) -> bool {
        false
    }

    /// Replaces our metadata and spreads the change.
    ///
    /// # Errors
    /// [`NodeError::MetaTooLarge`]; the old metadata stands.
    pub fn update_meta(&mut self, _now: Instant, meta: &[u8]) -> Result<(), NodeError> {
        let limit = self.config.limits.meta_bytes;
        if meta.len() > limit {
            return Err(NodeError::MetaTooLarge {
                size: meta.len(),
                limit,
            });
        }
        Ok(())
    }

    /// Spreads an application event to every member, ourselves included; returns its Lamport
    /// time.
    ///
    /// # Errors
    /// [`NodeError::EventTooLarge`], [`NodeError::HasLeft`]; nothing is sent.
    pub fn broadcast(
        &mut self,
        _now: Instant,
        name: &str,
        payload: &[u8],
    ) -> Result<u64, NodeError> {
        let (size, limit) = (name.len() + payload.len(), self.config.limits.event_bytes);
        if size > limit {
            return Err(NodeError::EventTooLarge { size, limit });
        }
        Ok(0)
    }

    /// Probes a member now, beside the usual round.
    ///
    /// # Errors
    /// [`NodeError::UnknownMember`].
    pub fn probe_now(&mut self, _now: Instant, name: &str) -> Result<(), NodeError> {
        Err(NodeError::UnknownMember {
            name: name.to_owned(),
        })
    }

    /// Tells how late the host (or the Python above it) runs its own schedule. Above
    /// [`crate::config::Lifeguard::lag_degraded`] the member says that it is degraded and
    /// trusts its own accusations less.
    pub fn report_lag(&mut self, _now: Instant, _lag: Duration) {}

    /// Ourselves, as others should see us.
    pub fn local(&self) -> Member {
        Member {
            name: Arc::from(self.config.name.as_str()),
            instance: self.config.instance,
            incarnation: 0,
            address: self.config.advertise,
            state: MemberState::Alive,
            meta: Arc::from(self.config.meta.as_slice()),
            degraded: false,
        }
    }

    /// Our local health multiplier: 1 is healthy, `max_score + 1` the worst.
    pub fn health_multiplier(&self) -> u32 {
        1
    }

    /// Every member known, the gone that are remembered included, ourselves first.
    pub fn members(&self) -> impl Iterator<Item = Member> + '_ {
        core::iter::empty()
    }

    /// One member by name.
    pub fn member(&self, _name: &str) -> Option<Member> {
        None
    }

    /// Estimated round trip between two members by name, and the bound within which it is
    /// trusted, from their coordinates. `None` while either has none.
    pub fn rtt(&self, _a: &str, _b: &str) -> Option<(Duration, Duration)> {
        None
    }

    /// Counters and gauges.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// The configuration that runs.
    pub fn config(&self) -> &Config {
        &self.config
    }
}
