//! A list inside a message: values to be written, or bytes that have been checked.

use core::fmt;

use super::cursor::{put_varint, Cursor};
use super::message::Body;
use super::WireError;

/// A list of `T` inside a message. Reading one allocates nothing: its bytes are checked
/// once, when the message is decoded, and parsed again by [`Entries::iter`].
#[derive(Clone, Copy)]
pub struct Entries<'a, T> {
    source: Source<'a, T>,
}

#[derive(Clone, Copy)]
enum Source<'a, T> {
    Values(&'a [T]),
    Wire { count: usize, bytes: &'a [u8] },
}

impl<'a, T: Body<'a>> Entries<'a, T> {
    /// A list to be written.
    pub fn new(values: &'a [T]) -> Self {
        Self {
            source: Source::Values(values),
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        match self.source {
            Source::Values(values) => values.len(),
            Source::Wire { count, .. } => count,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries in order.
    pub fn iter(&self) -> Iter<'a, T> {
        match self.source {
            Source::Values(values) => Iter {
                values: values.iter(),
                wire: Cursor::new(&[], 0),
            },
            Source::Wire { bytes, .. } => Iter {
                values: [].iter(),
                wire: Cursor::new(bytes, 0),
            },
        }
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        for entry in self.iter() {
            entry.put(out);
        }
    }

    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        let at = cursor.at();
        let length = cursor.varint("list")?;
        let count = match usize::try_from(length) {
            Ok(count) if count <= cursor.rest().len() => count,
            _ => {
                return Err(WireError::Length {
                    what: "list",
                    length,
                    at,
                })
            }
        };
        let start = cursor.rest();
        for _ in 0..count {
            T::read(cursor)?;
        }
        let bytes = &start[..start.len() - cursor.rest().len()];
        Ok(Self {
            source: Source::Wire { count, bytes },
        })
    }
}

impl<'a, T: Body<'a> + PartialEq> PartialEq for Entries<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Body<'a> + fmt::Debug> fmt::Debug for Entries<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterator over [`Entries`].
#[derive(Clone, Debug)]
pub struct Iter<'a, T> {
    values: core::slice::Iter<'a, T>,
    wire: Cursor<'a>,
}

impl<'a, T: Body<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if let Some(value) = self.values.next() {
            return Some(*value);
        }
        if self.wire.is_empty() {
            return None;
        }
        T::read(&mut self.wire).ok()
    }
}
