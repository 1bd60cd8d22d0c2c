//! The wire: datagrams between members, frames between roles.
//!
//! Decoding borrows from the bytes it is given, never trusts a length, allocates nothing,
//! and says what was wrong at which byte. `docs/wire.md` shows both layouts byte by byte.

mod address;
mod coordinates;
mod cursor;
mod entries;
mod error;
mod frame;
mod message;
mod packer;
mod versions;

#[cfg(test)]
mod tests;

pub use address::is_reachable;
pub use coordinates::{Coordinates, MAX_ERROR, MAX_SECONDS};
pub use entries::{Entries, Iter};
pub use error::WireError;
pub use frame::{
    encode_frame, Frame, FrameDecoder, FrameError, FRAME_HEADER_BYTES, FRAME_VERSION, MAX_KIND,
    USER_FLAGS,
};
pub use message::{
    Ack, Belief, Body, Coordinate, Dead, Degraded, Digest, DigestEntry, DigestRequest, Hello,
    HelloReply, Incarnation, Instance, Join, Leave, Message, Messages, Nack, Ping, PingReq, Record,
    RecordEntry, Records, Refusal, Refuse, State, StreamAck, StreamPing, Suspect, UserEvent,
    Welcome, MAX_EVENT_BYTES, MAX_META_BYTES, MAX_NAME_BYTES,
};
pub use packer::{Packer, DEFAULT_MTU};
pub use versions::Versions;
