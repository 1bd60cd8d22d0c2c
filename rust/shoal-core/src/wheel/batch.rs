//! Scratch space in which the timers of buckets are listed and put in order.

use super::slab::Link;

/// Lists that are walked at the same time.
const TOGETHER: usize = 8;

/// A timer: its deadline and its entry.
type Timer = (u64, u32);

/// The timers of up to [`TOGETHER`] lists, in groups that are put in order together.
///
/// Following a chain waits for memory at every entry. Several lists are walked in turns and
/// each from both ends, so that the waits overlap.
#[derive(Default)]
pub(super) struct Batch {
    chains: [Chain; TOGETHER],
    /// Chains in use.
    used: usize,
    groups: [Group; TOGETHER],
    /// Groups in use.
    grouped: usize,
    /// The timers of all chains, one chain behind the other.
    timers: Vec<Timer>,
    /// Offset of the deadline from the earliest one, and below it the place in the group.
    packed: Vec<u64>,
    /// The same for deadlines too far apart to be packed.
    wide: Vec<(u64, u32)>,
    sorted: Vec<Timer>,
}

/// Chains that belong together.
#[derive(Clone, Copy, Default)]
struct Group {
    start: usize,
    end: usize,
    /// Whether its timers may be out of order.
    mixed: bool,
}

/// A list that is being walked: where its next entries from either end are, and go.
#[derive(Default)]
struct Chain {
    head: u32,
    tail: u32,
    front: usize,
    back: usize,
}

const PLACE_BITS: u32 = 32;
const PLACE: u64 = (1 << PLACE_BITS) - 1;

impl Batch {
    pub(super) fn clear(&mut self) {
        (self.used, self.grouped) = (0, 0);
        self.timers.clear();
    }

    /// Gives the room back.
    pub(super) fn shrink(&mut self) {
        *self = Self::default();
    }

    /// How many lists may be added.
    pub(super) fn room(&self) -> usize {
        TOGETHER - self.used
    }

    pub(super) fn groups(&self) -> usize {
        self.grouped
    }

    /// Begins a group; `mixed` where its timers may be out of order.
    pub(super) fn begin_group(&mut self, mixed: bool) {
        let start = self.timers.len();
        self.groups[self.grouped] = Group {
            start,
            end: start,
            mixed,
        };
        self.grouped += 1;
    }

    /// Adds the list with this first and last entry and this length to the group.
    pub(super) fn add(&mut self, head: u32, tail: u32, len: u32) {
        let front = self.timers.len();
        let back = front + len as usize;
        self.timers.resize(back, (0, 0));
        self.chains[self.used] = Chain {
            head,
            tail,
            front,
            back,
        };
        self.used += 1;
        self.groups[self.grouped - 1].end = back;
    }

    /// Walks all lists. Those of a group follow each other, each in order of insertion.
    pub(super) fn walk(&mut self, links: &[Link]) {
        let Self { chains, timers, .. } = self;
        let mut open = true;
        while open {
            open = false;
            for chain in &mut chains[..self.used] {
                if chain.front < chain.back {
                    chain.step(links, timers);
                    open = true;
                }
            }
        }
    }

    pub(super) fn timers(&self, group: usize) -> &[Timer] {
        let Group { start, end, .. } = self.groups[group];
        &self.timers[start..end]
    }

    /// Puts the timers of a group in order of deadline, equal ones in order of insertion.
    pub(super) fn sort(&mut self, group: usize) {
        let Group { start, end, mixed } = self.groups[group];
        if !mixed {
            return;
        }
        let timers = &mut self.timers[start..end];
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
        timers.copy_from_slice(&self.sorted);
    }

    /// Bytes reserved, used or not.
    pub(super) fn allocated(&self) -> usize {
        (self.timers.capacity() + self.sorted.capacity() + self.wide.capacity())
            * size_of::<Timer>()
            + self.packed.capacity() * size_of::<u64>()
    }
}

impl Chain {
    /// Takes one timer at each end.
    fn step(&mut self, links: &[Link], timers: &mut [Timer]) {
        let first = &links[self.head as usize];
        let last = &links[self.tail as usize];
        timers[self.front] = (first.deadline, self.head);
        self.back -= 1;
        timers[self.back] = (last.deadline, self.tail);
        self.front += 1;
        (self.head, self.tail) = (first.next, last.prev);
    }
}
