//! Shipping records: the whole table to a joiner, what differs in an exchange.

use super::outgoing::Outgoing;
use super::stream::{Purpose, CHUNK_BYTES};
use super::sync::wire_state;
use super::{MemberId, Node};
use crate::member::Row;
use crate::transmit::StreamId;
use crate::wire::{Entries, Message, RecordEntry, Records};

impl Node {
    /// Sends a joiner everybody who lives, and whatever is remembered of its own name.
    pub(super) fn send_table(&mut self, stream: StreamId, to: u64, name: &str) {
        let mut ids: Vec<MemberId> = self.table.iter_living().collect();
        let own = self.table.by_name(name);
        ids.extend(own.filter(|id| !self.table.row(*id).state.is_living()));
        self.send_records(stream, to, 0, &ids);
    }

    pub(super) fn send_records(
        &mut self,
        stream: StreamId,
        to: u64,
        exchange: u32,
        ids: &[MemberId],
    ) {
        self.stats.sync_rows_out += ids.len() as u64;
        let mut rest = ids;
        loop {
            let take = self.rows_in_chunk(rest);
            let (chunk, behind) = rest.split_at(take);
            let rows = chunk.iter().map(|id| self.table.row(*id));
            let entries: Vec<RecordEntry<'_>> = rows.map(record_entry).collect();
            let last = behind.is_empty();
            let records = Records {
                exchange,
                last,
                entries: Entries::new(&entries),
            };
            let mut bytes = self.outbox.buffer();
            let mut packer = self.codec.packer(&mut bytes, Some(to), 2 * CHUNK_BYTES);
            packer.push(&Message::Records(records));
            self.codec.seal(packer);
            self.send(Outgoing::Reply { stream, bytes });
            if last {
                return;
            }
            rest = behind;
        }
    }

    /// How many of these rows one message holds.
    fn rows_in_chunk(&self, ids: &[MemberId]) -> usize {
        const FIXED_BYTES: usize = 64;
        let mut bytes = 0;
        let fits = |id: &&MemberId| {
            let identity = &self.table.row(**id).identity;
            bytes += FIXED_BYTES + identity.name.len() + identity.meta.len();
            bytes <= CHUNK_BYTES
        };
        ids.iter().take_while(fits).count()
    }

    pub(super) fn read_records(
        &mut self,
        stream: StreamId,
        from: u64,
        records: &Records<'_>,
    ) -> bool {
        let candidate = match self.streams.purpose(stream) {
            Some(Purpose::Learning(candidate)) => Some(*candidate),
            Some(Purpose::Comparing(_) | Purpose::Serving) => None,
            _ => return false,
        };
        let before = self.table.living();
        for entry in records.entries.iter() {
            self.read_entry(&entry, from);
        }
        if self.table.living() > before + 2 {
            self.sync_soon();
        }
        match (records.last, candidate) {
            (true, Some(candidate)) => self.joined(stream, candidate),
            (true, None) if !stream.is_accepted() => self.close_stream(stream),
            _ => {}
        }
        true
    }
}

fn record_entry(row: &Row) -> RecordEntry<'_> {
    RecordEntry {
        state: wire_state(row.state),
        record: row.identity.record(row.incarnation),
    }
}
