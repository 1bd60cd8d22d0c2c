//! What is spread from member to member.

use core::net::SocketAddr;

use super::{Body, Incarnation, Instance, MAX_EVENT_BYTES, MAX_META_BYTES, MAX_NAME_BYTES};
use crate::wire::cursor::{put_bytes, put_varint, Cursor};
use crate::wire::{address, Coordinates, Versions, WireError};

/// Everything that the cluster knows about a living member. Also the message that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The member's name, 1 to [`MAX_NAME_BYTES`] bytes.
    pub name: &'a str,
    /// Which process of that name: a later boot is larger.
    pub instance: Instance,
    /// Raised by the member alone, to refute.
    pub incarnation: Incarnation,
    /// Where it is reached.
    pub addr: SocketAddr,
    /// Raised by the member with each change of `meta`.
    pub meta_version: u32,
    /// The application's own bytes, at most [`MAX_META_BYTES`].
    pub meta: &'a [u8],
    /// The wire versions that the member speaks.
    pub versions: Versions,
}

/// Somebody did not answer the accuser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The accused.
    pub subject: Instance,
    /// The incarnation that the accusation is about.
    pub incarnation: Incarnation,
    /// Who says so: each confirms once.
    pub accuser: Instance,
}

/// A suspicion ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Who is dead.
    pub subject: Instance,
    /// At which incarnation.
    pub incarnation: Incarnation,
    /// Who declared it.
    pub accuser: Instance,
}

/// A member said that it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave {
    /// Who goes.
    pub subject: Instance,
    /// Its last incarnation.
    pub incarnation: Incarnation,
}

/// A member's own host code is slow: reachable, and to be used with care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Degraded {
    /// Who is slow.
    pub subject: Instance,
    /// At which incarnation.
    pub incarnation: Incarnation,
    /// Raised by the subject with each change of level within an incarnation.
    pub sequence: u32,
    /// How slow: 0 is well again.
    pub level: u8,
}

/// Where a member lies in the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coordinate {
    /// Whose coordinates.
    pub instance: Instance,
    /// The coordinates.
    pub coordinates: Coordinates,
}

/// An application's event for every member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserEvent<'a> {
    /// Its name, 1 to [`MAX_NAME_BYTES`] bytes.
    pub name: &'a str,
    /// Its payload, at most [`MAX_EVENT_BYTES`].
    pub payload: &'a [u8],
    /// Lamport time of the sending; with `origin` and `name` it identifies the event.
    pub lamport: u64,
    /// Who sent it first.
    pub origin: Instance,
}

impl<'a> Body<'a> for Record<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.instance.to_le_bytes());
        put_varint(out, self.incarnation);
        address::put(out, self.addr);
        self.versions.put(out);
        put_bytes(out, self.name.as_bytes());
        put_varint(out, u64::from(self.meta_version));
        put_bytes(out, self.meta);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            instance: cursor.u64("instance")?,
            incarnation: cursor.varint("incarnation")?,
            addr: address::read(cursor)?,
            versions: Versions::read(cursor)?,
            name: read_name(cursor)?,
            meta_version: cursor.varint32("metadata version")?,
            meta: cursor.bytes("metadata", MAX_META_BYTES)?,
        })
    }
}

fn read_name<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, WireError> {
    let at = cursor.at();
    let name = cursor.text("name", MAX_NAME_BYTES)?;
    if name.is_empty() {
        return Err(WireError::Value { what: "name", at });
    }
    Ok(name)
}

fn put_accusation(
    out: &mut Vec<u8>,
    subject: Instance,
    incarnation: Incarnation,
    accuser: Instance,
) {
    out.extend_from_slice(&subject.to_le_bytes());
    out.extend_from_slice(&accuser.to_le_bytes());
    put_varint(out, incarnation);
}

impl<'a> Body<'a> for Suspect {
    fn put(&self, out: &mut Vec<u8>) {
        put_accusation(out, self.subject, self.incarnation, self.accuser);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            subject: cursor.u64("subject")?,
            accuser: cursor.u64("accuser")?,
            incarnation: cursor.varint("incarnation")?,
        })
    }
}

impl<'a> Body<'a> for Dead {
    fn put(&self, out: &mut Vec<u8>) {
        put_accusation(out, self.subject, self.incarnation, self.accuser);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            subject: cursor.u64("subject")?,
            accuser: cursor.u64("accuser")?,
            incarnation: cursor.varint("incarnation")?,
        })
    }
}

impl<'a> Body<'a> for Leave {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.subject.to_le_bytes());
        put_varint(out, self.incarnation);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            subject: cursor.u64("subject")?,
            incarnation: cursor.varint("incarnation")?,
        })
    }
}

impl<'a> Body<'a> for Degraded {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.subject.to_le_bytes());
        put_varint(out, self.incarnation);
        put_varint(out, u64::from(self.sequence));
        out.push(self.level);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            subject: cursor.u64("subject")?,
            incarnation: cursor.varint("incarnation")?,
            sequence: cursor.varint32("sequence")?,
            level: cursor.u8("level")?,
        })
    }
}

impl<'a> Body<'a> for Coordinate {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.instance.to_le_bytes());
        self.coordinates.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            instance: cursor.u64("instance")?,
            coordinates: Coordinates::read(cursor)?,
        })
    }
}

impl<'a> Body<'a> for UserEvent<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.origin.to_le_bytes());
        put_varint(out, self.lamport);
        put_bytes(out, self.name.as_bytes());
        put_bytes(out, self.payload);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            origin: cursor.u64("origin")?,
            lamport: cursor.varint("Lamport time")?,
            name: read_name(cursor)?,
            payload: cursor.bytes("payload", MAX_EVENT_BYTES)?,
        })
    }
}
