//! What talking to a member taught us: its coordinates, and its round trips.

use core::time::Duration;

use super::{MemberId, Node};
use crate::coordinates::LatencyFilter;
use crate::member::Row;
use crate::wire::Coordinates;

#[derive(Clone, Copy, Debug)]
pub(super) struct Contact {
    pub(super) coordinates: Coordinates,
    filter: LatencyFilter,
}

/// A slab of contacts; rows name their slot. Most members of a large cluster are never talked
/// to for hours, so rows do not carry this.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    slots: Vec<Contact>,
    free: Vec<u32>,
}

impl Contacts {
    pub(super) fn find(&self, slot: u32) -> Option<&Contact> {
        self.slots.get(slot as usize)
    }

    pub(super) fn remove(&mut self, slot: u32) {
        if slot != Row::NO_CONTACT {
            self.free.push(slot);
        }
    }

    fn insert(&mut self, contact: Contact) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = contact;
                slot
            }
            None => {
                self.slots.push(contact);
                self.slots.len() as u32 - 1
            }
        }
    }
}

impl Node {
    /// Notes where a member says that it lies.
    pub(super) fn learn_coordinates(&mut self, id: MemberId, coordinates: &Coordinates) {
        if !self.config.coordinates.enabled || id == MemberId::LOCAL {
            return;
        }
        let row = self.table.row_mut(id);
        match self.contacts.slots.get_mut(row.contact as usize) {
            Some(contact) => contact.coordinates = *coordinates,
            None => {
                let filter = LatencyFilter::default();
                row.contact = self.contacts.insert(Contact {
                    coordinates: *coordinates,
                    filter,
                });
            }
        }
    }

    /// Takes in the round trip of a direct ack.
    pub(super) fn learn_rtt(&mut self, id: MemberId, there: &Coordinates, rtt: Duration) {
        self.learn_coordinates(id, there);
        let slot = self.table.row(id).contact;
        if let Some(contact) = self.contacts.slots.get_mut(slot as usize) {
            let filtered = contact.filter.push(rtt);
            self.space.update(there, filtered, &mut self.rng);
        }
    }
}
