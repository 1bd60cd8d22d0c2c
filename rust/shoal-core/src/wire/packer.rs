//! Many messages into one datagram, up to the path MTU.

use super::message::{encode, Coded};
use super::{Body, Instance, KeyId, Message};

/// The largest datagram sent unless told otherwise, in bytes.
pub const DEFAULT_MTU: usize = 1_400;

/// Fills a buffer with messages and never past its limit.
///
/// [`super::Codec::packer`] makes one behind a datagram's header, and
/// [`super::Codec::seal`] takes it back.
#[derive(Debug)]
pub struct Packer<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) header_at: usize,
    pub(super) start: usize,
    pub(super) seal: Option<KeyId>,
    pub(super) receiver: Option<Instance>,
    limit: usize,
}

impl<'a> Packer<'a> {
    /// Appends to `out` until it holds `limit` bytes in all. `out` holds the header from
    /// `header_at` on, for a body that is to be encrypted by `seal`.
    pub(super) fn new(
        out: &'a mut Vec<u8>,
        header_at: usize,
        limit: usize,
        seal: Option<KeyId>,
        receiver: Option<Instance>,
    ) -> Self {
        let start = out.len();
        Self {
            out,
            header_at,
            start,
            seal,
            receiver,
            limit,
        }
    }

    /// Appends `message` if it fits, and says whether it did.
    pub fn push(&mut self, message: &Message<'_>) -> bool {
        self.append(|out| message.encode(out))
    }

    /// The same for a message whose kind the caller knows, without the way through the enum.
    #[inline]
    pub(crate) fn put<'b, B: Body<'b> + Coded>(&mut self, body: &B) -> bool {
        self.append(|out| encode(B::CODE, out, |out| body.put(out)))
    }

    #[inline]
    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let before = self.out.len();
        write(self.out);
        let fits = self.out.len() <= self.limit;
        if !fits {
            self.out.truncate(before);
        }
        fits
    }

    /// Appends a message that [`Message::encode`] wrote earlier, if it fits.
    pub fn push_encoded(&mut self, message: &[u8]) -> bool {
        let fits = message.len() <= self.remaining();
        if fits {
            self.out.extend_from_slice(message);
        }
        fits
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.limit.saturating_sub(self.out.len())
    }

    /// Whether nothing has been appended.
    pub fn is_empty(&self) -> bool {
        self.out.len() == self.start
    }
}
