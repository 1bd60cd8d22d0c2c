//! Anti-entropy: one hash first, then bucket hashes, then digests of the buckets that differ,
//! then the records that do.
//!
//! The root travels in a datagram; where views agree that is all. Where they differ, whoever
//! received it opens a stream:
//!
//! ```text
//! opener                              other
//!   Summary (hash of each bucket)  →
//!                                  ←  Summary, Digest (its rows of buckets that differ)
//!   Records (newer here),
//!   DigestRequest (newer there)    →
//!                                  ←  Records (as requested)
//! ```

use core::time::Duration;

use rand_core::Rng;

use super::inbound::Sender;
use super::outgoing::Outgoing;
use super::stream::{Purpose, CHUNK_BYTES};
use super::timers::Timer;
use super::{MemberId, Node};
use crate::event::MemberState;
use crate::member::{bucket_of, Digest as View, Row, BUCKETS};
use crate::transmit::StreamId;
use crate::wire::{Digest, DigestEntry, DigestRequest, Entries, Message, State, Summary};

/// Digest entries in one message: at most 24 bytes each.
const ENTRIES_IN_CHUNK: usize = CHUNK_BYTES / 24;

/// An exchange that we opened.
#[derive(Debug)]
pub(super) struct Comparison {
    exchange: u32,
    ours: Vec<u64>,
    theirs: Vec<u64>,
    entries: Vec<DigestEntry>,
}

impl Node {
    /// The time between exchanges while views agree.
    pub(super) fn sync_interval(&self) -> Duration {
        let config = &self.config.sync;
        let period = self.dissemination_window().mul_f64(config.windows);
        period.clamp(config.min_interval, config.max_interval)
    }

    pub(super) fn start_sync(&mut self) {
        let period = self.sync_interval();
        self.arm_jittered(period, Timer::Sync);
        self.offer_root();
    }

    /// Shows somebody our view in one hash.
    fn offer_root(&mut self) {
        if !self.is_here() {
            return;
        }
        if let Some(target) = self.table.random_living(&mut self.rng) {
            self.send(Outgoing::Root { target });
        }
    }

    /// Our view has just changed by much: compares again soon, beside the usual period.
    pub(super) fn sync_soon(&mut self) {
        if self.now < self.sync_ready_at || self.agenda.is_armed(Timer::SyncOnce) {
            return;
        }
        self.sync_ready_at = self.now + self.config.sync.min_interval;
        self.arm_jittered(self.config.sync.min_interval, Timer::SyncOnce);
    }

    pub(super) fn sync_once(&mut self) {
        self.offer_root();
    }

    /// A member shows its view in one hash. Where ours is another, we compare; not while the
    /// news that make the difference may still be under way to us.
    pub(super) fn compare_root(&mut self, sender: &Sender, summary: &Summary<'_>) {
        let Some(id) = self.table.by_instance(sender.instance) else {
            return self.send(Outgoing::Introduce {
                to: sender.address,
                instance: sender.instance,
            });
        };
        let mut hashes = summary.hashes.iter();
        if hashes.next() == Some(self.table.root()) {
            self.stats.syncs_alike += 1;
        } else if self.is_here() && self.table.row(id).state.is_living() {
            self.compare_with(id);
        }
    }

    fn compare_with(&mut self, id: MemberId) {
        let mut ours = Vec::new();
        let width = View::width(self.table.living());
        self.table.fold(width, &mut ours);
        let exchange = self.rng.next_u32();
        let identity = &self.table.row(id).identity;
        let (to, instance) = (identity.address, identity.instance);
        let comparison = Comparison {
            exchange,
            ours: ours.clone(),
            theirs: Vec::new(),
            entries: Vec::new(),
        };
        let purpose = Purpose::Comparing(Box::new(comparison));
        let summary = Message::Summary(Summary {
            exchange,
            hashes: Entries::new(&ours),
        });
        self.open_stream(to, Some(instance), purpose, &summary);
    }

    /// Bucket hashes by stream: the question of an opener, or the answer to ours.
    pub(super) fn read_summary(
        &mut self,
        stream: StreamId,
        from: u64,
        summary: &Summary<'_>,
    ) -> bool {
        let width = summary.hashes.len();
        if !width.is_power_of_two() || width > BUCKETS {
            return false;
        }
        match self.streams.purpose(stream) {
            Some(Purpose::Comparing(comparison)) => {
                let fits = width == comparison.ours.len() && comparison.theirs.is_empty();
                if fits && summary.exchange == comparison.exchange {
                    comparison.theirs.extend(summary.hashes.iter());
                    return true;
                }
                false
            }
            Some(Purpose::Serving) => {
                self.answer_summary(stream, from, summary);
                true
            }
            _ => false,
        }
    }

