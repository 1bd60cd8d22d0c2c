//! Where timers live: two parallel arrays and a free list threaded through the first.

use super::TimerKey;

/// No timer: the end of a list.
pub(super) const NIL: u32 = u32::MAX;

/// The list of an entry that holds no timer.
pub(super) const VACANT: u16 = u16::MAX;

/// What a walk over a list touches: 24 bytes, kept apart from the payload so that
/// redistributing a bucket loads nothing it does not need.
#[derive(Clone, Copy)]
pub(super) struct Link {
    /// Microseconds, as the owner gave it.
    pub(super) deadline: u64,
    pub(super) prev: u32,
    /// The next timer of the bucket, or the next vacant entry.
    pub(super) next: u32,
    /// Raised when the entry is vacated, so that an old key finds nothing.
    pub(super) generation: u32,
    pub(super) list: u16,
}

pub(super) struct Slab<T> {
    pub(super) links: Vec<Link>,
    values: Vec<Option<T>>,
    vacant: u32,
    len: usize,
    /// Of entries that are new: no key comes twice.
    generation: u32,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self {
            links: Vec::new(),
            values: Vec::new(),
            vacant: NIL,
            len: 0,
            generation: 0,
        }
    }

    /// Gives back the room of a slab that holds nothing.
    pub(super) fn shrink(&mut self) {
        debug_assert_eq!(self.len, 0);
        let generations = self.links.iter().map(|link| link.generation);
        let generation = generations.max().unwrap_or(self.generation);
        *self = Self {
            generation,
            ..Self::new()
        };
    }

    pub(super) fn reserve(&mut self, additional: usize) {
        self.links.reserve(additional);
        self.values.reserve(additional);
    }

    /// Stores a timer that is in no bucket yet.
    pub(super) fn insert(&mut self, deadline: u64, value: T) -> u32 {
        self.len += 1;
        if self.vacant == NIL {
            return self.grow(deadline, value);
        }
        let index = self.vacant;
        let link = &mut self.links[index as usize];
        self.vacant = link.next;
        link.deadline = deadline;
        self.values[index as usize] = Some(value);
        index
    }

    fn grow(&mut self, deadline: u64, value: T) -> u32 {
        let index = u32::try_from(self.links.len()).unwrap_or(NIL);
        assert!(index != NIL, "a wheel holds at most 2^32 - 1 timers");
        self.links.push(Link {
            deadline,
            prev: NIL,
            next: NIL,
            generation: self.generation,
            list: VACANT,
        });
        self.values.push(Some(value));
        index
    }

    /// Vacates an entry that is in no bucket any more.
    pub(super) fn remove(&mut self, index: u32) -> Option<T> {
        let link = &mut self.links[index as usize];
        link.generation = link.generation.wrapping_add(1);
        link.list = VACANT;
        link.next = self.vacant;
        self.vacant = index;
        self.len -= 1;
        self.values[index as usize].take()
    }

    /// The entry behind `key`, if the timer that it was given for is still there.
    pub(super) fn find(&self, key: TimerKey) -> Option<&Link> {
        self.links
            .get(key.index as usize)
            .filter(|link| link.generation == key.generation && link.list != VACANT)
    }

    pub(super) fn key(&self, index: u32) -> TimerKey {
        TimerKey {
            index,
            generation: self.links[index as usize].generation,
        }
    }

    pub(super) fn value(&self, index: u32) -> Option<&T> {
        self.values[index as usize].as_ref()
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes reserved for timers, used or not.
    pub(super) fn allocated(&self) -> usize {
        self.links.capacity() * size_of::<Link>() + self.values.capacity() * size_of::<Option<T>>()
    }
}
