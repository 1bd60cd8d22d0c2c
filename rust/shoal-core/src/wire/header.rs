//! The header of a datagram: `version · flags · label hash · instance`, and where the body
//! is encrypted `key id · receiver tag · salt · counter`.

use super::crypto::{KeyId, Nonce};
use super::cursor::Cursor;
use super::{Instance, WireError};

/// The part that every version of the wire shares.
pub(crate) const PREFIX_BYTES: usize = 14;

/// The whole header of an encrypted datagram.
pub(crate) const SEALED_HEADER_BYTES: usize = PREFIX_BYTES + 22;

/// The checksum behind a datagram that is not encrypted.
pub(crate) const CHECKSUM_BYTES: usize = 4;

/// The body is encrypted.
pub(crate) const SEALED: u8 = 0x01;

/// Encrypted for whoever holds the key: the sender does not know the receiver's instance.
pub(crate) const UNBOUND: u8 = 0x02;

/// What every datagram starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) version: u8,
    pub(crate) flags: u8,
    pub(crate) label: u32,
    pub(crate) from: Instance,
}

/// What follows the prefix of an encrypted datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal {
    pub(crate) key: KeyId,
    pub(crate) receiver: u16,
    pub(crate) nonce: Nonce,
}

impl Prefix {
    #[inline]
    pub(crate) fn put(self, out: &mut Vec<u8>) {
        let mut bytes = [0; PREFIX_BYTES];
        bytes[0] = self.version;
        bytes[1] = self.flags;
        bytes[2..6].copy_from_slice(&self.label.to_le_bytes());
        bytes[6..].copy_from_slice(&self.from.to_le_bytes());
        out.extend_from_slice(&bytes);
    }

    #[inline]
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, WireError> {
        Ok(Self {
            version: cursor.u8("version")?,
            flags: cursor.u8("flags")?,
            label: cursor.u32("label hash")?,
            from: cursor.u64("instance")?,
        })
    }
}

impl Seal {
    pub(crate) fn put(self, out: &mut Vec<u8>) {
        let mut bytes = [0; SEALED_HEADER_BYTES - PREFIX_BYTES];
        bytes[..4].copy_from_slice(&self.key.0.to_le_bytes());
        bytes[4..6].copy_from_slice(&self.receiver.to_le_bytes());
        bytes[6..14].copy_from_slice(&self.nonce.salt.to_le_bytes());
        bytes[14..].copy_from_slice(&self.nonce.counter.to_le_bytes());
        out.extend_from_slice(&bytes);
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>, from: Instance) -> Result<Self, WireError> {
        Ok(Self {
            key: KeyId(cursor.u32("key id")?),
            receiver: cursor.u16("receiver tag")?,
            nonce: Nonce {
                instance: from,
                salt: cursor.u64("salt")?,
                counter: cursor.u64("counter")?,
            },
        })
    }
}

/// What is authenticated beside the body: the header and the receiver's instance, so that a
/// datagram is worth nothing at any other process.
pub(crate) fn associated_data(
    header: &[u8],
    receiver: Option<Instance>,
) -> [u8; SEALED_HEADER_BYTES + 8] {
    let mut bytes = [0; SEALED_HEADER_BYTES + 8];
    bytes[..SEALED_HEADER_BYTES].copy_from_slice(header);
    bytes[SEALED_HEADER_BYTES..].copy_from_slice(&receiver.unwrap_or(0).to_le_bytes());
    bytes
}

/// Tells most misdirected datagrams before any decryption; zero where the receiver is unknown.
pub(crate) fn receiver_tag(receiver: Option<Instance>) -> u16 {
    let hash = receiver.unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> 48) as u16
}
