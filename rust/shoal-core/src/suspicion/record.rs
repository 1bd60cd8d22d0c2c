//! One open suspicion or remembered job-layer death, and the slab that holds them.

use smallvec::SmallVec;

use super::deadlines::{Armed, Pace};
use super::extension::Grants;
use super::{Subject, Timeout};
use crate::Instant;

/// No record: the end of a list.
pub(super) const NIL: u32 = u32::MAX;

/// Neighbours in one of the two lists that a job-layer record is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neighbours {
    pub(super) prev: u32,
    pub(super) next: u32,
}

impl Neighbours {
    pub(super) const NONE: Self = Self {
        prev: NIL,
        next: NIL,
    };
}

#[derive(Debug)]
pub(super) struct Record<J, N> {
    pub(super) subject: Subject<J, N>,
    pub(super) incarnation: u64,
    pub(super) accuser: N,
    pub(super) confirmers: SmallVec<[N; 4]>,
    pub(super) started_at: Instant,
    pub(super) timeout: Timeout,
    /// The order of opening, which decides between equal deadlines.
    pub(super) serial: u64,
    /// The timer of a suspicion; `None` once a job-layer suspicion became a death.
    pub(super) armed: Option<Armed>,
    pub(super) grants: Option<Box<Grants>>,
    pub(super) of_node: Neighbours,
    pub(super) of_job: Neighbours,
}

impl<J, N> Record<J, N> {
    pub(super) fn pace(&self) -> Pace {
        Pace {
            start: self.started_at,
            allowed: self.timeout.micros_after(self.confirmers.len() as u32),
            floor: self
                .grants
                .as_ref()
                .map_or(Instant::ZERO, |grants| grants.until),
        }
    }

    pub(super) const fn is_death(&self) -> bool {
        self.armed.is_none()
    }
}

#[derive(Debug)]
enum Entry<J, N> {
    Taken(Record<J, N>),
    Vacant(u32),
}

#[derive(Debug)]
#[repr(C)]
pub(super) struct Records<J, N> {
    len: usize,
    entries: Vec<Entry<J, N>>,
    vacant: u32,
}

impl<J, N> Records<J, N> {
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            vacant: NIL,
            len: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, record: Record<J, N>) -> u32 {
        self.len += 1;
        let index = self.vacant;
        let Some(entry) = self.entries.get_mut(index as usize) else {
            self.entries.push(Entry::Taken(record));
            return (self.entries.len() - 1) as u32;
        };
        if let Entry::Vacant(next) = *entry {
            self.vacant = next;
        }
        *entry = Entry::Taken(record);
        index
    }

    pub(super) fn remove(&mut self, index: u32) -> Option<Record<J, N>> {
        let entry = self.entries.get_mut(index as usize)?;
        if matches!(entry, Entry::Vacant(_)) {
            return None;
        }
        let Entry::Taken(record) = core::mem::replace(entry, Entry::Vacant(self.vacant)) else {
            return None;
        };
        self.vacant = index;
        self.len -= 1;
        Some(record)
    }

    pub(super) fn find(&self, index: u32) -> Option<&Record<J, N>> {
        match self.entries.get(index as usize)? {
            Entry::Taken(record) => Some(record),
            Entry::Vacant(_) => None,
        }
    }

    pub(super) fn find_mut(&mut self, index: u32) -> Option<&mut Record<J, N>> {
        match self.entries.get_mut(index as usize)? {
            Entry::Taken(record) => Some(record),
            Entry::Vacant(_) => None,
        }
    }

    /// Bytes reserved, used or not, without what spilled to the heap.
    pub(super) fn allocated(&self) -> usize {
        self.entries.capacity() * size_of::<Entry<J, N>>()
    }
}
