//! Every number of the protocol, with its unit and the profiles that set them.

mod profiles;
mod validate;

#[cfg(test)]
mod tests;

use core::net::SocketAddr;
use core::time::Duration;

use crate::wire::Keyring;

/// How one member takes part.
///
/// Build it from a profile ([`Config::lan`], [`Config::wan`], [`Config::local`],
/// [`Config::memberlist_lan`]) and change what differs; [`crate::Node::new`] validates it and
/// names the first field that cannot stand.
#[derive(Clone, Debug)]
pub struct Config {
    /// The member's name, unique in the cluster; 1 to 255 bytes.
    pub name: String,
    /// Where others reach this member, for datagrams and streams alike. May differ from the
    /// address the host binds.
    pub advertise: SocketAddr,
    /// The boot epoch: larger at every start of a process under the same name, so that a
    /// restart is a new line and never the old one revived. Milliseconds of wall clock at
    /// start will do, and must stay below 2^42; if they went backwards, the member raises its
    /// own above what the cluster remembers. [`crate::Member::instance`] is this number with
    /// a hash of the name behind it, so that members that boot at once differ.
    pub boot_epoch: u64,
    /// Application metadata spread with the member's state, at most
    /// [`Limits::meta_bytes`].
    pub meta: Vec<u8>,
    /// Cluster label: datagrams of another label are counted and dropped. Empty for none.
    pub label: Vec<u8>,
    /// Keys; the first encrypts, all decrypt. Empty: checksums only.
    pub keyring: Keyring,
    /// Probing.
    pub probe: Probe,
    /// Suspicion.
    pub suspicion: Suspicion,
    /// Which parts of Lifeguard run, and how far self-awareness reaches.
    pub lifeguard: Lifeguard,
    /// Dissemination.
    pub gossip: Gossip,
    /// Anti-entropy and reconnecting.
    pub sync: Sync,
    /// How long the gone are remembered.
    pub memory: Memory,
    /// Network coordinates.
    pub coordinates: Coordinates,
    /// Caps on everything that a peer can grow.
    pub limits: Limits,
}

/// Probing: who is asked, how often, and how long the answer may take.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Protocol period: one member is probed in each. Scaled by the health multiplier.
    pub interval: Duration,
    /// Time allowed for a direct answer before others are asked; less than `patience`.
    /// Scaled by the health multiplier.
    pub timeout: Duration,
    /// Time after which a probe that neither the target nor a relay answered has failed. May
    /// be longer than `interval`: probes of different members overlap. Scaled by the health
    /// multiplier.
    pub patience: Duration,
    /// A member gets half of `timeout` and four round trips by the coordinates, at most twice
    /// `timeout` (then `patience` doubles, too), and `timeout` itself while its place is not
    /// known. The last look at a suspect takes as long.
    pub by_distance: bool,
    /// Members asked to probe in our stead once the direct probe is overdue.
    pub indirect: usize,
    /// A relay that has no answer says so after this share of `timeout`, 0 to 1 exclusive
    /// (Lifeguard section IV-A: 0.8).
    pub nack_after: f64,
    /// Also ask over a stream, in parallel with the relays: tells a dead process from a
    /// network that drops datagrams.
    pub stream_fallback: bool,
}

/// Suspicion: how long an accused member has to refute (Lifeguard section IV-B).
#[derive(Clone, Debug, PartialEq)]
pub struct Suspicion {
    /// `min = alpha * max(1, log10(n + 1)) * probe interval`, and never below `floor`.
    pub alpha: f64,
    /// The least `min`, in a cluster of whatever size. A member that stands still for up to
    /// this and [`Probe::patience`] together, less what its refutation takes to spread, dies
    /// nowhere.
    pub floor: Duration,
    /// `max = beta * min`, the time allowed while nobody confirms; at least 1.
    pub beta: f64,
    /// Independent confirmations after which the time allowed is `min`.
    pub confirmations: u32,
    /// Members of all that hear of a suspicion, expected to probe the accused at once and out
    /// of turn: they confirm sooner, and tell the accused sooner that it is accused.
    pub second_opinions: u32,
    /// Once the time is up the suspect is asked once more, and has [`Probe::timeout`] to
    /// answer.
    pub last_look: bool,
}

