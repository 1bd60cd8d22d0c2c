//! Nodes on a fake network, in one struct: its own time, latency, loss, partitions, streams.

mod carry;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;
use shoal_core::{Config, Event, Instant, MemberState, Node, Pool, StreamFailure, StreamId};

/// What the network does to what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) latency: (Duration, Duration),
    pub(crate) loss: f64,
    pub(crate) duplicates: f64,
    /// Time that a node takes to read one datagram; it reads one at a time.
    pub(crate) work: Duration,
}

impl Weather {
    pub(crate) const CALM: Self = Self {
        latency: (Duration::from_micros(200), Duration::from_micros(400)),
        loss: 0.0,
        duplicates: 0.0,
        work: Duration::ZERO,
    };
}

#[derive(Debug)]
enum Arrival {
    Datagram {
        from: SocketAddr,
        bytes: Vec<u8>,
    },
    Stream {
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
    Wake,
    /// The host has come to read what arrived earlier.
    Read(Box<Arrival>),
}

/// One place on the network. The process in it can be killed, paused and started again.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) node: Option<Node>,
    pub(crate) events: Vec<(Instant, Event)>,
    /// How many of the events are of earlier lives of this place.
    pub(crate) earlier: usize,
    life: u64,
    paused_until: Instant,
    deaf_until: Instant,
    busy_until: Instant,
    streams: HashMap<StreamId, (usize, StreamId)>,
    accepted: u64,
    wakes_at: Option<Instant>,
}

pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) weather: Weather,
    pub(crate) hosts: Vec<Host>,
    pub(crate) datagrams: u64,
    pub(crate) streams_opened: u64,
    cut: HashSet<(usize, usize)>,
    queue: BinaryHeap<Reverse<(Instant, u64, usize, u64)>>,
    arrivals: HashMap<u64, Arrival>,
    by_address: HashMap<SocketAddr, usize>,
    serial: u64,
    rng: Pcg32,
    pool: Pool,
    buffer: Vec<u8>,
}

pub(crate) fn address(index: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, (index >> 8) as u8, index as u8], 7946))
}

pub(crate) fn name(index: usize) -> String {
    format!("n{index}")
}

