//! Probing: direct, through a helper, and over a stream.

use core::net::SocketAddr;

use super::{Body, Incarnation, Instance, State};
use crate::wire::cursor::{put_varint, Cursor};
use crate::wire::{address, Coordinates, WireError};

/// Are you there? Carries the prober's own state, so that a wrong belief meets its subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ping {
    /// Names the probe; the ack repeats it.
    pub nonce: u32,
    /// Who is meant: another process at the same address must not answer.
    pub target: Instance,
    /// The prober's own incarnation.
    pub incarnation: Incarnation,
    /// The prober's coordinates, if it sends them along.
    pub coordinates: Option<Coordinates>,
}

/// Please probe somebody for me.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PingReq {
    /// Names the request; the forwarded ack or the nack repeats it.
    pub nonce: u32,
    /// Who is to be probed.
    pub target: Instance,
    /// Where.
    pub addr: SocketAddr,
}

/// What the answerer believes about the prober.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belief {
    /// In which state it holds the prober.
    pub state: State,
    /// At which incarnation.
    pub incarnation: Incarnation,
}

/// The answer to [`Ping`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ack {
    /// The probe's nonce.
    pub nonce: u32,
    /// The answerer's own incarnation.
    pub incarnation: Incarnation,
    /// What the answerer believes about the prober; none where it does not know it.
    pub belief: Option<Belief>,
    /// The answerer's coordinates, if it sends them along.
    pub coordinates: Option<Coordinates>,
}

/// A helper's word that its own probe went unanswered: it is alive, the target was silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nack {
    /// The request's nonce.
    pub nonce: u32,
}

/// A probe over a stream, where datagrams may be blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPing {
    /// Names the probe.
    pub nonce: u32,
    /// Who is meant.
    pub target: Instance,
}

/// The answer to [`StreamPing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamAck {
    /// The probe's nonce.
    pub nonce: u32,
}

impl<'a> Body<'a> for Ping {
    fn put(&self, out: &mut Vec<u8>) {
        let mut head = [0; 13];
        head[..4].copy_from_slice(&self.nonce.to_le_bytes());
        head[4..12].copy_from_slice(&self.target.to_le_bytes());
        put_behind(out, head, self.incarnation);
        Coordinates::put_option(self.coordinates.as_ref(), out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
            target: cursor.u64("target")?,
            incarnation: cursor.varint("incarnation")?,
            coordinates: Coordinates::read_option(cursor)?,
        })
    }
}

impl<'a> Body<'a> for PingReq {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
        out.extend_from_slice(&self.target.to_le_bytes());
        address::put(out, self.addr);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
            target: cursor.u64("target")?,
            addr: address::read(cursor)?,
        })
    }
}

impl<'a> Body<'a> for Ack {
    fn put(&self, out: &mut Vec<u8>) {
        let mut head = [0; 5];
        head[..4].copy_from_slice(&self.nonce.to_le_bytes());
        put_behind(out, head, self.incarnation);
        match self.belief {
            None => out.push(UNKNOWN),
            Some(belief) => put_behind(out, [belief.state as u8, 0], belief.incarnation),
        }
        Coordinates::put_option(self.coordinates.as_ref(), out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
            incarnation: cursor.varint("incarnation")?,
            belief: read_belief(cursor)?,
            coordinates: Coordinates::read_option(cursor)?,
        })
    }
}

/// Appends fixed fields and a varint, for which `head` has one byte left: most take no more, and
/// all then goes out as one piece.
#[inline]
fn put_behind<const N: usize>(out: &mut Vec<u8>, mut head: [u8; N], value: u64) {
    if value < 0x80 {
        head[N - 1] = value as u8;
        out.extend_from_slice(&head);
    } else {
        out.extend_from_slice(&head[..N - 1]);
        put_varint(out, value);
    }
}

/// Stands in a belief's state byte where the answerer does not know the prober.
const UNKNOWN: u8 = 0;

fn read_belief(cursor: &mut Cursor<'_>) -> Result<Option<Belief>, WireError> {
    if cursor.rest().first() == Some(&UNKNOWN) {
        cursor.u8("belief")?;
        return Ok(None);
    }
    Ok(Some(Belief {
        state: State::read(cursor)?,
        incarnation: cursor.varint("incarnation")?,
    }))
}

impl<'a> Body<'a> for Nack {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
        })
    }
}

impl<'a> Body<'a> for StreamPing {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
        out.extend_from_slice(&self.target.to_le_bytes());
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
            target: cursor.u64("target")?,
        })
    }
}

impl<'a> Body<'a> for StreamAck {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
        })
    }
}
