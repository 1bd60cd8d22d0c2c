//! The network, its hosts and its time.

use std::net::SocketAddr;
use std::time::Duration;

use hashbrown::HashSet;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;
use shoal_core::{Config, ConfigError, Instant, MemberState, Node, Pool, StreamFailure};

use crate::host::{Arrival, Host};
use crate::queue::Queue;
use crate::sighting::{name_of, Sighting};
use crate::trace::Trace;
use crate::weather::Weather;

/// The port of every node.
const PORT: u16 = 7946;

/// Virtual time begins here, so that a clock may run behind.
const BEGINNING: Instant = Instant::from_millis(1_000);

/// What went over the network so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Datagrams sent.
    pub datagrams: u64,
    /// Bytes in them.
    pub datagram_bytes: u64,
    /// Datagrams that did not arrive.
    pub lost: u64,
    /// Streams opened.
    pub streams: u64,
    /// Bytes sent on streams.
    pub stream_bytes: u64,
}

#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) host: u32,
    pub(crate) life: u32,
    pub(crate) arrival: Arrival,
}

/// Thousands of nodes on a network under virtual time. Everything follows from the seed and
/// from the calls.
///
/// Nodes are named `n0`, `n1`, … by their number, which is also how the methods name them; a
/// number that was not given out is a mistake of the caller's and panics.
#[derive(Debug)]
pub struct Simulation {
    pub(crate) now: Instant,
    pub(crate) weather: Weather,
    pub(crate) hosts: Vec<Host>,
    pub(crate) queue: Queue<Delivery>,
    pub(crate) cut: HashSet<(u32, u32), ahash::RandomState>,
    pub(crate) rng: Pcg32,
    pub(crate) pool: Pool,
    pub(crate) buffer: Vec<u8>,
    pub(crate) spare: Vec<Vec<u8>>,
    pub(crate) traffic: Traffic,
    pub(crate) trace: Trace,
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) note_joins: bool,
}

impl Simulation {
    /// An empty network in calm weather.
    pub fn new(seed: u64) -> Self {
        Self {
            now: BEGINNING,
            weather: Weather::calm(),
            hosts: Vec::new(),
            queue: Queue::new(),
            cut: HashSet::with_hasher(ahash::RandomState::with_seeds(9, 10, 11, 12)),
            rng: Pcg32::seed_from_u64(seed),
            pool: Pool::new(),
            buffer: Vec::new(),
            spare: Vec::new(),
            traffic: Traffic::default(),
            trace: Trace::default(),
            sightings: Vec::new(),
            note_joins: false,
        }
    }

    /// Adds a host and starts a node on it; returns its number. `config` gives the name
    /// and the address that the node gets.
    ///
    /// # Errors
    /// [`ConfigError`] as of [`Node::new`]; no host was added.
    pub fn add(
        &mut self,
        config: impl FnOnce(String, SocketAddr) -> Config,
    ) -> Result<u32, ConfigError> {
        let index = self.hosts.len() as u32;
        let address = address_of(index);
        let config = config(name_of(index), address);
        config.validate()?;
        self.hosts.push(Host::new(address));
        self.start(index, config)?;
        Ok(index)
    }

    fn start(&mut self, index: u32, config: Config) -> Result<(), ConfigError> {
        let seed = self.rng.next_u64();
        let now = self.hosts[index as usize].local(self.now);
        let node = Node::with_pool(config.clone(), seed, now, self.pool.clone())?;
        let host = &mut self.hosts[index as usize];
        host.node = Some(node);
        host.config = Some(config);
        self.drain(index);
        Ok(())
    }

    /// Kills a process: not a word to anybody, its streams break. Nothing if none runs.
    pub fn kill(&mut self, index: u32) {
        let host = &mut self.hosts[index as usize];
        if host.node.take().is_none() {
            return;
        }
        host.life += 1;
        host.wakes_at = None;
        host.stall = None;
        host.intermittent = None;
        host.inbox.clear();
        host.inbox_bytes = 0;
        host.outbox.clear();
        host.busy_until = self.now;
        let mut ends: Vec<_> = host.streams.drain().map(|(_, peer)| peer).collect();
        ends.sort_unstable_by_key(|peer| (peer.host, peer.stream));
        for peer in ends {
            let reason = StreamFailure::Reset;
            let stream = peer.stream;
            self.deliver(peer.host, self.now, Arrival::Failed { stream, reason });
        }
    }

