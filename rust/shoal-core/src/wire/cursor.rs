//! Reading fields off a byte slice without trusting it.

use super::WireError;

/// A position in bytes that came from the network; every read is checked and named.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    end: usize,
}

impl<'a> Cursor<'a> {
    /// Reads `bytes`, which start `offset` bytes into what the errors refer to.
    pub(crate) fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self {
            rest: bytes,
            end: offset + bytes.len(),
        }
    }

    /// Offset of the next byte.
    pub(crate) fn at(&self) -> usize {
        self.end - self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything not yet read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], WireError> {
        match self.rest.split_first_chunk::<N>() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => Err(self.truncated(what)),
        }
    }

    #[inline]
    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, WireError> {
        Ok(self.array::<1>(what)?[0])
    }

    #[inline]
    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, WireError> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    #[inline]
    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, WireError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    #[inline]
    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, WireError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// An unsigned LEB128 integer in its shortest form.
    #[inline]
    pub(crate) fn varint(&mut self, what: &'static str) -> Result<u64, WireError> {
        match self.rest.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(what),
        }
    }

    fn long_varint(&mut self, what: &'static str) -> Result<u64, WireError> {
        let at = self.at();
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8(what)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && byte > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                if byte == 0 && shift > 0 {
                    break;
                }
                return Ok(value);
            }
        }
        Err(WireError::Varint { what, at })
    }

    /// A variable-length integer that must fit 32 bits.
    #[inline]
    pub(crate) fn varint32(&mut self, what: &'static str) -> Result<u32, WireError> {
        let at = self.at();
        u32::try_from(self.varint(what)?).map_err(|_| WireError::Varint { what, at })
    }

    /// Bytes behind a length of at most `limit`.
    #[inline]
    pub(crate) fn bytes(
        &mut self,
        what: &'static str,
        limit: usize,
    ) -> Result<&'a [u8], WireError> {
        let at = self.at();
        let length = self.varint(what)?;
        match usize::try_from(length) {
            Ok(n) if n <= limit && n <= self.rest.len() => {
                let (head, rest) = self.rest.split_at(n);
                self.rest = rest;
                Ok(head)
            }
            _ => Err(WireError::Length { what, length, at }),
        }
    }

    /// Text behind a length of at most `limit` bytes.
    #[inline]
    pub(crate) fn text(&mut self, what: &'static str, limit: usize) -> Result<&'a str, WireError> {
        let at = self.at();
        let bytes = self.bytes(what, limit)?;
        core::str::from_utf8(bytes).map_err(|_| WireError::Value { what, at })
    }

    #[cold]
    fn truncated(&self, what: &'static str) -> WireError {
        WireError::Truncated { what, at: self.end }
    }
}

/// Appends `value` as unsigned LEB128.
#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends `bytes` behind their length.
#[inline]
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
