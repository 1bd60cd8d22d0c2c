//! The membership protocol: SWIM (DSN 2002) with Lifeguard (DSN 2018), as one object without
//! I/O. The host feeds it datagrams, stream messages and time, and drains what it wants sent,
//! what it has to tell, and when it wants to be called next.
//!
//! One file for each conversation; each is an `impl Node`.

mod agenda;
mod ahead;
mod claims;
mod clock;
mod contact;
mod degraded;
mod exchange;
mod fitness;
mod health;
mod inbound;
mod indirect;
mod join;
mod leave;
mod news;
mod outgoing;
mod probe;
mod pulse;
mod query;
mod reconnect;
mod records;
mod refute;
mod requests;
mod rest;
mod stream;
mod suspect;
mod sync;
mod timers;
mod user_events;

use core::net::SocketAddr;
use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;
use smallvec::SmallVec;

use crate::config::Config;
use crate::coordinates::Space;
use crate::error::ConfigError;
use crate::event::Event;
use crate::gossip::{EventLog, Queue};
use crate::member::{instance_of, Identity, MemberId, Pool, Table};
use crate::stats::Stats;
use crate::suspicion::{self, SuspicionTable};
use crate::time::Instant;
use crate::transmit::{StreamFailure, StreamId, Transmit};
use crate::wire::{Codec, Keyring, Session, Versions};

use agenda::Agenda;
use clock::Clock;
use contact::Contacts;
use fitness::Fitness;
use health::Health;
use indirect::Relay;
use join::Seeds;
use leave::Presence;
use news::{News, Shouts};
use outgoing::Outbox;
use probe::Probe;
use pulse::Pulse;
use refute::Pace;
use stream::Streams;

/// Room for events that a node keeps: what a storm took is given back.
const USUAL_EVENTS: usize = 4;

/// One member of a cluster.
///
/// After every `handle_*` call and every request, drain [`Node::poll_transmit`] and
/// [`Node::poll_event`], then ask [`Node::poll_timeout`] when to call
/// [`Node::handle_timeout`]. Time never goes backwards between calls; equal instants are fine.
/// Hand in what was received before calling [`Node::handle_timeout`]: then a refutation that
/// came in time wins over the suspicion that runs out at the same moment.
#[derive(Debug)]
#[repr(C, align(64))] // What a quiet period touches lies together, in front of what it does not.
pub struct Node {
    /// Our own, as in our row.
    instance: u64,
    /// The protocol's own time; see [`Clock`].
    now: Instant,
    clock: Clock,
    health: Health,
    presence: Presence,
    agenda: Agenda,
    pulse: Pulse,
    fitness: Fitness,
    rng: Pcg32,
    probes: SmallVec<[Probe; 1]>,
    outbox: Outbox,
    events: VecDeque<Event>,
    contacts: Contacts,
    space: Space,
    table: Table,
    stats: Stats,
    codec: Codec,
    suspicions: SuspicionTable<(), u64>,
    expired: Vec<suspicion::Expiry<(), u64>>,
    /// Suspicions that ran out, while the suspect is asked once more.
    verdicts: Vec<suspicion::Expiry<(), u64>>,
    /// Who said last that a member is suspect or dead.
    accusers: HashMap<MemberId, u64, ahash::RandomState>,
    pace: Pace,
    relays: Vec<Relay>,
    news: Queue<News>,
    shouts: Shouts,
    event_log: EventLog,
    streams: Streams,
    seeds: Seeds,
    sync_ready_at: Instant,
    /// When the last round of gossip went out.
    gossiped_at: Instant,
    pool: Option<Pool>,
    config: Config,
}

impl Node {
    /// A member that is alone until it joins or is joined. The same configuration, seed and
    /// inputs give the same outputs; where keys are held, the seed must be drawn anew for each
    /// process from a source that does not repeat.
    ///
    /// # Errors
    /// [`ConfigError`] names the field that cannot stand.
    pub fn new(config: Config, seed: u64, now: Instant) -> Result<Self, ConfigError> {
        Self::build(config, seed, now, None)
    }

    /// A member that shares what it knows of others' identities with the other nodes of
    /// `pool`: for a process with several memberships, or simulations of thousands.
    ///
    /// # Errors
    /// [`ConfigError`] names the field that cannot stand.
    pub fn with_pool(
        config: Config,
        seed: u64,
        now: Instant,
        pool: Pool,
    ) -> Result<Self, ConfigError> {
        Self::build(config, seed, now, Some(pool))
    }

