//! The messages: `type · length · body`, one after the other.
//!
//! A type that this build does not know is skipped by its length, and bytes behind the
//! fields that it knows are ignored, so that a newer minor version can add both.

mod join;
mod probe;
mod rumour;
mod sync;

pub use join::{Hello, HelloReply, Join, Refusal, Refuse, Welcome};
pub use probe::{Ack, Belief, Nack, Ping, PingReq, StreamAck, StreamPing};
pub use rumour::{Coordinate, Dead, Degraded, Leave, Record, Suspect, UserEvent};
pub use sync::{Digest, DigestEntry, DigestRequest, RecordEntry, Records, Summary};

use super::cursor::Cursor;
use super::WireError;

/// One process of a member: its boot epoch. Of one name, the later boot is larger.
pub type Instance = u64;

/// A member's own counter within an instance, raised to refute.
pub type Incarnation = u64;

/// The longest member or event name, in bytes.
pub const MAX_NAME_BYTES: usize = 255;

/// The most metadata that the format can carry, in bytes; a cluster's own limit is lower.
pub const MAX_META_BYTES: usize = 65_535;

/// The largest payload of a user event that the format can carry, in bytes; a cluster's own
/// limit is lower.
pub const MAX_EVENT_BYTES: usize = 65_535;

/// The state that a member is held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// Answers, as far as is known.
    Alive = 1,
    /// Accused of not answering.
    Suspect = 2,
    /// Declared dead.
    Dead = 3,
    /// Said that it goes.
    Left = 4,
}

impl State {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, WireError> {
        let at = cursor.at();
        Ok(match cursor.u8("state")? {
            1 => Self::Alive,
            2 => Self::Suspect,
            3 => Self::Dead,
            4 => Self::Left,
            _ => return Err(WireError::Value { what: "state", at }),
        })
    }
}

/// Something with a place in a message: written field by field, read back the same way.
pub trait Body<'a>: Copy {
    /// Appends the fields to `out`.
    fn put(&self, out: &mut Vec<u8>);

    #[doc(hidden)]
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError>;
}

/// The body of a message of its own.
pub(crate) trait Coded {
    /// The type byte on the wire.
    const CODE: u8;
}

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident($body:ty) = $code:literal,)*) => {
        /// Any message, borrowing text and bytes from the datagram that it came in.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Message<'a> {
            $($(#[$doc])* $name($body),)*
        }

        impl<'a> Message<'a> {
            /// The type byte on the wire.
            pub fn code(&self) -> u8 {
                match self {
                    $(Self::$name(_) => $code,)*
                }
            }

            fn put_body(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$name(body) => body.put(out),)*
                }
            }

            pub(crate) fn read_body(
                code: u8,
                cursor: &mut Cursor<'a>,
            ) -> Result<Option<Self>, WireError> {
                Ok(Some(match code {
                    $($code => Self::$name(<$body>::read(cursor)?),)*
                    _ => return Ok(None),
                }))
            }
        }

        $(impl<'a> Coded for $body {
            const CODE: u8 = $code;
        })*

        $(impl<'a> From<$body> for Message<'a> {
            fn from(body: $body) -> Self {
                Self::$name(body)
            }
        })*
    };
}

messages! {
    /// A probe.
    Ping(Ping) = 1,
    /// A request for an indirect probe.
    PingReq(PingReq) = 2,
    /// An answer to a probe, direct or forwarded.
    Ack(Ack) = 3,
    /// A helper's word that the target was silent.
    Nack(Nack) = 4,
    /// A probe over a stream.
    StreamPing(StreamPing) = 5,
    /// Its answer.
    StreamAck(StreamAck) = 6,
    /// A member lives; its whole record.
    Alive(Record<'a>) = 16,
    /// A member is accused.
    Suspect(Suspect) = 17,
    /// A member is dead.
    Dead(Dead) = 18,
    /// A member goes.
    Leave(Leave) = 19,
    /// A member's host code is slow.
    Degraded(Degraded) = 20,
    /// A member's coordinates.
    Coordinate(Coordinate) = 21,
    /// An application's event.
    UserEvent(UserEvent<'a>) = 22,
    /// A chunk of a digest.
    Digest(Digest<'a>) = 32,
    /// Whose records are wanted.
    DigestRequest(DigestRequest<'a>) = 33,
    /// Full records.
    Records(Records<'a>) = 34,
    /// Hashes of a view.
    Summary(Summary<'a>) = 35,
    /// The first word to an unknown instance.
    Hello(Hello) = 48,
    /// Its answer.
    HelloReply(HelloReply) = 49,
    /// A request to become a member.
    Join(Join<'a>) = 50,
    /// The request was granted.
    Welcome(Welcome<'a>) = 51,
    /// The request was refused.
    Refuse(Refuse) = 52,
}

impl<'a> Message<'a> {
    /// Appends type, length and body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode(self.code(), out, |out| self.put_body(out));
    }

    /// Reads one message off `cursor`: `None` where its type is not known to this build.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, WireError> {
        let (code, mut body) = split_first(cursor)?;
        Self::read_body(code, &mut body)
    }
}

/// Takes the type and the body of one message off `cursor`.
#[inline]
fn split_first<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, Cursor<'a>), WireError> {
    let code = cursor.u8("message type")?;
    let body = cursor.bytes("message", usize::MAX)?;
    let start = cursor.at() - body.len();
    Ok((code, Cursor::new(body, start)))
}

/// Appends type, length and what `put` appends.
#[inline]
pub(crate) fn encode(code: u8, out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&[code, 0]);
    let start = out.len();
    put(out);
    let length = out.len() - start;
    if length < 0x80 {
        out[start - 1] = length as u8;
    } else {
        widen_length(out, start - 1, length);
    }
}

/// Moves a body that did not fit a one-byte length, and writes the longer length.
#[cold]
fn widen_length(out: &mut Vec<u8>, at: usize, length: usize) {
    let extra = varint_len(length as u64) - 1;
    let end = out.len();
    out.resize(end + extra, 0);
    out.copy_within(at + 1..end, at + 1 + extra);
    let mut rest = length;
    for slot in &mut out[at..at + extra] {
        *slot = (rest as u8) | 0x80;
        rest >>= 7;
    }
    out[at + extra] = rest as u8;
}

fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// The messages of a datagram, in order.
///
/// Unknown types are skipped and counted; the first malformed message is reported and ends
/// the iteration, the ones before it stand.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    cursor: Cursor<'a>,
    skipped: usize,
}

impl<'a> Messages<'a> {
    /// Reads messages from `bytes`, which start `offset` bytes into the datagram.
    pub fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self {
            cursor: Cursor::new(bytes, offset),
            skipped: 0,
        }
    }

    /// The type and the body of the next message; for a reader that knows which to expect.
    #[inline]
    pub(crate) fn next_body(&mut self) -> Option<Result<(u8, Cursor<'a>), WireError>> {
        (!self.cursor.is_empty()).then(|| split_first(&mut self.cursor))
    }

    /// How many messages of unknown type have been skipped so far.
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.cursor.is_empty() {
            match Message::read(&mut self.cursor) {
                Ok(Some(message)) => return Some(Ok(message)),
                Ok(None) => self.skipped += 1,
                Err(error) => {
                    self.cursor = Cursor::new(&[], self.cursor.at());
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
