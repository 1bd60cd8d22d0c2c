//! Scratch space in which the timers of buckets are listed and put in order.

use super::slab::Link;

/// Buckets that are walked at the same time.
pub(super) const TOGETHER: usize = 4;

/// A timer: its deadline and its entry.
type Timer = (u64, u32);

/// The timers of up to [`TOGETHER`] buckets.
///
/// Following a chain waits for memory at every entry. Several buckets are walked in turns and
/// each from both ends, so that the waits overlap.
#[derive(Default)]
pub(super) struct Batch {
    chains: [Chain; TOGETHER],
    /// Offset of the deadline from the earliest one, and below it the place in the list.
    packed: Vec<u64>,
    /// The same for deadlines too far apart to be packed.
    wide: Vec<(u64, u32)>,
    sorted: Vec<Timer>,
}

#[derive(Default)]
struct Chain {
    /// The timers from the first on; all of them once the walk is over.
    timers: Vec<Timer>,
    /// The timers from the last on.
    rear: Vec<Timer>,
    head: u32,
    tail: u32,
    is_open: bool,
}

const PLACE_BITS: u32 = 32;
const PLACE: u64 = (1 << PLACE_BITS) - 1;

impl Batch {
    /// Lists the chains with these first and last entries, each in order of insertion.
    pub(super) fn list(&mut self, links: &[Link], ends: &[(u32, u32)]) {
        let chains = &mut self.chains[..ends.len()];
        for (chain, &(head, tail)) in chains.iter_mut().zip(ends) {
            chain.timers.clear();
            (chain.head, chain.tail, chain.is_open) = (head, tail, true);
        }
        while chains.iter().any(|chain| chain.is_open) {
            for chain in chains.iter_mut().filter(|chain| chain.is_open) {
                chain.is_open = chain.step(links);
            }
        }
        for chain in chains {
            chain.timers.extend(chain.rear.drain(..).rev());
        }
    }

    pub(super) fn timers(&self, chain: usize) -> &[Timer] {
        &self.chains[chain].timers
    }

    /// Puts the timers of a chain in order of deadline, equal ones in order of insertion.
    pub(super) fn sort(&mut self, chain: usize) {
        let timers = &mut self.chains[chain].timers;
        let deadlines = timers.iter().map(|&(deadline, _)| deadline);
        let earliest = deadlines.clone().min().unwrap_or(0);
        let latest = deadlines.max().unwrap_or(0);
        let placed = (0..)
            .zip(timers.iter())
            .map(|(place, timer)| (timer.0 - earliest, place));
        self.packed.clear();
        if (latest - earliest) >> PLACE_BITS == 0 {
            let pack = |(offset, place): (u64, u32)| offset << PLACE_BITS | u64::from(place);
            self.packed.extend(placed.map(pack));
            self.packed.sort_unstable();
        } else {
            self.wide.clear();
            self.wide.extend(placed);
            self.wide.sort_unstable();
            self.packed
                .extend(self.wide.iter().map(|&(_, place)| u64::from(place)));
        }
        self.sorted.clear();
        let timer = |packed: &u64| timers[(packed & PLACE) as usize];
        self.sorted.extend(self.packed.iter().map(timer));
        core::mem::swap(timers, &mut self.sorted);
    }

    /// Bytes reserved, used or not.
    pub(super) fn allocated(&self) -> usize {
        let timers: usize = self
            .chains
            .iter()
            .map(|chain| chain.timers.capacity() + chain.rear.capacity())
            .sum();
        (timers + self.sorted.capacity() + self.wide.capacity()) * size_of::<Timer>()
            + self.packed.capacity() * size_of::<u64>()
    }
}

impl Chain {
    /// Takes one timer at each end; false once the ends have met.
    fn step(&mut self, links: &[Link]) -> bool {
        let first = &links[self.head as usize];
        self.timers.push((first.deadline, self.head));
        if self.head == self.tail {
            return false;
        }
        let last = &links[self.tail as usize];
        self.rear.push((last.deadline, self.tail));
        let met = first.next == self.tail;
        (self.head, self.tail) = (first.next, last.prev);
        !met
    }
}