    /// Starts the process of a killed node again, under the next boot epoch, and joins
    /// through `seed`. Nothing if it runs.
    pub fn restart(&mut self, index: u32, seed: u32) {
        let host = &mut self.hosts[index as usize];
        if host.node.is_some() {
            return;
        }
        let Some(mut config) = host.config.take() else {
            return;
        };
        config.boot_epoch += 1;
        self.start(index, config).expect("it was valid before");
        self.join(index, &[seed]);
    }

    /// Calls a node, then carries what it sends. `None` if none runs there.
    pub fn with<R>(&mut self, index: u32, call: impl FnOnce(&mut Node, Instant) -> R) -> Option<R> {
        let host = &mut self.hosts[index as usize];
        let now = host.local(self.now);
        let result = host.node.as_mut().map(|node| call(node, now))?;
        self.drain(index);
        Some(result)
    }

    /// Joins a node through others.
    pub fn join(&mut self, index: u32, seeds: &[u32]) {
        let seeds: Vec<SocketAddr> = seeds.iter().map(|seed| address_of(*seed)).collect();
        self.with(index, |node, now| node.join(now, &seeds));
    }

    /// Runs for a span of virtual time.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        self.step(end);
    }

    /// Runs until `done` holds, looking once in `every`; false if `span` went by first.
    pub fn run_until(
        &mut self,
        span: Duration,
        every: Duration,
        mut done: impl FnMut(&Self) -> bool,
    ) -> bool {
        let end = self.now + span;
        while self.now < end {
            if done(self) {
                return true;
            }
            self.step((self.now + every).min(end));
        }
        done(self)
    }

    /// The time now.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Time since the simulation began.
    pub const fn elapsed(&self) -> Duration {
        self.now.saturating_since(BEGINNING)
    }

    /// Hosts, with or without a process.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// Whether there is no host.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// The node on a host, if one runs.
    pub fn node(&self, index: u32) -> Option<&Node> {
        self.hosts[index as usize].node.as_ref()
    }

    /// Every running node with its number.
    pub fn running(&self) -> impl Iterator<Item = (u32, &Node)> + '_ {
        let hosts = self.hosts.iter().enumerate();
        hosts.filter_map(|(index, host)| Some((index as u32, host.node.as_ref()?)))
    }

    /// The state in which `observer` holds `subject`; `None` if it knows nothing of it or does
    /// not run.
    pub fn state(&self, observer: u32, subject: u32) -> Option<MemberState> {
        let member = self.node(observer)?.member(&name_of(subject))?;
        Some(member.state())
    }

    /// Whether every running node holds exactly the running nodes for alive, at the same
    /// incarnations.
    pub fn is_one_view(&self) -> bool {
        let alive = self.running().count();
        let mut views = self.running().map(|(_, node)| node);
        let first = views.next().map(Node::view_hash);
        self.running().all(|(_, node)| {
            node.living() == alive && Some(node.view_hash()) == first && node.stats().suspects == 0
        })
    }

    /// Changes in nodes' views, in order. [`crate::Kind::Joined`] is among them only after
    /// [`Simulation::note_joins`].
    pub fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    /// Takes the sightings so far out.
    pub fn take_sightings(&mut self) -> Vec<Sighting> {
        core::mem::take(&mut self.sightings)
    }

    /// Notes joins among the sightings from now on: a cluster of n has n squared of them.
    pub fn note_joins(&mut self, note: bool) {
        self.note_joins = note;
    }

    /// What went over the network.
    pub const fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// What happened, as a hash.
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Keeps the trace as text, too.
    pub fn keep_trace_text(&mut self) {
        self.trace.keep_text();
    }

    /// What the network does to all that it carries; takes effect for what is sent from now on.
    pub fn weather_mut(&mut self) -> &mut Weather {
        &mut self.weather
    }
}

/// Where the node of a number is reached.
pub(crate) fn address_of(index: u32) -> SocketAddr {
    let [_, high, middle, low] = index.to_be_bytes();
    SocketAddr::from(([10, high, middle, low], PORT))
}

/// The number of the node that is reached there; [`address_of`] the other way round.
pub(crate) fn index_of(address: SocketAddr) -> Option<u32> {
    match address {
        SocketAddr::V4(address) if address.port() == PORT => {
            let [first, high, middle, low] = address.ip().octets();
            (first == 10).then_some(u32::from_be_bytes([0, high, middle, low]))
        }
        _ => None,
    }
}
