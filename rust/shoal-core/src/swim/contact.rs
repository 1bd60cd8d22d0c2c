//! What talking to a member taught us: its coordinates, and its round trips.

use core::net::{SocketAddr, SocketAddrV4};
use core::time::Duration;

use super::{MemberId, Node};
use crate::coordinates::{share_by_distance, LatencyFilter};
use crate::member::Row;
use crate::wire::{Coordinates, MAX_ERROR};

/// One cache line: a probe needs all of it.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Contact {
    pub(super) coordinates: Coordinates,
    filter: LatencyFilter,
    /// Where the member is reached, where that takes no more than this: a probe then does not
    /// need the member's identity.
    address: Option<SocketAddrV4>,
}

const _: () = assert!(size_of::<Contact>() == 64);

impl Contact {
    /// Where the member is reached, if that is noted here.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.address.map(SocketAddr::V4)
    }
}

const fn short(address: SocketAddr) -> Option<SocketAddrV4> {
    match address {
        SocketAddr::V4(address) => Some(address),
        SocketAddr::V6(_) => None,
    }
}

/// A slab of contacts; rows name their slot. Most members of a large cluster are never talked
/// to for hours, so rows do not carry this.
///
/// It grows by a page: contacts are met one by one for hours, by all members of a process alike,
/// and a list that grew by copying would leave a hole of every size that it had.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    pages: Vec<Vec<Contact>>,
    free: Vec<u32>,
}

const PAGE: usize = 16;

impl Contacts {
    pub(super) fn find(&self, slot: u32) -> Option<&Contact> {
        let slot = slot as usize;
        self.pages.get(slot / PAGE)?.get(slot % PAGE)
    }

    fn find_mut(&mut self, slot: u32) -> Option<&mut Contact> {
        let slot = slot as usize;
        self.pages.get_mut(slot / PAGE)?.get_mut(slot % PAGE)
    }

    /// A member begins another life: where it lies is a guess until it says so itself.
    pub(super) fn begin_life(&mut self, slot: u32, address: SocketAddr) {
        if let Some(contact) = self.find_mut(slot) {
            contact.address = short(address);
            contact.coordinates.error = MAX_ERROR;
        }
    }

    pub(super) fn remove(&mut self, slot: u32) {
        if slot != Row::NO_CONTACT {
            self.free.push(slot);
        }
    }

    fn insert(&mut self, contact: Contact) -> u32 {
        if let Some(slot) = self.free.pop() {
            if let Some(place) = self.find_mut(slot) {
                *place = contact;
            }
            return slot;
        }
        if self.pages.last().is_none_or(|page| page.len() == PAGE) {
            self.pages.push(Vec::with_capacity(PAGE));
        }
        let last = self.pages.len() - 1;
        self.pages[last].push(contact);
        (last * PAGE + self.pages[last].len() - 1) as u32
    }
}

impl Node {
    /// The share of a usual timeout that an answer of this member may take; one unless its
    /// distance says otherwise.
    pub(super) fn share_of_timeout(&self, id: MemberId) -> f32 {
        if !self.pulse.by_distance {
            return 1.0;
        }
        let row = self.table.row(id);
        let contact = self.contacts.find(row.contact);
        contact.map_or(1.0, |contact| {
            share_by_distance(self.space.here(), &contact.coordinates, self.pulse.timeout)
        })
    }

    /// Notes where a member says that it lies.
    pub(super) fn learn_coordinates(&mut self, id: MemberId, coordinates: &Coordinates) {
        if !self.pulse.coordinates || id == MemberId::LOCAL {
            return;
        }
        let row = self.table.row_mut(id);
        match self.contacts.find_mut(row.contact) {
            Some(contact) => contact.coordinates = *coordinates,
            None => {
                row.contact = self.contacts.insert(Contact {
                    coordinates: *coordinates,
                    filter: LatencyFilter::default(),
                    address: short(row.identity.address),
                });
            }
        }
    }

    /// Takes in the round trip of a direct ack.
    pub(super) fn learn_rtt(&mut self, id: MemberId, there: &Coordinates, rtt: Duration) {
        self.learn_coordinates(id, there);
        let slot = self.table.row(id).contact;
        if let Some(contact) = self.contacts.find_mut(slot) {
            let filtered = contact.filter.push(rtt);
            self.space.update(there, filtered, &mut self.rng);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Contact, Contacts, LatencyFilter, Row, PAGE};
    use crate::wire::Coordinates;

    fn contact(height: f32) -> Contact {
        let coordinates = Coordinates {
            position: [0.0; 8],
            height,
            error: 1.0,
            adjustment: 0.0,
        };
        Contact {
            coordinates,
            filter: LatencyFilter::default(),
            address: None,
        }
    }

    fn height(contacts: &Contacts, slot: u32) -> Option<f32> {
        contacts
            .find(slot)
            .map(|contact| contact.coordinates.height)
    }

    #[test]
    fn contacts_keep_their_slots_and_none_is_copied_as_more_are_met() {
        let mut contacts = Contacts::default();
        let first = contacts.insert(contact(0.0));
        let place: *const Contact = contacts.find(first).unwrap();
        let slots: Vec<u32> = (1..100u8)
            .map(|n| contacts.insert(contact(n.into())))
            .collect();
        assert!(core::ptr::eq(place, contacts.find(first).unwrap()));
        for (slot, n) in slots.iter().zip(1..100u8) {
            assert_eq!(height(&contacts, *slot), Some(n.into()));
        }
        assert_eq!(height(&contacts, Row::NO_CONTACT), None);
        contacts.remove(slots[PAGE]);
        assert_eq!(contacts.insert(contact(7.5)), slots[PAGE]);
        assert_eq!(height(&contacts, slots[PAGE]), Some(7.5));
    }
}
