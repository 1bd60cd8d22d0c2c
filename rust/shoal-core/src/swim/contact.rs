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
#[derive(Debug, Default)]
pub(super) struct Contacts {
    slots: Vec<Contact>,
    free: Vec<u32>,
}

impl Contacts {
    pub(super) fn find(&self, slot: u32) -> Option<&Contact> {
        self.slots.get(slot as usize)
    }

    /// A member begins another life: where it lies is a guess until it says so itself.
    pub(super) fn begin_life(&mut self, slot: u32, address: SocketAddr) {
        if let Some(contact) = self.slots.get_mut(slot as usize) {
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
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = contact;
                slot
            }
            None => {
                if self.slots.len() == self.slots.capacity() {
                    // Grows by a quarter: there are many where there are many members.
                    self.slots.reserve_exact(self.slots.len() / 4 + 4);
                }
                self.slots.push(contact);
                self.slots.len() as u32 - 1
            }
        }
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
        match self.contacts.slots.get_mut(row.contact as usize) {
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
        if let Some(contact) = self.contacts.slots.get_mut(slot as usize) {
            let filtered = contact.filter.push(rtt);
            self.space.update(there, filtered, &mut self.rng);
        }
    }
}
