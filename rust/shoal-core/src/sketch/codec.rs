//! The sketch as bytes: `version · zeros · sum · extremes · (bin gap · count)…`.
//!
//! Integers are LEB128 varints, the extremes are little-endian `f64`. The bytes come from
//! another host: nothing is allocated beyond [`MAX_BINS`] and every count is checked.

use super::{Extremes, LatencySketch, HIGHEST_BIN, LARGEST_SECONDS, LOWEST_BIN, MAX_BINS};

const VERSION: u8 = 1;
/// No sketch has a longer encoding: header, then a gap and a count for every bin.
const MAX_BYTES: usize = 64 + MAX_BINS * 12;

/// Why a value or an encoded sketch was refused. The sketch at hand is never affected.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SketchError {
    /// The value is negative, infinite or not a number; the measurement is wrong.
    #[error("{seconds} is not a duration: give seconds, finite and not negative")]
    NotADuration {
        /// The value given.
        seconds: f64,
    },
    /// The bytes are longer than any sketch; the sender is broken or hostile.
    #[error("a sketch of {length} bytes is longer than any sketch can be ({MAX_BYTES})")]
    TooLong {
        /// Length of the input.
        length: usize,
    },
    /// The format is newer than this build reads; the peer should be older or this one newer.
    #[error("sketch format {version} is unknown, this build reads {VERSION}")]
    UnknownVersion {
        /// The first byte of the input.
        version: u8,
    },
    /// The bytes end early, say something impossible or go on past the end.
    #[error("not a sketch: {problem} at byte {offset}")]
    Malformed {
        /// What is wrong.
        problem: &'static str,
        /// Where in the input.
        offset: usize,
    },
}

impl LatencySketch {
    /// The sketch as bytes; equal sketches give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_varint(&mut out, u128::from(self.zeros));
        put_varint(&mut out, self.sum_nanos);
        let Some(extremes) = self.extremes else {
            return out;
        };
        out.extend_from_slice(&extremes.least.to_le_bytes());
        out.extend_from_slice(&extremes.most.to_le_bytes());
        let mut previous = LOWEST_BIN;
        for (offset, &count) in self.bins.iter().enumerate() {
            if count > 0 {
                let bin = self.first + offset as i32;
                put_varint(&mut out, (bin - previous) as u128);
                put_varint(&mut out, u128::from(count));
                previous = bin;
            }
        }
        out
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Any [`SketchError`] but `NotADuration`; nothing is kept of a refused input.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SketchError> {
        if bytes.len() > MAX_BYTES {
            return Err(SketchError::TooLong {
                length: bytes.len(),
            });
        }
        let mut reader = Reader { bytes, offset: 0 };
        let version = reader.byte("no version")?;
        if version != VERSION {
            return Err(SketchError::UnknownVersion { version });
        }
        let mut sketch = Self {
            zeros: reader.count()?,
            ..Self::default()
        };
        sketch.sum_nanos = reader.varint()?;
        if reader.at_end() {
            return reader
                .expect(sketch.zeros == 0, "values without extremes")
                .map(|()| sketch);
        }
        sketch.extremes = Some(reader.extremes()?);
        let mut bin = LOWEST_BIN;
        while !reader.at_end() {
            let gap = reader.varint()?;
            let room = (HIGHEST_BIN - bin) as u128;
            reader.expect(gap <= room, "bin outside the range")?;
            reader.expect(gap > 0 || sketch.bins.is_empty(), "bin repeated")?;
            bin += gap as i32;
            let count = reader.count()?;
            reader.expect(count > 0, "empty bin")?;
            sketch.count_in_bin(bin, count);
        }
        reader.expect(sketch.count() > 0, "extremes without values")?;
        Ok(sketch)
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn at_end(&self) -> bool {
        self.offset == self.bytes.len()
    }

    fn expect(&self, holds: bool, problem: &'static str) -> Result<(), SketchError> {
        if holds {
            Ok(())
        } else {
            Err(SketchError::Malformed {
                problem,
                offset: self.offset,
            })
        }
    }

    fn byte(&mut self, problem: &'static str) -> Result<u8, SketchError> {
        let byte = self.bytes.get(self.offset).copied();
        self.expect(byte.is_some(), problem)?;
        self.offset += 1;
        Ok(byte.unwrap_or_default())
    }

    fn varint(&mut self) -> Result<u128, SketchError> {
        let mut value = 0u128;
        for shift in (0..126).step_by(7) {
            let byte = self.byte("number cut short")?;
            value |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        self.expect(false, "number too large").map(|()| value)
    }

    fn count(&mut self) -> Result<u64, SketchError> {
        let value = self.varint()?;
        let count = u64::try_from(value);
        self.expect(count.is_ok(), "count too large")?;
        Ok(count.unwrap_or_default())
    }

    fn seconds(&mut self) -> Result<f64, SketchError> {
        let mut raw = [0; 8];
        for byte in &mut raw {
            *byte = self.byte("extremes cut short")?;
        }
        let value = f64::from_le_bytes(raw);
        self.expect(
            (0.0..=LARGEST_SECONDS).contains(&value),
            "extreme outside the range",
        )?;
        Ok(value)
    }

    fn extremes(&mut self) -> Result<Extremes, SketchError> {
        let extremes = Extremes {
            least: self.seconds()?,
            most: self.seconds()?,
        };
        self.expect(
            extremes.least <= extremes.most,
            "extremes the wrong way round",
        )?;
        Ok(extremes)
    }
}
