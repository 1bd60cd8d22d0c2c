//! A view in a few words: two nodes with equal digests hold the same living members.

use super::index::mix;
use super::Row;

/// The most buckets; an exchange folds them to fit the cluster.
pub(crate) const BUCKETS: usize = 1024;

/// For each bucket of instances, the exclusive or of one hash for each living row: a change
/// costs one operation, whatever the size of the view.
///
/// Suspicion and death are left out: they pass, and they have their own ways to spread. Two
/// views that differ in who lives, at which incarnation or with which metadata differ here.
/// There are as many buckets as suit the view; they are made anew where it outgrows them.
#[derive(Debug)]
pub(crate) struct Digest {
    buckets: Box<[u64]>,
    root: u64,
}

impl Digest {
    pub(crate) fn new() -> Self {
        Self {
            buckets: Box::new([0]),
            root: 0,
        }
    }

    /// The same view in `width` buckets, a power of two of at most [`BUCKETS`]. `rows` are those
    /// that were entered.
    pub(crate) fn widened<'a>(&self, width: usize, rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut buckets = vec![0; width].into_boxed_slice();
        for row in rows {
            buckets[bucket_of(row.instance, width)] ^= hash_of(row);
        }
        Self {
            buckets,
            root: self.root,
        }
    }

    /// How many buckets it has.
    pub(crate) fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// Enters a row, or takes out one that is in.
    pub(crate) fn toggle(&mut self, row: &Row) {
        let hash = hash_of(row);
        self.buckets[bucket_of(row.instance, self.buckets.len())] ^= hash;
        self.root ^= hash;
    }

    /// The whole view in one hash.
    pub(crate) fn root(&self) -> u64 {
        self.root
    }

    /// How many buckets suit a view of `members`: about four members in each.
    pub(crate) fn width(members: usize) -> usize {
        (members / 4).next_power_of_two().clamp(1, BUCKETS)
    }

    /// Writes the digest, folded to `width` buckets, a power of two of at most [`Self::buckets`].
    pub(crate) fn fold(&self, width: usize, out: &mut Vec<u64>) {
        out.clear();
        let share = self.buckets.len() / width;
        out.extend(
            self.buckets
                .chunks(share)
                .map(|chunk| chunk.iter().fold(0, |a, b| a ^ b)),
        );
    }
}

fn hash_of(row: &Row) -> u64 {
    let version = u64::from(row.incarnation) << 32 | u64::from(row.identity.meta_version);
    mix(row.instance ^ mix(version))
}

/// The bucket of an instance among `width`, a power of two.
pub(crate) fn bucket_of(instance: u64, width: usize) -> usize {
    let bits = width.trailing_zeros();
    mix(instance)
        .checked_shr(u64::BITS - bits)
        .map_or(0, |bucket| bucket as usize)
}