impl Net {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: Instant::from_millis(1_000),
            weather: Weather::CALM,
            hosts: Vec::new(),
            datagrams: 0,
            streams_opened: 0,
            cut: HashSet::new(),
            queue: BinaryHeap::new(),
            arrivals: HashMap::new(),
            by_address: HashMap::new(),
            serial: 0,
            rng: Pcg32::seed_from_u64(seed),
            pool: Pool::new(),
            buffer: Vec::new(),
        }
    }

    /// `count` nodes under the names `n0`, `n1`, …; `tune` changes each one's configuration.
    pub(crate) fn with_nodes(seed: u64, count: usize, tune: impl Fn(&mut Config)) -> Self {
        let mut net = Self::new(seed);
        for index in 0..count {
            let mut config = Config::lan(name(index), address(index));
            tune(&mut config);
            net.add(config);
        }
        net
    }

    /// The same, joined through the first and settled.
    pub(crate) fn joined(seed: u64, count: usize, tune: impl Fn(&mut Config)) -> Self {
        let mut net = Self::with_nodes(seed, count, tune);
        for index in 1..count {
            net.join(index, 0);
        }
        assert!(
            net.run_until(Duration::from_secs(60), Net::is_one_view),
            "did not join"
        );
        net.run(Duration::from_secs(5));
        net
    }

    pub(crate) fn add(&mut self, config: Config) -> usize {
        let index = self.hosts.len();
        self.by_address.insert(config.advertise, index);
        self.hosts.push(Host {
            address: config.advertise,
            node: None,
            events: Vec::new(),
            earlier: 0,
            life: 0,
            paused_until: Instant::ZERO,
            deaf_until: Instant::ZERO,
            busy_until: Instant::ZERO,
            streams: HashMap::new(),
            accepted: 0,
            wakes_at: None,
        });
        self.start(index, config);
        index
    }

    /// Starts a process at a place whose last one is dead.
    pub(crate) fn start(&mut self, index: usize, config: Config) {
        let seed = self.rng.next_u64();
        let node = Node::with_pool(config, seed, self.now, self.pool.clone()).expect("valid");
        let host = &mut self.hosts[index];
        host.node = Some(node);
        host.earlier = host.events.len();
        self.drain(index);
    }

    /// Kills a process: no word to anybody, its streams break.
    pub(crate) fn kill(&mut self, index: usize) -> Config {
        let host = &mut self.hosts[index];
        let config = host.node.take().expect("the host runs").config().clone();
        host.life += 1;
        host.wakes_at = None;
        for (peer, stream) in std::mem::take(&mut host.streams).into_values() {
            let reason = StreamFailure::Reset;
            self.deliver_later(peer, self.now, Arrival::Failed { stream, reason });
        }
        config
    }

    pub(crate) fn pause(&mut self, index: usize, span: Duration) {
        self.hosts[index].paused_until = self.now + span;
    }

    /// A process that does not come to read what arrives, while its timers run.
    pub(crate) fn deafen(&mut self, index: usize, span: Duration) {
        self.hosts[index].deaf_until = self.now + span;
    }

    /// Cuts or mends the way from `a` to `b`, and only that way.
    pub(crate) fn cut(&mut self, a: usize, b: usize, cut: bool) {
        if cut {
            self.cut.insert((a, b));
        } else {
            self.cut.remove(&(a, b));
        }
    }

    /// Cuts or mends all ways between two groups.
    pub(crate) fn partition(&mut self, left: &[usize], right: &[usize], cut: bool) {
        for &a in left {
            for &b in right {
                self.cut(a, b, cut);
                self.cut(b, a, cut);
            }
        }
    }

    pub(crate) fn node(&self, index: usize) -> &Node {
        self.hosts[index].node.as_ref().expect("the host runs")
    }

    /// Calls a node, then carries what it sends.
    pub(crate) fn with<R>(
        &mut self,
        index: usize,
        call: impl FnOnce(&mut Node, Instant) -> R,
    ) -> R {
        let now = self.now;
        let result = call(self.hosts[index].node.as_mut().expect("the host runs"), now);
        self.drain(index);
        result
    }

    pub(crate) fn join(&mut self, index: usize, seed: usize) {
        let seed = self.hosts[seed].address;
        self.with(index, |node, now| node.join(now, &[seed]));
    }

    pub(crate) fn run(&mut self, span: Duration) {
        self.run_until(span, |_| false);
    }

    /// Runs until `done` holds, looking every 50 ms; false if `span` went by first.
    pub(crate) fn run_until(&mut self, span: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + span;
        while self.now < end {
            if done(self) {
                return true;
            }
            self.step((self.now + Duration::from_millis(50)).min(end));
        }
        done(self)
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &Node> + '_ {
        self.hosts.iter().filter_map(|host| host.node.as_ref())
    }

    /// Whether every running node holds exactly the running nodes for alive.
    pub(crate) fn is_one_view(&self) -> bool {
        let alive = self.running().count();
        let mut hashes = self.running().map(Node::view_hash);
        let first = hashes.next();
        self.running()
            .all(|node| node.living() == alive && node.stats().suspects == 0)
            && hashes.all(|hash| Some(hash) == first)
    }

    /// The state in which `observer` holds the member of the name at `index`.
    pub(crate) fn state(&self, observer: usize, index: usize) -> Option<MemberState> {
        self.node(observer)
            .member(&name(index))
            .map(|member| member.state())
    }

    /// How many events of a kind each running node saw, by host.
    pub(crate) fn count(&self, kind: &str) -> BTreeMap<usize, usize> {
        let counts = self.hosts.iter().map(|host| {
            host.events
                .iter()
                .filter(|(_, event)| event.kind() == kind)
                .count()
        });
        counts.enumerate().filter(|(_, count)| *count > 0).collect()
    }

    fn step(&mut self, until: Instant) {
        while let Some(&Reverse((at, serial, index, life))) = self.queue.peek() {
            if at > until {
                break;
            }
            self.queue.pop();
            self.now = at;
            let Some(arrival) = self.arrivals.remove(&serial) else {
                continue;
            };
            if self.hosts[index].life == life {
                self.arrive(index, arrival);
            }
        }
        self.now = until;
    }

    fn arrive(&mut self, index: usize, arrival: Arrival) {
        let now = self.now;
        let host = &mut self.hosts[index];
        let hears = if matches!(arrival, Arrival::Wake) {
            now
        } else {
            host.deaf_until
        };
        let at = host.paused_until.max(hears);
        if at > now {
            return self.deliver_later(index, at, arrival);
        }
        if let (Arrival::Datagram { .. }, false) = (&arrival, self.weather.work.is_zero()) {
            let at = host.busy_until.max(now) + self.weather.work;
            host.busy_until = at;
            return self.deliver_later(index, at, Arrival::Read(Box::new(arrival)));
        }
        let Some(node) = host.node.as_mut() else {
            return;
        };
        let arrival = match arrival {
            Arrival::Read(arrival) => *arrival,
            other => other,
        };
        match arrival {
            Arrival::Read(_) => unreachable!("read once"),
            Arrival::Datagram { from, mut bytes } => node.handle_datagram(now, from, &mut bytes),
            Arrival::Stream { stream, mut bytes } => {
                node.handle_stream_message(now, stream, &mut bytes);
            }
            Arrival::Closed { stream } => {
                host.streams.remove(&stream);
                node.handle_stream_closed(now, stream);
            }
            Arrival::Failed { stream, reason } => {
                host.streams.remove(&stream);
                node.handle_stream_failed(now, stream, reason);
            }
            Arrival::Wake => {
                host.wakes_at = None;
                if node.poll_timeout().is_some_and(|due| due <= now) {
                    node.handle_timeout(now);
                }
            }
        }
        self.drain(index);
    }

    fn drain(&mut self, index: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Some(transmit) = self.hosts[index]
            .node
            .as_mut()
            .and_then(|node| node.poll_transmit(&mut buffer))
        {
            self.transmit(index, transmit, &buffer);
        }
        self.buffer = buffer;
        let now = self.now;
        let host = &mut self.hosts[index];
        let Some(node) = host.node.as_mut() else {
            return;
        };
        while let Some(event) = node.poll_event() {
            host.events.push((now, event));
        }
        if let Some(due) = node.poll_timeout() {
            if host.wakes_at.is_none_or(|at| due < at) {
                host.wakes_at = Some(due);
                self.deliver_later(index, due.max(now), Arrival::Wake);
            }
        }
    }
}
