//! Joining: a greeting that learns the peer's instance, then the request proper.

use core::net::SocketAddr;

use super::{Body, Instance, Record};
use crate::wire::cursor::Cursor;
use crate::wire::{address, Versions, WireError};

/// The first word to an address whose instance is not known yet. It changes nothing at the
/// receiver, which is why it alone may travel without being bound to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Names the greeting.
    pub nonce: u32,
    /// The versions that the sender speaks.
    pub versions: Versions,
}

/// The answer to [`Hello`]; the header around it says the answerer's instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloReply {
    /// The greeting's nonce.
    pub nonce: u32,
    /// The versions that the answerer speaks.
    pub versions: Versions,
}

/// Asks to become a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join<'a> {
    /// Names the request.
    pub nonce: u32,
    /// The joiner.
    pub record: Record<'a>,
}

/// The joiner has been entered as a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome<'a> {
    /// The request's nonce.
    pub nonce: u32,
    /// The wire version to speak from here on.
    pub version: u8,
    /// The answerer itself.
    pub record: Record<'a>,
}

/// The joiner may not become a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refuse {
    /// The request's nonce.
    pub nonce: u32,
    /// Why.
    pub refusal: Refusal,
}

/// Why a join or a greeting was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No common wire version; these are the answerer's.
    Version(Versions),
    /// The answerer's cluster has another label; this is its hash.
    Label(u32),
    /// A living member holds the name.
    NameConflict {
        /// The holder.
        holder: Instance,
        /// Where it is reached.
        addr: SocketAddr,
    },
    /// The answerer is leaving or has no room.
    Unavailable,
    /// A reason that only a newer minor version knows.
    Other(u8),
}

const VERSION: u8 = 1;
const LABEL: u8 = 2;
const NAME_CONFLICT: u8 = 3;
const UNAVAILABLE: u8 = 4;

impl<'a> Body<'a> for Refusal {
    fn put(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Version(versions) => {
                out.push(VERSION);
                versions.put(out);
            }
            Self::Label(hash) => {
                out.push(LABEL);
                out.extend_from_slice(&hash.to_le_bytes());
            }
            Self::NameConflict { holder, addr } => {
                out.push(NAME_CONFLICT);
                out.extend_from_slice(&holder.to_le_bytes());
                address::put(out, addr);
            }
            Self::Unavailable => out.push(UNAVAILABLE),
            Self::Other(code) => out.push(code),
        }
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(match cursor.u8("refusal")? {
            VERSION => Self::Version(Versions::read(cursor)?),
            LABEL => Self::Label(cursor.u32("label hash")?),
            NAME_CONFLICT => Self::NameConflict {
                holder: cursor.u64("holder")?,
                addr: address::read(cursor)?,
            },
            UNAVAILABLE => Self::Unavailable,
            code => Self::Other(code),
        })
    }
}

impl<'a> Body<'a> for Hello {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
        self.versions.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
            versions: Versions::read(cursor)?,
        })
    }
}

impl<'a> Body<'a> for HelloReply {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
        self.versions.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
            versions: Versions::read(cursor)?,
        })
    }
}

impl<'a> Body<'a> for Join<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
        self.record.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
            record: Record::read(cursor)?,
        })
    }
}

impl<'a> Body<'a> for Welcome<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
        out.push(self.version);
        self.record.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
            version: cursor.u8("version")?,
            record: Record::read(cursor)?,
        })
    }
}

impl<'a> Body<'a> for Refuse {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nonce.to_le_bytes());
        self.refusal.put(out);
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Self {
            nonce: cursor.u32("nonce")?,
            refusal: Refusal::read(cursor)?,
        })
    }
}
