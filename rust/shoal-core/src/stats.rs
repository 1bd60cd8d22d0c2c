//! What a node counts. Plain numbers: read them all at once, subtract to get rates.

/// Counters since the node was made, and gauges of this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Datagrams read, dropped ones included.
    pub datagrams_in: u64,
    /// Datagrams handed to the host.
    pub datagrams_out: u64,
    /// Bytes of datagrams read.
    pub bytes_in: u64,
    /// Bytes of datagrams handed to the host.
    pub bytes_out: u64,
    /// Probes started.
    pub probes: u64,
    /// Probes answered, directly or through others.
    pub probes_answered: u64,
    /// Probes answered only through a relay or a stream.
    pub probes_rescued: u64,
    /// Stream messages read.
    pub stream_messages_in: u64,
    /// Stream messages handed to the host.
    pub stream_messages_out: u64,
    /// Probes that nobody answered.
    pub probes_failed: u64,
    /// Probes relayed for others.
    pub relayed: u64,
    /// Suspicions that we started ourselves.
    pub suspicions_started: u64,
    /// Suspicions held, whoever started them, that ended in a refutation.
    pub suspicions_refuted: u64,
    /// Deaths that our own suspicion decided.
    pub deaths_declared: u64,
    /// Times that we refuted an accusation of ourselves.
    pub refutations: u64,
    /// Accusations of ourselves that we let stand, for our own network fails.
    pub stood_down: u64,
    /// Exchanges of digests that found both sides alike.
    pub syncs_alike: u64,
    /// Exchanges that shipped rows.
    pub syncs_different: u64,
    /// Rows shipped in exchanges and joins.
    pub sync_rows_out: u64,
    /// Living members, ourselves included. A gauge.
    pub members: u64,
    /// Members suspected. A gauge.
    pub suspects: u64,
    /// Dead and departed members remembered. A gauge.
    pub gone: u64,
    /// Streams open, either way. A gauge.
    pub streams: u64,
    /// Updates in the dissemination buffer. A gauge.
    pub gossip_queue: u64,
    /// Time in microseconds during which this process did not run although it was due.
    pub paused_micros: u64,
    /// Local health score, 0 is healthy. A gauge.
    pub health_score: u64,
    /// Timers that wait. A gauge.
    pub wheel_timers: u64,
    /// Slots in use on each level of the wheel of relayed probes and streams, the finest
    /// first. Gauges.
    pub wheel_slots: [u32; 9],
    /// Input dropped, by reason.
    pub dropped: Dropped,
}

/// Input that was dropped, by reason. Nothing of it changed any state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// Could not be read: truncated, wrong checksum, impossible length.
    pub malformed: u64,
    /// Bears another cluster's label.
    pub label: u64,
    /// Encrypted with a key that we do not hold, not encrypted although we hold keys, or
    /// tampered with.
    pub key: u64,
    /// Speaks a version that we do not.
    pub version: u64,
    /// Seen before.
    pub replayed: u64,
    /// Meant for another process.
    pub misdirected: u64,
    /// Claims more than a limit allows: table full, metadata too long, event too large.
    pub over_limit: u64,
    /// Answers a probe that is not open.
    pub unasked: u64,
    /// Claims an incarnation that cannot be.
    pub implausible: u64,
    /// A message for a stream that is not open, or out of its turn.
    pub stream: u64,
    /// An outgoing message had no room in the queue to the host.
    pub outgoing_full: u64,
    /// An update was pushed out of the full dissemination buffer.
    pub gossip_full: u64,
}

impl Dropped {
    /// Each reason with its count, for metrics.
    pub fn by_reason(&self) -> [(&'static str, u64); 12] {
        [
            ("malformed", self.malformed),
            ("label", self.label),
            ("key", self.key),
            ("version", self.version),
            ("replayed", self.replayed),
            ("misdirected", self.misdirected),
            ("over_limit", self.over_limit),
            ("unasked", self.unasked),
            ("implausible", self.implausible),
            ("stream", self.stream),
            ("outgoing_full", self.outgoing_full),
            ("gossip_full", self.gossip_full),
        ]
    }
}
