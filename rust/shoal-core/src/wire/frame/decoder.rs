//! Reading frames from a stream that arrives in pieces.

use lz4_flex::block::decompress_into;

use super::{
    Frame, FrameError, COMPRESSED, FLAGS_AT, FRAME_HEADER_BYTES, FRAME_VERSION, KIND_AT,
    MAX_EXPANSION, MAX_KIND, USER_FLAGS, VERSION_AT,
};

/// Expansion buffers up to this size are kept for the next compressed frame.
const KEPT_SCRATCH_BYTES: usize = 64 * 1_024;

/// Cuts a stream into frames.
///
/// Whole frames are handed out of the input itself; only an incomplete one at the end is
/// buffered, and never more of it than has arrived.
#[derive(Debug)]
pub struct FrameDecoder {
    max_frame_bytes: usize,
    partial: Vec<u8>,
    scratch: Vec<u8>,
    frame_at: u64,
    failure: Option<FrameError>,
}

#[derive(Clone, Copy)]
struct Header {
    length: usize,
    kind: u8,
    flags: u16,
    correlation: u64,
}

impl FrameDecoder {
    /// Accepts payloads up to `max_frame_bytes`, as sent and as expanded.
    pub fn new(max_frame_bytes: usize) -> Self {
        Self {
            max_frame_bytes,
            partial: Vec::new(),
            scratch: Vec::new(),
            frame_at: 0,
            failure: None,
        }
    }

    /// Takes the next piece of the stream and hands each completed frame to `each`.
    ///
    /// Frames that were complete before the fault have been handed out when this fails.
    pub fn feed(
        &mut self,
        input: &[u8],
        mut each: impl FnMut(Frame<'_>),
    ) -> Result<(), FrameError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let result = self.consume(input, &mut each);
        if let Err(failure) = result {
            self.failure = Some(failure);
            self.partial = Vec::new();
        }
        result
    }

    /// How many bytes of an incomplete frame are held.
    pub fn buffered(&self) -> usize {
        self.partial.len()
    }

    fn consume(
        &mut self,
        mut input: &[u8],
        each: &mut impl FnMut(Frame<'_>),
    ) -> Result<(), FrameError> {
        if !self.partial.is_empty() {
            input = self.complete_partial(input, each)?;
        }
        while let Some(header) = self.header(input)? {
            let end = FRAME_HEADER_BYTES + header.length;
            if input.len() < end {
                break;
            }
            self.emit(header, &input[FRAME_HEADER_BYTES..end], each)?;
            input = &input[end..];
        }
        self.partial.extend_from_slice(input);
        Ok(())
    }

    /// Tops the buffered frame up, hands it out once it is whole, returns the rest.
    fn complete_partial<'i>(
        &mut self,
        input: &'i [u8],
        each: &mut impl FnMut(Frame<'_>),
    ) -> Result<&'i [u8], FrameError> {
        let input = self.top_up(FRAME_HEADER_BYTES, input);
        let Some(header) = self.header(&self.partial)? else {
            return Ok(input);
        };
        let end = FRAME_HEADER_BYTES + header.length;
        let input = self.top_up(end, input);
        if self.partial.len() == end {
            let mut whole = core::mem::take(&mut self.partial);
            self.emit(header, &whole[FRAME_HEADER_BYTES..], each)?;
            if whole.capacity() <= KEPT_SCRATCH_BYTES {
                whole.clear();
                self.partial = whole;
            }
        }
        Ok(input)
    }

    fn top_up<'i>(&mut self, wanted: usize, input: &'i [u8]) -> &'i [u8] {
        let missing = wanted.saturating_sub(self.partial.len());
        let (taken, rest) = input.split_at(missing.min(input.len()));
        self.partial.extend_from_slice(taken);
        rest
    }

    /// Reads and checks a header, `None` while it is incomplete.
    fn header(&self, bytes: &[u8]) -> Result<Option<Header>, FrameError> {
        let Some(head) = bytes.first_chunk::<FRAME_HEADER_BYTES>() else {
            return Ok(None);
        };
        let [l0, l1, l2, l3, version, kind, f0, f1, correlation @ ..] = *head;
        let at = self.frame_at;
        if version != FRAME_VERSION {
            return Err(FrameError::Version {
                version,
                at: at + VERSION_AT,
            });
        }
        if kind == 0 || kind > MAX_KIND {
            return Err(FrameError::Kind {
                kind,
                at: at + KIND_AT,
            });
        }
        let flags = u16::from_le_bytes([f0, f1]);
        if flags & !(USER_FLAGS | COMPRESSED) != 0 {
            return Err(FrameError::Flags {
                flags,
                at: at + FLAGS_AT,
            });
        }
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if length > self.max_frame_bytes {
            let limit = self.max_frame_bytes as u64;
            return Err(FrameError::Oversize {
                length: length as u64,
                limit,
                at,
            });
        }
        Ok(Some(Header {
            length,
            kind,
            flags,
            correlation: u64::from_le_bytes(correlation),
        }))
    }

    fn emit(
        &mut self,
        header: Header,
        body: &[u8],
        each: &mut impl FnMut(Frame<'_>),
    ) -> Result<(), FrameError> {
        let Header {
            kind,
            flags,
            correlation,
            length,
        } = header;
        if flags & COMPRESSED == 0 {
            each(Frame {
                kind,
                flags,
                correlation,
                payload: body,
            });
        } else {
            self.expand(body)?;
            let flags = flags & USER_FLAGS;
            each(Frame {
                kind,
                flags,
                correlation,
                payload: &self.scratch,
            });
            if self.scratch.capacity() > KEPT_SCRATCH_BYTES {
                self.scratch = Vec::new();
            }
        }
        self.frame_at += (FRAME_HEADER_BYTES + length) as u64;
        Ok(())
    }

    /// Expands `body` into the scratch buffer. The declared length is held against the
    /// limit, and against what the block could hold, before anything is allocated.
    fn expand(&mut self, body: &[u8]) -> Result<(), FrameError> {
        let at = self.frame_at + FRAME_HEADER_BYTES as u64;
        let Some((declared, block)) = body.split_first_chunk::<4>() else {
            return Err(FrameError::Compression { at });
        };
        let length = u32::from_le_bytes(*declared) as usize;
        let limit = self
            .max_frame_bytes
            .min(block.len().saturating_mul(MAX_EXPANSION));
        if length > limit {
            return Err(FrameError::Expansion {
                length: length as u64,
                limit: limit as u64,
                at,
            });
        }
        self.scratch.clear();
        self.scratch.resize(length, 0);
        match decompress_into(block, &mut self.scratch) {
            Ok(written) if written == length => Ok(()),
            _ => Err(FrameError::Compression { at }),
        }
    }
}
