//! Scratch space in which the timers of one bucket are listed and put in order.

use super::slab::{Link, NIL};

/// The timers of a bucket: their entries in order of insertion, and their order by deadline.
#[derive(Default)]
pub(super) struct Batch {
    entries: Vec<u32>,
    /// The half of the bucket that was walked from its end.
    rear: Vec<u32>,
    /// Offset of the deadline from the earliest one, and place in `entries` below it.
    packed: Vec<u64>,
    /// The same for deadlines too far apart to be packed.
    wide: Vec<(u64, u32)>,
}

const PLACE_BITS: u32 = 32;
const PLACE: u64 = (1 << PLACE_BITS) - 1;

impl Batch {
    /// Lists the chain from `head` to `tail`, from both ends at once: following a chain waits
    /// for memory at each entry, and the two waits overlap.
    pub(super) fn list(&mut self, links: &[Link], head: u32, tail: u32) {
        self.entries.clear();
        self.rear.clear();
        let (mut front, mut back) = (head, tail);
        while front != NIL {
            self.entries.push(front);
            if front == back {
                break;
            }
            let next = links[front as usize].next;
            self.rear.push(back);
            if next == back {
                break;
            }
            back = links[back as usize].prev;
            front = next;
        }
        self.entries.extend(self.rear.iter().rev());
    }

    /// The entries in order of insertion.
    pub(super) fn entries(&self) -> &[u32] {
        &self.entries
    }

    /// Puts the entries in order of deadline, equal ones in order of insertion.
    pub(super) fn sort(&mut self, links: &[Link]) {
        let deadline = |&index: &u32| links[index as usize].deadline;
        let (mut earliest, mut latest) = (u64::MAX, 0);
        self.wide.clear();
        for (place, index) in (0..).zip(&self.entries) {
            let deadline = deadline(index);
            earliest = earliest.min(deadline);
            latest = latest.max(deadline);
            self.wide.push((deadline, place));
        }
        self.packed.clear();
        if latest.saturating_sub(earliest) >> PLACE_BITS == 0 {
            let pack = |&(deadline, place): &(u64, u32)| {
                (deadline - earliest) << PLACE_BITS | u64::from(place)
            };
            self.packed.extend(self.wide.iter().map(pack));
            self.packed.sort_unstable();
        } else {
            self.wide.sort_unstable();
            self.packed
                .extend(self.wide.iter().map(|&(_, place)| u64::from(place)));
        }
        self.rear.clear();
        let entry = |packed: &u64| self.entries[(packed & PLACE) as usize];
        self.rear.extend(self.packed.iter().map(entry));
        core::mem::swap(&mut self.entries, &mut self.rear);
    }

    /// Bytes reserved, used or not.
    pub(super) fn allocated(&self) -> usize {
        (self.entries.capacity() + self.rear.capacity()) * size_of::<u32>()
            + self.packed.capacity() * size_of::<u64>()
            + self.wide.capacity() * size_of::<(u64, u32)>()
    }
}
