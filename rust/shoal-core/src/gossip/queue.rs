//! The dissemination buffer.

use core::hash::Hash;

use ahash::RandomState;
use hashbrown::HashTable;

use super::lists::{Link, Lists, MOST_SENDS, NIL};

/// How many entries that do not fit are passed over in search of one that does.
const LOOK_AHEAD: usize = 12;

/// Something that can be told, named so that newer news takes the place of older.
pub(crate) trait Rumour: Copy + Eq + Hash {}

impl<T: Copy + Eq + Hash> Rumour for T {}

/// What goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Who lives and who does not.
    Urgent,
    /// Everything else.
    Plain,
}

#[derive(Clone, Copy, Debug)]
struct Entry<R> {
    rumour: R,
    sends: u8,
    urgency: Urgency,
    /// The datagram that last carried it.
    datagram: u32,
}

/// What waits to be told. At most one entry for each rumour, at most `capacity` in all.
///
/// Adding, replacing, removing and sending are O(1) for each entry and allocate nothing once
/// the queue has held as much since it last had nothing to tell.
#[derive(Debug)]
pub(crate) struct Queue<R> {
    entries: Vec<Entry<R>>,
    links: Vec<Link>,
    /// The first of the slots that hold nothing, threaded through their links.
    free: u32,
    /// Where each rumour is, found by the rumour that its entry holds.
    places: HashTable<u32>,
    hasher: RandomState,
    urgent: Lists,
    plain: Lists,
    capacity: usize,
    datagram: u32,
}

impl<R: Rumour> Queue<R> {
    pub(crate) fn new(capacity: usize, seed: u64) -> Self {
        Self {
            entries: Vec::new(),
            links: Vec::new(),
            free: NIL,
            places: HashTable::new(),
            hasher: RandomState::with_seeds(seed, 1, 2, 3),
            urgent: Lists::new(),
            plain: Lists::new(),
            capacity,
            datagram: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.plain.is_empty()
    }

    /// Queues a rumour as never sent, in place of an earlier one of the same name. Returns the
    /// rumour that had to make room, if the queue was full.
    pub(crate) fn push(&mut self, rumour: R, urgency: Urgency) -> Option<R> {
        self.remove(rumour);
        let evicted = if self.places.len() >= self.capacity {
            self.evict()
        } else {
            None
        };
        let entry = Entry {
            rumour,
            sends: 0,
            urgency,
            datagram: self.datagram.wrapping_sub(1),
        };
        let index = self.place(entry);
        let (entries, hasher) = (&self.entries, &self.hasher);
        let hash_of = |&at: &u32| hasher.hash_one(entries[at as usize].rumour);
        self.places
            .insert_unique(hasher.hash_one(rumour), index, hash_of);
        self.link(index);
        evicted
    }

    /// Drops a rumour, if it is queued.
    /// Gives back the room of a queue that has nothing to tell.
    pub(crate) fn shrink(&mut self) {
        if !self.is_empty() || self.entries.capacity() == 0 {
            return;
        }
        (self.entries, self.links, self.free) = (Vec::new(), Vec::new(), NIL);
        (self.urgent, self.plain) = (Lists::new(), Lists::new());
        self.places = HashTable::new();
    }

    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.entries.capacity() + self.places.capacity()
    }

    pub(crate) fn remove(&mut self, rumour: R) -> bool {
        let Some(index) = self.forget(rumour) else {
            return false;
        };
        self.unlink(index);
        self.vacate(index);
        true
    }

    /// How often a queued rumour has been sent.
    #[cfg(test)]
    pub(crate) fn sends(&self, rumour: R) -> Option<u8> {
        self.find(rumour)
            .map(|index| self.entries[index as usize].sends)
    }

    /// Whether a rumour still waits.
    pub(crate) fn contains(&self, rumour: R) -> bool {
        self.find(rumour).is_some()
    }