/// The three parts of Lifeguard, each on its own switch so that plain SWIM can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifeguard {
    /// Self-awareness slows and lengthens our probes (LHA-Probe).
    pub aware_probe: bool,
    /// Suspicion shortens with confirmations and lengthens with our own ill health
    /// (LHA-Suspicion). Without it the time allowed is always `min`.
    pub aware_suspicion: bool,
    /// Whoever probes a suspect tells it that it is suspect (buddy system).
    pub buddy: bool,
    /// Time during which the process did not run does not count: no probe or suspicion runs
    /// out because we slept (self-awareness carried to the clock).
    pub pause_clock: bool,
    /// A member most of whose own probes meet silence, of the target and of the relays alike,
    /// lets accusations of itself stand until it has been well for thirty periods: a network
    /// that fails one way, or flaps, takes it out once instead of again and again.
    pub stand_down: bool,
    /// Highest local health score; the multiplier is score + 1. Zero switches it off.
    pub max_score: u32,
    /// Own scheduling lag above which this member counts itself degraded.
    pub lag_degraded: Duration,
    /// Own scheduling lag below which it counts as recovered; at most `lag_degraded`.
    pub lag_recovered: Duration,
}

/// Dissemination: how news spreads between probes.
#[derive(Clone, Debug, PartialEq)]
pub struct Gossip {
    /// Time between rounds of gossip while there is something to say.
    pub interval: Duration,
    /// The first round after a rest goes out at once instead of an interval later.
    pub prompt: bool,
    /// Members told in one round.
    pub fanout: usize,
    /// Datagrams sent to one member in one round while more waits than one holds.
    pub burst: usize,
    /// `lambda`: one update is sent `lambda * ceil(log10(n + 1))` times.
    pub retransmit: u32,
    /// The dead are told the news, their own death included, for this long.
    pub to_the_dead: Duration,
    /// Largest datagram in bytes, headers of the protocol included.
    pub mtu: usize,
}

/// Anti-entropy: comparing digests, then shipping what differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Sync {
    /// The period is this many dissemination windows
    /// (`gossip interval * retransmissions of an update`), and never below `min_interval`.
    pub windows: f64,
    /// Least time between exchanges; the pace while the last one found differences.
    pub min_interval: Duration,
    /// Longest time between exchanges.
    pub max_interval: Duration,
    /// Time after which an exchange or a join without answer is given up.
    pub timeout: Duration,
    /// Time between attempts to reach a dead member or a seed, so that healed partitions merge.
    pub reconnect_interval: Duration,
}

/// How long the gone are remembered.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// A dead or departed member's row is kept this long, so that stale news cannot revive it.
    pub retention: Duration,
    /// A dead member's name may be taken from another address after this long; the name of one
    /// that left may be taken at once.
    pub reclaim: Duration,
}

/// Network coordinates (Vivaldi, with the remedies of Ledlie et al., NSDI 2007).
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinates {
    /// Whether coordinates are computed and carried on acks.
    pub enabled: bool,
    /// `c_e`: share by which one sample can move the error estimate, 0 to 1.
    pub error_gain: f64,
    /// `c_c`: share by which one sample can move the coordinate, 0 to 1.
    pub position_gain: f64,
    /// Pull towards the origin: the distance in seconds at which it balances.
    pub gravity: f64,
}

/// Caps on everything that a peer can grow. Whatever exceeds one is dropped and counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Living and suspected members known, ourselves included.
    pub members: usize,
    /// Dead and departed members remembered; the oldest go first.
    pub gone: usize,
    /// Updates waiting in the dissemination buffer for members, and as many user events.
    pub gossip: usize,
    /// Bytes of metadata of one member.
    pub meta_bytes: usize,
    /// Bytes of name and payload of one user event.
    pub event_bytes: usize,
    /// User events remembered for de-duplication.
    pub seen_events: usize,
    /// Probes that we relay for others at a time.
    pub relays: usize,
    /// Streams open at a time, either way.
    pub streams: usize,
    /// Messages waiting to be polled by the host.
    pub outgoing: usize,
    /// Suspicions open at a time.
    pub suspicions: usize,
}
