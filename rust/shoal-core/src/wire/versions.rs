//! Which wire versions a node speaks, and which one two nodes use.

use super::cursor::Cursor;
use super::WireError;

/// A range of wire versions, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The lowest version spoken.
    pub min: u8,
    /// The highest version spoken.
    pub max: u8,
}

impl Versions {
    /// What this build speaks.
    pub const OURS: Self = Self { min: 1, max: 1 };

    /// The highest version that both sides know, or `None` where there is none.
    pub fn common(self, theirs: Self) -> Option<u8> {
        let highest = self.max.min(theirs.max);
        (highest >= self.min.max(theirs.min)).then_some(highest)
    }

    /// Whether `version` is spoken.
    pub fn contains(self, version: u8) -> bool {
        (self.min..=self.max).contains(&version)
    }

    pub(crate) fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.min, self.max]);
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, WireError> {
        let at = cursor.at();
        let [min, max] = cursor.array("versions")?;
        if min == 0 || min > max {
            return Err(WireError::Value {
                what: "versions",
                at,
            });
        }
        Ok(Self { min, max })
    }
}
