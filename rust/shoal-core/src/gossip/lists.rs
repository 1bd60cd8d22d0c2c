//! Entries in order of how often they were sent, threaded through one slab.

/// The most often that anything is sent.
pub(crate) const MOST_SENDS: u8 = 63;

/// No entry.
pub(super) const NIL: u32 = u32::MAX;

/// An entry's place in its list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) previous: u32,
    pub(super) next: u32,
}

/// One list for each number of sends, with a bit for each list that holds anything.
#[derive(Debug)]
pub(super) struct Lists {
    /// The first and the last entry; no list beyond the highest number that was reached.
    ends: Vec<(u32, u32)>,
    occupied: u64,
}

impl Lists {
    pub(super) fn new() -> Self {
        Self {
            ends: Vec::new(),
            occupied: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    pub(super) fn head(&self, sends: u8) -> u32 {
        self.ends[usize::from(sends)].0
    }

    /// The first list at or after `sends` that holds anything.
    pub(super) fn next_list(&self, sends: u8) -> Option<u8> {
        let rest = self.occupied.checked_shr(u32::from(sends))?;
        (rest != 0).then(|| sends + rest.trailing_zeros() as u8)
    }

    /// The entry to give up first: the oldest of those sent the most.
    pub(super) fn most_sent(&self) -> Option<u32> {
        (self.occupied != 0).then(|| self.head(63 - self.occupied.leading_zeros() as u8))
    }

    /// Appends `entry` to the list of what was sent `sends` times.
    pub(super) fn push(&mut self, links: &mut [Link], entry: u32, sends: u8) {
        let list = usize::from(sends);
        if list >= self.ends.len() {
            self.ends.resize(list + 1, (NIL, NIL));
        }
        let (head, tail) = &mut self.ends[list];
        links[entry as usize] = Link {
            previous: *tail,
            next: NIL,
        };
        match links.get_mut(*tail as usize) {
            Some(last) => last.next = entry,
            None => *head = entry,
        }
        *tail = entry;
        self.occupied |= 1 << sends;
    }

    /// Takes `entry` out of the list of what was sent `sends` times.
    pub(super) fn remove(&mut self, links: &mut [Link], entry: u32, sends: u8) {
        let Link { previous, next } = links[entry as usize];
        let (head, tail) = &mut self.ends[usize::from(sends)];
        match links.get_mut(previous as usize) {
            Some(link) => link.next = next,
            None => *head = next,
        }
        match links.get_mut(next as usize) {
            Some(link) => link.previous = previous,
            None => *tail = previous,
        }
        if *head == NIL {
            self.occupied &= !(1 << sends);
        }
    }
}
