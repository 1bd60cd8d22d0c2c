//! What can be wrong with bytes from the network.

use thiserror::Error;

use super::{DropReason, Instance, KeyId, Versions};

/// Why a datagram, a message or a frame was refused.
///
/// Offsets count bytes from the start of the datagram, or of the frame, that was handed in.
/// None of these affects the codec's state unless the variant says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WireError {
    /// The bytes end inside a field: cut on the way, or written by a broken peer.
    #[error("ends inside {what}, at byte {at}")]
    Truncated {
        /// The field that was being read.
        what: &'static str,
        /// Where the missing byte should have been.
        at: usize,
    },
    /// A declared length reaches beyond its container or its limit: a broken or hostile peer.
    #[error("{what} declares {length} bytes, more than fit, at byte {at}")]
    Length {
        /// The field with the length.
        what: &'static str,
        /// What it declares.
        length: u64,
        /// Where the length stands.
        at: usize,
    },
    /// A field holds a value that it must not: a broken or hostile peer.
    #[error("{what} holds a value that is not allowed, at byte {at}")]
    Value {
        /// The field.
        what: &'static str,
        /// Where the value starts.
        at: usize,
    },
    /// A variable-length integer is too long, too large or padded: a broken or hostile peer.
    #[error("bad variable-length integer in {what}, at byte {at}")]
    Varint {
        /// The field.
        what: &'static str,
        /// Where the integer starts.
        at: usize,
    },
    /// More bytes than a datagram or stream message may have: a broken or hostile peer.
    #[error("{length} bytes are over the limit of {limit}")]
    Oversized {
        /// How many came.
        length: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// Another major version of the wire: the peer is older or newer than can be spoken to.
    #[error("wire version {version} is not spoken here, only {} to {}", ours.min, ours.max)]
    Version {
        /// The peer's.
        version: u8,
        /// What this build speaks.
        ours: Versions,
        /// Who sent it.
        from: Instance,
    },
    /// Flags that this version does not define: a broken peer.
    #[error("flags {flags:#04x} are not defined")]
    Flags {
        /// All flags.
        flags: u8,
    },
    /// The sender belongs to a cluster with another label.
    #[error("label hash {theirs:08x} is not ours, {ours:08x}")]
    Label {
        /// The sender's label, hashed.
        theirs: u32,
        /// Ours.
        ours: u32,
    },
    /// Not encrypted, and we hold keys: the sender lacks them.
    #[error("not encrypted")]
    Unencrypted,
    /// Encrypted, and we hold no key: we lack the cluster's.
    #[error("encrypted with key {0}, and no key is held here")]
    Encrypted(KeyId),
    /// Encrypted with a key that is not held: not yet added here, or already removed.
    #[error("encrypted with key {0}, which is not held here")]
    UnknownKey(KeyId),
    /// The checksum does not fit: damaged on the way.
    #[error("checksum does not fit")]
    Checksum,
    /// The tag does not fit: forged, damaged, or sealed for another process.
    #[error("authentication failed")]
    Unauthentic,
    /// Sealed for another process: sent to this address by mistake, or replayed to it.
    #[error("sealed for another process")]
    WrongReceiver,
    /// Seen before, or older than the replay window.
    #[error("number {counter} of instance {instance} was seen before or is too old")]
    Replayed {
        /// Who sealed it.
        instance: Instance,
        /// Its number in that session.
        counter: u64,
    },
    /// Not bound to a receiver, and holds more than a greeting.
    #[error("holds more than a greeting and is not bound to a receiver")]
    Unbound,
}

impl WireError {
    /// Under which reason a drop is counted.
    pub fn reason(&self) -> DropReason {
        match self {
            Self::Truncated { .. }
            | Self::Length { .. }
            | Self::Value { .. }
            | Self::Varint { .. }
            | Self::Flags { .. } => DropReason::Malformed,
            Self::Oversized { .. } => DropReason::Oversized,
            Self::Version { .. } => DropReason::Version,
            Self::Label { .. } => DropReason::Label,
            Self::Unencrypted | Self::Encrypted(_) => DropReason::Encryption,
            Self::UnknownKey(_) => DropReason::UnknownKey,
            Self::Checksum => DropReason::Checksum,
            Self::Unauthentic => DropReason::Unauthentic,
            Self::WrongReceiver | Self::Unbound => DropReason::Receiver,
            Self::Replayed { .. } => DropReason::Replayed,
        }
    }
}