    /// Fills one datagram: `put` writes a rumour and says whether it fitted; each that did
    /// counts as sent, and is dropped after `limit` times.
    ///
    /// Urgent before plain, fewest-sent first; where one does not fit, smaller ones behind it
    /// may.
    pub(crate) fn fill(&mut self, limit: u8, mut put: impl FnMut(R) -> bool) {
        if self.is_empty() {
            return;
        }
        self.datagram = self.datagram.wrapping_add(1);
        let limit = limit.min(MOST_SENDS);
        let mut misses = 0;
        for urgency in [Urgency::Urgent, Urgency::Plain] {
            self.fill_from(urgency, limit, &mut misses, &mut put);
        }
    }

    fn fill_from(
        &mut self,
        urgency: Urgency,
        limit: u8,
        misses: &mut usize,
        put: &mut impl FnMut(R) -> bool,
    ) {
        let mut from = 0;
        while let Some(list) = self.lists(urgency).next_list(from) {
            let mut index = self.lists(urgency).head(list);
            while index != NIL {
                if *misses > LOOK_AHEAD {
                    return;
                }
                let next = self.links[index as usize].next;
                let entry = self.entries[index as usize];
                if entry.datagram == self.datagram {
                    break; // From here on the list holds what this datagram already carries.
                }
                if put(entry.rumour) {
                    self.sent(index, limit);
                } else {
                    *misses += 1;
                }
                index = next;
            }
            from = list + 1;
        }
    }

    fn sent(&mut self, index: u32, limit: u8) {
        self.unlink(index);
        let entry = &mut self.entries[index as usize];
        entry.datagram = self.datagram;
        entry.sends += 1;
        if entry.sends < limit {
            self.link(index);
        } else {
            let rumour = entry.rumour;
            self.forget(rumour);
            self.vacate(index);
        }
    }

    fn find(&self, rumour: R) -> Option<u32> {
        let is_it = |&at: &u32| self.entries[at as usize].rumour == rumour;
        self.places
            .find(self.hasher.hash_one(rumour), is_it)
            .copied()
    }

    /// Takes a rumour out of the places; its entry stays.
    fn forget(&mut self, rumour: R) -> Option<u32> {
        let is_it = |&at: &u32| self.entries[at as usize].rumour == rumour;
        let hash = self.hasher.hash_one(rumour);
        let found = self.places.find_entry(hash, is_it).ok()?;
        Some(found.remove().0)
    }

    /// Puts an entry into a slot that holds nothing.
    fn place(&mut self, entry: Entry<R>) -> u32 {
        if let Some(link) = self.links.get(self.free as usize) {
            let index = core::mem::replace(&mut self.free, link.next);
            self.entries[index as usize] = entry;
            return index;
        }
        if self.entries.len() == self.entries.capacity() {
            // Grows by a quarter: queues are long where there are many of them.
            let more = self.entries.len() / 4 + 8;
            self.entries.reserve_exact(more);
            self.links.reserve_exact(more);
        }
        self.entries.push(entry);
        self.links.push(Link {
            previous: NIL,
            next: NIL,
        });
        self.entries.len() as u32 - 1
    }

    /// Keeps a slot that is in no list for another entry.
    fn vacate(&mut self, index: u32) {
        self.links[index as usize].next = self.free;
        self.free = index;
    }

    fn evict(&mut self) -> Option<R> {
        let index = self.plain.most_sent().or_else(|| self.urgent.most_sent())?;
        let rumour = self.entries[index as usize].rumour;
        self.remove(rumour);
        Some(rumour)
    }

    fn lists(&self, urgency: Urgency) -> &Lists {
        match urgency {
            Urgency::Urgent => &self.urgent,
            Urgency::Plain => &self.plain,
        }
    }

    fn link(&mut self, index: u32) {
        let Entry { sends, urgency, .. } = self.entries[index as usize];
        let lists = match urgency {
            Urgency::Urgent => &mut self.urgent,
            Urgency::Plain => &mut self.plain,
        };
        lists.push(&mut self.links, index, sends);
    }

    fn unlink(&mut self, index: u32) {
        let Entry { sends, urgency, .. } = self.entries[index as usize];
        let lists = match urgency {
            Urgency::Urgent => &mut self.urgent,
            Urgency::Plain => &mut self.plain,
        };
        lists.remove(&mut self.links, index, sends);
    }
}