    fn answer_summary(&mut self, stream: StreamId, from: u64, summary: &Summary<'_>) {
        let exchange = summary.exchange;
        let theirs: Vec<u64> = summary.hashes.iter().collect();
        let mut ours = Vec::new();
        self.table.fold(theirs.len(), &mut ours);
        let hashes = Entries::new(&ours);
        self.reply(
            stream,
            from,
            &Message::Summary(Summary { exchange, hashes }),
        );

        let differs = |instance: u64| {
            let bucket = bucket_of(instance, ours.len());
            ours[bucket] != theirs[bucket]
        };
        let entries: Vec<DigestEntry> = self
            .table
            .iter_living()
            .map(|id| self.table.row(id))
            .filter(|row| differs(row.identity.instance))
            .map(digest_entry)
            .collect();
        let mut chunks = entries.chunks(ENTRIES_IN_CHUNK).peekable();
        loop {
            let chunk = chunks.next().unwrap_or_default();
            let last = chunks.peek().is_none();
            let entries = Entries::new(chunk);
            self.reply(
                stream,
                from,
                &Message::Digest(Digest {
                    exchange,
                    last,
                    entries,
                }),
            );
            if last {
                return;
            }
        }
    }

    pub(super) fn read_digest(&mut self, stream: StreamId, from: u64, digest: &Digest<'_>) -> bool {
        let most = self.config.limits.members;
        let Some(Purpose::Comparing(comparison)) = self.streams.purpose(stream) else {
            return false;
        };
        let room = comparison.entries.len() + digest.entries.len() <= most;
        let asked = digest.exchange == comparison.exchange && !comparison.theirs.is_empty();
        if !room || !asked {
            return false;
        }
        comparison.entries.extend(digest.entries.iter());
        if digest.last {
            let comparison = core::mem::replace(
                &mut **comparison,
                Comparison {
                    exchange: digest.exchange,
                    ours: Vec::new(),
                    theirs: Vec::new(),
                    entries: Vec::new(),
                },
            );
            self.settle(stream, from, comparison);
        }
        true
    }

    /// Both digests are here: sends what is newer here, asks for what is newer there.
    fn settle(&mut self, stream: StreamId, from: u64, comparison: Comparison) {
        let Comparison {
            exchange,
            ours,
            theirs,
            mut entries,
        } = comparison;
        entries.sort_unstable_by_key(|entry| entry.instance);
        let wanted: Vec<u64> = entries
            .iter()
            .filter(|entry| self.is_behind(entry))
            .map(|e| e.instance)
            .collect();
        let newer: Vec<MemberId> = self
            .table
            .iter()
            .filter(|id| {
                let row = self.table.row(*id);
                let bucket = bucket_of(row.identity.instance, ours.len());
                ours[bucket] != theirs[bucket] && is_ahead(row, &entries)
            })
            .collect();
        if wanted.len() + newer.len() > 0 {
            self.stats.syncs_different += 1;
        }
        self.send_records(stream, from, exchange, &newer);
        self.request_records(stream, from, exchange, &wanted);
        if wanted.is_empty() {
            self.close_stream(stream);
        }
        if wanted.len() + newer.len() > 2 {
            self.sync_soon();
        }
    }

    /// Whether a peer knows more of a member than we do.
    fn is_behind(&self, entry: &DigestEntry) -> bool {
        let Some(id) = self.table.by_instance(entry.instance) else {
            return true;
        };
        let row = self.table.row(id);
        let incarnation = u64::from(row.incarnation);
        id != MemberId::LOCAL
            && (entry.incarnation > incarnation || entry.meta_version > row.identity.meta_version)
    }

    fn request_records(&mut self, stream: StreamId, from: u64, exchange: u32, wanted: &[u64]) {
        let mut chunks = wanted.chunks(CHUNK_BYTES / 8).peekable();
        loop {
            let wanted = chunks.next().unwrap_or_default();
            let last = chunks.peek().is_none();
            let request = DigestRequest {
                exchange,
                last,
                wanted: Entries::new(wanted),
            };
            self.reply(stream, from, &Message::DigestRequest(request));
            if last {
                return;
            }
        }
    }

    pub(super) fn read_request(
        &mut self,
        stream: StreamId,
        from: u64,
        request: &DigestRequest<'_>,
    ) -> bool {
        if !matches!(self.streams.purpose(stream), Some(Purpose::Serving)) {
            return false;
        }
        let wanted: Vec<MemberId> = request
            .wanted
            .iter()
            .filter_map(|instance| self.table.by_instance(instance))
            .collect();
        if !wanted.is_empty() {
            self.send_records(stream, from, request.exchange, &wanted);
        }
        if request.last {
            self.close_stream(stream);
        }
        true
    }
}

pub(super) fn wire_state(state: MemberState) -> State {
    match state {
        MemberState::Alive => State::Alive,
        MemberState::Suspect => State::Suspect,
        MemberState::Dead => State::Dead,
        MemberState::Left => State::Left,
    }
}

fn digest_entry(row: &Row) -> DigestEntry {
    DigestEntry {
        instance: row.identity.instance,
        incarnation: u64::from(row.incarnation),
        state: wire_state(row.state),
        meta_version: row.identity.meta_version,
    }
}

/// Whether we know more of a member than the peer whose sorted digest this is. What is gone
/// here matters only where the peer holds it for living.
fn is_ahead(row: &Row, entries: &[DigestEntry]) -> bool {
    let found = entries.binary_search_by_key(&row.identity.instance, |entry| entry.instance);
    let Ok(index) = found else {
        return row.state.is_living();
    };
    let (entry, incarnation) = (&entries[index], u64::from(row.incarnation));
    if row.state.is_living() {
        incarnation > entry.incarnation || row.identity.meta_version > entry.meta_version
    } else {
        incarnation >= entry.incarnation
    }
}