    fn build(
        config: Config,
        seed: u64,
        now: Instant,
        pool: Option<Pool>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut rng = Pcg32::seed_from_u64(seed);
        let hash_seed = rng.next_u64();
        let instance = instance_of(&config.name, config.boot_epoch);
        let local = local_identity(&config, instance);
        let local = match &pool {
            Some(pool) => pool.intern(&local.record(0)),
            None => Arc::new(local),
        };
        let limits = suspicion::Limits {
            total: config.limits.suspicions,
            nodes: config.limits.suspicions,
            multiplier: config.lifeguard.max_score + 1,
            ..suspicion::Limits::default()
        };
        let mut node = Self {
            codec: codec_for(&config, instance, rng.next_u64(), config.keyring.clone()),
            pool,
            clock: Clock::new(&config.lifeguard),
            instance,
            now,
            agenda: Agenda::new(),
            pulse: Pulse::new(&config),
            table: Table::new(local, now, hash_seed),
            accusers: HashMap::with_hasher(ahash::RandomState::with_seeds(hash_seed, 7, 8, 9)),
            suspicions: SuspicionTable::new(now, limits),
            expired: Vec::new(),
            verdicts: Vec::new(),
            health: Health::new(config.lifeguard.max_score),
            fitness: Fitness::default(),
            space: Space::new(&config.coordinates),
            contacts: Contacts::default(),
            presence: Presence::Here,
            pace: Pace::new(now),
            probes: SmallVec::new(),
            relays: Vec::new(),
            news: Queue::new(config.limits.gossip, hash_seed),
            shouts: Shouts::new(config.limits.gossip, hash_seed),
            event_log: EventLog::new(config.limits.seen_events, hash_seed),
            outbox: Outbox::new(config.limits.outgoing),
            events: VecDeque::new(),
            streams: Streams::new(config.limits.streams),
            seeds: Seeds::default(),
            sync_ready_at: now,
            gossiped_at: now,
            stats: Stats::default(),
            rng,
            config,
        };
        node.arm_periodic();
        Ok(node)
    }

    /// Reads one datagram, decrypting it in place. What cannot be read is counted in
    /// [`Stats::dropped`] and changes nothing.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        self.enter(now);
        self.stats.datagrams_in += 1;
        self.stats.bytes_in += datagram.len() as u64;
        self.read_datagram(from, datagram);
    }

    /// Reads one message of a stream, decrypting it in place. The first message of an accepted
    /// stream makes the stream known; no call announces it before.
    pub fn handle_stream_message(&mut self, now: Instant, stream: StreamId, message: &mut [u8]) {
        self.enter(now);
        self.stats.stream_messages_in += 1;
        self.read_stream_message(stream, message);
    }

    /// The other side closed a stream in good order.
    pub fn handle_stream_closed(&mut self, now: Instant, stream: StreamId) {
        self.enter(now);
        self.end_stream(stream, StreamFailure::Reset);
    }

    /// A stream could not be opened or broke.
    pub fn handle_stream_failed(&mut self, now: Instant, stream: StreamId, reason: StreamFailure) {
        self.enter(now);
        self.end_stream(stream, reason);
    }

    /// Does everything that is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.enter(now);
        self.run_timers();
    }

    /// The next thing to send, its bytes in `buf`, which is cleared first. `None` once nothing
    /// waits; more may wait after the next call of any other method.
    pub fn poll_transmit(&mut self, buf: &mut Vec<u8>) -> Option<Transmit> {
        self.write_next(buf)
    }

    /// The next event. `None` once there is none; more may come after any other call.
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.events.is_empty() {
            if self.events.capacity() > USUAL_EVENTS {
                self.events.shrink_to(USUAL_EVENTS);
            }
            return None; // Apart, or nothing would be copied at the size of an event.
        }
        self.events.pop_front()
    }

    /// When [`Node::handle_timeout`] should be called next. May change after any call that
    /// takes `now`.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next_due().map(|due| self.clock.outside(due))
    }

    /// Our own instance: boot epoch and a hash of the name.
    pub const fn instance(&self) -> u64 {
        self.instance
    }
}

fn local_identity(config: &Config, instance: u64) -> Identity {
    Identity {
        name: Arc::from(config.name.as_str()),
        instance,
        address: config.advertise,
        meta_version: 0,
        meta: Arc::from(config.meta.as_slice()),
        versions: Versions::OURS,
    }
}

fn codec_for(config: &Config, instance: u64, salt: u64, keyring: Keyring) -> Codec {
    let session = Session {
        instance,
        salt,
        label: &config.label,
    };
    Codec::new(&session, keyring).with_replay_senders(config.limits.members)
}
