//! Anti-entropy over a stream: digests first, then records of what differs.

use super::{Body, Incarnation, Instance, Record, State};
use crate::wire::cursor::{put_varint, Cursor};
use crate::wire::entries::Entries;
use crate::wire::WireError;

/// A view in a few words: for each of a power of two of buckets of instances, a hash of the
/// living members in it. One hash alone says whether two views are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary<'a> {
    /// Names the exchange.
    pub exchange: u32,
    /// The hash of each bucket.
    pub hashes: Entries<'a, u64>,
}

/// What one side believes about one member, short enough to send for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestEntry {
    /// The member.
    pub instance: Instance,
    /// Its incarnation.
    pub incarnation: Incarnation,
    /// Its state.
    pub state: State,
    /// The version of its metadata.
    pub meta_version: u32,
}

/// A chunk of the sender's digest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digest<'a> {
    /// Names the exchange; every later message of it repeats this.
    pub exchange: u32,
    /// Whether this is the last chunk.
    pub last: bool,
    /// The members of this chunk.
    pub entries: Entries<'a, DigestEntry>,
}

/// Asks for the records of members that the asker lacks or holds older.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DigestRequest<'a> {
    /// The exchange.
    pub exchange: u32,
    /// Whether this is the last chunk.
    pub last: bool,
    /// Whose records are wanted.
    pub wanted: Entries<'a, Instance>,
}

/// A member's full record and the sender's belief about its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordEntry<'a> {
    /// The state that the sender holds it in.
    pub state: State,
    /// The record.
    pub record: Record<'a>,
}

/// Full records, in answer to a digest or to a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Records<'a> {
    /// The exchange.
    pub exchange: u32,
    /// Whether this is the last chunk.
    pub last: bool,
    /// The records of this chunk.
    pub entries: Entries<'a, RecordEntry<'a>>,
}

impl<'a> Body<'a> for Summary<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.exchange.to_le_bytes());
        self.hashes.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            exchange: cursor.u32("exchange")?,
            hashes: Entries::read(cursor)?,
        })
    }
}

impl<'a> Body<'a> for DigestEntry {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.instance.to_le_bytes());
        out.push(self.state as u8);
        put_varint(out, self.incarnation);
        put_varint(out, u64::from(self.meta_version));
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            instance: cursor.u64("instance")?,
            state: State::read(cursor)?,
            incarnation: cursor.varint("incarnation")?,
            meta_version: cursor.varint32("metadata version")?,
        })
    }
}

impl<'a> Body<'a> for Instance {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        cursor.u64("instance")
    }
}

impl<'a> Body<'a> for RecordEntry<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.state as u8);
        self.record.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            state: State::read(cursor)?,
            record: Record::read(cursor)?,
        })
    }
}

fn put_chunk(out: &mut Vec<u8>, exchange: u32, last: bool) {
    out.extend_from_slice(&exchange.to_le_bytes());
    out.push(u8::from(last));
}

fn read_chunk(cursor: &mut Cursor<'_>) -> Result<(u32, bool), WireError> {
    let exchange = cursor.u32("exchange")?;
    let at = cursor.at();
    match cursor.u8("last")? {
        0 => Ok((exchange, false)),
        1 => Ok((exchange, true)),
        _ => Err(WireError::Value { what: "last", at }),
    }
}

impl<'a> Body<'a> for Digest<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        put_chunk(out, self.exchange, self.last);
        self.entries.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        let (exchange, last) = read_chunk(cursor)?;
        Ok(Self {
            exchange,
            last,
            entries: Entries::read(cursor)?,
        })
    }
}

impl<'a> Body<'a> for DigestRequest<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        put_chunk(out, self.exchange, self.last);
        self.wanted.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        let (exchange, last) = read_chunk(cursor)?;
        Ok(Self {
            exchange,
            last,
            wanted: Entries::read(cursor)?,
        })
    }
}

impl<'a> Body<'a> for Records<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        put_chunk(out, self.exchange, self.last);
        self.entries.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        let (exchange, last) = read_chunk(cursor)?;
        Ok(Self {
            exchange,
            last,
            entries: Entries::read(cursor)?,
        })
    }
}
