//! Frames on a stream: `length · version · kind · flags · correlation id · payload`.
//!
//! The header is 16 bytes, little-endian: payload length (u32), format version (u8), kind
//! (u8), flags (u16), correlation id (u64). The layer above gives kinds, flags and
//! correlation ids their meaning.

mod decoder;
mod encode;
mod error;

pub use decoder::FrameDecoder;
pub use encode::encode_frame;
pub use error::FrameError;

/// The size of a frame's header.
pub const FRAME_HEADER_BYTES: usize = 16;

/// The frame format that this build speaks.
pub const FRAME_VERSION: u8 = 1;

/// The highest kind; the lowest is 1.
pub const MAX_KIND: u8 = 63;

/// The flags that belong to the layer above: the low byte.
pub const USER_FLAGS: u16 = 0x00ff;

/// The payload is an LZ4 block behind the length that it expands to (u32).
const COMPRESSED: u16 = 0x0100;

/// Offsets of the header's fields, as errors name them.
const VERSION_AT: u64 = 4;
const KIND_AT: u64 = 5;
const FLAGS_AT: u64 = 6;

/// LZ4 cannot expand a block by more than this factor.
const MAX_EXPANSION: usize = 255;

/// A decoded frame, its payload expanded where it came compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the payload is, 1 to [`MAX_KIND`].
    pub kind: u8,
    /// Flags of the layer above, within [`USER_FLAGS`].
    pub flags: u16,
    /// Matches a reply to its request.
    pub correlation: u64,
    /// The payload.
    pub payload: &'a [u8],
}
