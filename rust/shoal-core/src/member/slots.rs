//! Row numbers by hash: one word a row, so that finding a row reads one cache line of the index.

/// No word of a row: its number would be that of the last slot, which a table that is never
/// full has no row for.
const EMPTY: u32 = u32::MAX;

const FEWEST: usize = 8;

/// Open addressing with linear probing. The low bits of a word name a row, as many as the
/// number of slots needs; those above repeat the hash, so that hardly any row but the one that
/// is sought is looked at.
#[derive(Debug, Default)]
pub(super) struct Slots {
    words: Vec<u32>,
    used: usize,
}

impl Slots {
    /// The row with this hash that `is_it`.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let place = self.place(hash, is_it)?;
        Some(self.words[place] & self.mask())
    }

    /// The row in the slot at which a search for this hash begins: most often the one, found
    /// without waiting for any comparison.
    pub(super) fn guess(&self, hash: u64) -> Option<u32> {
        let last = self.words.len().checked_sub(1)?;
        Some(self.words[hash as usize & last] & self.mask())
    }

    /// Enters a row that is not in. `hash_of` gives the hash of any row that is in, and of this.
    pub(super) fn insert(&mut self, row: u32, hash_of: impl Fn(u32) -> u64) {
        while (self.used + 1) * 4 > self.words.len() * 3 || row + 1 >= self.words.len() as u32 {
            self.grow(&hash_of);
        }
        self.put(row, hash_of(row));
        self.used += 1;
    }

    /// Takes out the row with this hash that `is_it`, and closes the gap, so that searches end
    /// where they did before it came.
    pub(super) fn remove(
        &mut self,
        hash: u64,
        is_it: impl Fn(u32) -> bool,
        hash_of: impl Fn(u32) -> u64,
    ) {
        let Some(mut gap) = self.place(hash, is_it) else {
            return;
        };
        let mask = self.words.len() - 1;
        let mut next = gap;
        loop {
            next = (next + 1) & mask;
            let word = self.words[next];
            if word == EMPTY {
                break;
            }
            let home = hash_of(word & self.mask()) as usize & mask;
            let from_home = next.wrapping_sub(home) & mask;
            if from_home >= (next.wrapping_sub(gap) & mask) {
                self.words[gap] = word;
                gap = next;
            }
        }
        self.words[gap] = EMPTY;
        self.used -= 1;
    }

    #[inline]
    fn place(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<usize> {
        let last = self.words.len().checked_sub(1)?;
        let mask = self.mask();
        let tag = tag_of(hash) & !mask;
        let mut place = hash as usize & last;
        loop {
            let word = self.words[place];
            if word == EMPTY {
                return None;
            }
            if word & !mask == tag && is_it(word & mask) {
                return Some(place);
            }
            place = (place + 1) & last;
        }
    }

    fn put(&mut self, row: u32, hash: u64) {
        let last = self.words.len() - 1;
        let mut place = hash as usize & last;
        while self.words[place] != EMPTY {
            place = (place + 1) & last;
        }
        self.words[place] = (tag_of(hash) & !self.mask()) | row;
    }

    fn grow(&mut self, hash_of: impl Fn(u32) -> u64) {
        let mask = self.mask();
        let size = (self.words.len() * 2).max(FEWEST);
        let old = core::mem::replace(&mut self.words, vec![EMPTY; size]);
        for word in old.into_iter().filter(|word| *word != EMPTY) {
            let row = word & mask;
            self.put(row, hash_of(row));
        }
    }

    /// The bits of a word that name its row.
    #[inline]
    fn mask(&self) -> u32 {
        (self.words.len() as u32).wrapping_sub(1)
    }
}

/// The bits of a hash that words repeat; the others choose the slot.
#[inline]
const fn tag_of(hash: u64) -> u32 {
    (hash >> 32) as u32
}
