//! What can be wrong with a frame.

use thiserror::Error;

/// Why a frame was refused. Offsets count bytes from the start of the stream, or of the
/// output where a frame could not be written.
///
/// A decoder that has reported one of these has lost its place in the stream: it repeats
/// the error for all further input, and the connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The payload is longer than allowed; nothing of it has been buffered.
    #[error("frame of {length} bytes is over the limit of {limit}, at byte {at}")]
    Oversize {
        /// The declared payload length.
        length: u64,
        /// The limit.
        limit: u64,
        /// Where the frame starts.
        at: u64,
    },
    /// Another frame format: an incompatible peer, or no peer of ours at all.
    #[error("frame version {version} is not spoken here, at byte {at}")]
    Version {
        /// The declared version.
        version: u8,
        /// Where the version stands.
        at: u64,
    },
    /// A kind outside 1 to 63.
    #[error("frame kind {kind} is not allowed, at byte {at}")]
    Kind {
        /// The declared kind.
        kind: u8,
        /// Where the kind stands.
        at: u64,
    },
    /// Flags that this format does not define.
    #[error("frame flags {flags:#06x} are not allowed, at byte {at}")]
    Flags {
        /// The declared flags.
        flags: u16,
        /// Where the flags stand.
        at: u64,
    },
    /// The payload declares that it expands beyond the limit, or beyond what LZ4 can do;
    /// nothing has been allocated for it.
    #[error("frame expands to {length} bytes, over the limit of {limit}, at byte {at}")]
    Expansion {
        /// The declared expanded length.
        length: u64,
        /// The limit.
        limit: u64,
        /// Where the payload starts.
        at: u64,
    },
    /// The compressed payload does not expand to what it declares.
    #[error("corrupt compressed payload, at byte {at}")]
    Compression {
        /// Where the payload starts.
        at: u64,
    },
}

impl FrameError {
    /// The byte offset that the message names.
    pub fn offset(&self) -> u64 {
        match *self {
            Self::Oversize { at, .. }
            | Self::Version { at, .. }
            | Self::Kind { at, .. }
            | Self::Flags { at, .. }
            | Self::Expansion { at, .. }
            | Self::Compression { at } => at,
        }
    }
}
