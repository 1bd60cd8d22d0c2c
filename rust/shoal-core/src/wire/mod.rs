//! The wire: datagrams between members, frames between roles.
//!
//! Decoding borrows from the bytes it is given, never trusts a length, allocates nothing,
//! and says what was wrong at which byte. `docs/wire.md` shows both layouts byte by byte.

mod address;
mod codec;
mod coordinates;
mod crypto;
mod cursor;
mod drops;
mod entries;
mod error;
mod frame;
mod header;
mod message;
mod packer;
mod versions;

#[cfg(test)]
mod tests;

pub use address::is_reachable;
pub use codec::{Codec, Opened, Session, DEFAULT_MAX_BYTES, DEFAULT_REPLAY_SENDERS};
pub use coordinates::{Coordinates, MAX_ERROR, MAX_SECONDS};
pub use crypto::{Cipher, Key, KeyId, Keyring, KeyringError, KEY_BYTES, MAX_KEYS};
pub(crate) use cursor::Cursor;
pub use drops::{DropReason, Drops};
pub use entries::{Entries, Iter};
pub use error::WireError;
pub use frame::{
    encode_frame, Frame, FrameDecoder, FrameError, FRAME_HEADER_BYTES, FRAME_VERSION, MAX_KIND,
    USER_FLAGS,
};
pub(crate) use message::Coded;
pub use message::{
    Ack, Belief, Body, Coordinate, Dead, Degraded, Digest, DigestEntry, DigestRequest, Hello,
    HelloReply, Incarnation, Instance, Join, Leave, Message, Messages, Nack, Ping, PingReq, Record,
    RecordEntry, Records, Refusal, Refuse, State, StreamAck, StreamPing, Summary, Suspect,
    UserEvent, Welcome, MAX_EVENT_BYTES, MAX_META_BYTES, MAX_NAME_BYTES,
};
pub use packer::{Packer, DEFAULT_MTU};
pub use versions::Versions;
