//! What can be wrong with bytes from the network.

use thiserror::Error;

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
}
