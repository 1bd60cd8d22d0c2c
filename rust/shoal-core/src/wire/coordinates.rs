//! Network coordinates as they cross the wire.

use super::cursor::Cursor;
use super::WireError;

/// A Vivaldi coordinate (SIGCOMM 2004): eight dimensions and a height. Units are seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coordinates {
    /// Position, each axis within [`MAX_SECONDS`] of the origin.
    pub position: [f32; 8],
    /// Distance from the core of the network, 0 to [`MAX_SECONDS`].
    pub height: f32,
    /// Relative error of the estimate, 0 to [`MAX_ERROR`]; no unit.
    pub error: f32,
    /// Correction from recent samples, within [`MAX_SECONDS`] of zero.
    pub adjustment: f32,
}

/// The farthest an axis, a height or an adjustment may lie from zero, in seconds.
pub const MAX_SECONDS: f32 = 60.0;

/// The largest error estimate that is accepted.
pub const MAX_ERROR: f32 = 2.0;

impl Coordinates {
    /// Whether every part is finite and in range; what is not never crosses the wire.
    pub fn is_valid(&self) -> bool {
        let within = |x: f32| x.abs() <= MAX_SECONDS;
        // Without a branch for each axis.
        let position = self.position.iter().fold(true, |ok, &x| ok & within(x));
        position
            && (0.0..=MAX_SECONDS).contains(&self.height)
            && (0.0..=MAX_ERROR).contains(&self.error)
            && within(self.adjustment)
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let [_, bytes @ ..] = self.present();
        out.extend_from_slice(&bytes);
    }

    /// A presence byte and ourselves, as one piece.
    fn present(&self) -> [u8; 45] {
        let [a, b, c, d, e, f, g, h] = self.position;
        let parts = [
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            h,
            self.height,
            self.error,
            self.adjustment,
        ];
        let mut bytes = [1; 45];
        for (slot, part) in bytes[1..].chunks_exact_mut(4).zip(parts) {
            slot.copy_from_slice(&part.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, WireError> {
        const WHAT: &str = "coordinates";
        let at = cursor.at();
        let bytes: [u8; 44] = cursor.array(WHAT)?;
        let mut parts = [0.0; 11];
        for (part, bytes) in parts.iter_mut().zip(bytes.chunks_exact(4)) {
            *part = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        let [a, b, c, d, e, f, g, h, height, error, adjustment] = parts;
        let position = [a, b, c, d, e, f, g, h];
        let coordinates = Self {
            position,
            height,
            error,
            adjustment,
        };
        if coordinates.is_valid() {
            Ok(coordinates)
        } else {
            Err(WireError::Value { what: WHAT, at })
        }
    }

    /// Appends a presence byte and what is present.
    pub(crate) fn put_option(this: Option<&Self>, out: &mut Vec<u8>) {
        match this {
            Some(coordinates) => out.extend_from_slice(&coordinates.present()),
            None => out.push(0),
        }
    }

    pub(crate) fn read_option(cursor: &mut Cursor<'_>) -> Result<Option<Self>, WireError> {
        let at = cursor.at();
        match cursor.u8("coordinates")? {
            0 => Ok(None),
            1 => Self::read(cursor).map(Some),
            _ => Err(WireError::Value {
                what: "coordinates",
                at,
            }),
        }
    }
}
