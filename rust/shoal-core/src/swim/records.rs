//! Whole records: members that are new, changed, or back in another life.

use core::net::SocketAddr;
use std::sync::Arc;

use super::news::News;
use super::{MemberId, Node};
use crate::event::{DeathReason, Event, MemberState, Verdict};
use crate::gossip::Urgency;
use crate::member::{Identity, MAX_INCARNATION};
use crate::wire::{Record, RecordEntry, State};

/// No life has a higher instance.
const MAX_INSTANCE: u64 = u64::MAX - 1;

/// A name that somebody else holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) holder: u64,
    pub(super) address: SocketAddr,
}

impl Node {
    /// A member lives, says its record. `from` is where the message came from, if it was a
    /// datagram.
    /// Returns whoever holds the name, if it is another that stays.
    pub(super) fn read_record(
        &mut self,
        record: &Record<'_>,
        from: Option<SocketAddr>,
    ) -> Option<Taken> {
        let sound = record.incarnation <= u64::from(MAX_INCARNATION)
            && record.instance <= MAX_INSTANCE
            && record.meta.len() <= self.config.limits.meta_bytes;
        if !sound {
            self.stats.dropped.implausible += 1;
            return None;
        }
        if let Some(id) = self.table.by_instance(record.instance) {
            return self.read_known_life(id, record);
        }
        let Some(id) = self.table.by_name(record.name) else {
            self.admit(record);
            return None;
        };
        if id == MemberId::LOCAL {
            self.read_record_of_us(record)
        } else if record.instance > self.table.row(id).identity.instance {
            self.begin_life_of(id, record, from)
        } else {
            None
        }
    }

    /// A record of an instance that we know, which is most of what we hear.
    fn read_known_life(&mut self, id: MemberId, record: &Record<'_>) -> Option<Taken> {
        if *self.table.row(id).identity.name != *record.name {
            // Another name with that instance. Where it is ours, the larger name takes the next.
            if id == MemberId::LOCAL && *self.config.name > *record.name {
                self.begin_life(self.instance() + 1);
            } else {
                self.stats.dropped.implausible += 1;
            }
            return None;
        }
        if id == MemberId::LOCAL {
            return self.read_record_of_us(record);
        }
        self.update_meta_of(id, record);
        self.claim_alive(id, record.incarnation);
        None
    }

    /// A record and the state in which a peer holds the member, from a join or an exchange.
    /// Its deaths are accusations here, not verdicts: after a partition both sides hold the
    /// other for dead, and the accused must be able to answer.
    pub(super) fn read_entry(&mut self, entry: &RecordEntry<'_>, peer: u64) {
        let record = &entry.record;
        let (state, incarnation) = (entry.state, record.incarnation);
        if record.instance == self.instance() {
            return self.read_belief_about_us(state, incarnation);
        }
        let known = self.table.by_instance(record.instance);
        match (state, known) {
            (State::Alive, _) | (State::Suspect, None) => {
                self.read_record(record, None);
            }
            (State::Dead | State::Left, None) => {
                if let Some(id) = self.table.by_name(record.name) {
                    self.read_ended_life(id, record);
                }
            }
            (_, Some(id)) => self.update_meta_of(id, record),
        }
        match state {
            State::Alive => {}
            State::Suspect | State::Dead => {
                self.read_claim(record.instance, incarnation, State::Suspect, peer);
            }
            State::Left => self.read_claim(record.instance, incarnation, State::Left, peer),
        }
    }

    /// A peer remembers a life of this name that we do not know, and that ended.
    fn read_ended_life(&mut self, id: MemberId, record: &Record<'_>) {
        if id == MemberId::LOCAL && record.instance > self.instance() {
            self.outlive(record);
        }
    }

    fn admit(&mut self, record: &Record<'_>) {
        if !self.has_room() {
            return;
        }
        let identity = self.identity_of(record);
        let incarnation = record.incarnation as u32;
        let id = self
            .table
            .insert(identity, incarnation, MemberState::Alive, self.now);
        let member = self.table.row(id).member();
        self.events.push_back(Event::Joined { member });
        self.tell(News::Claim(id), Urgency::Urgent);
    }

    fn identity_of(&self, record: &Record<'_>) -> Arc<Identity> {
        match &self.pool {
            Some(pool) => pool.intern(record),
            None => Arc::new(Identity::from_record(record)),
        }
    }

    /// Metadata is ordered by its own version, whatever the state.
    fn update_meta_of(&mut self, id: MemberId, record: &Record<'_>) {
        let row = self.table.row(id);
        let newer = record.meta_version > row.identity.meta_version;
        if id == MemberId::LOCAL || !newer || record.addr != row.identity.address {
            return;
        }
        let living = row.state.is_living();
        let identity = self.identity_of(record);
        self.table.set_identity(id, identity);
        if living {
            let member = self.table.row(id).member();
            self.events.push_back(Event::Updated { member });
            self.tell(News::Claim(id), Urgency::Plain);
        }
    }

    /// A later life of a known name: at the same address a restart; at another one only where
    /// the name is free.
    fn begin_life_of(
        &mut self,
        id: MemberId,
        record: &Record<'_>,
        from: Option<SocketAddr>,
    ) -> Option<Taken> {
        let row = self.table.row(id);
        let living = row.state.is_living();
        let address = row.identity.address;
        if address != record.addr {
            let dead_for = self.now.saturating_since(row.since);
            let free = match row.state {
                MemberState::Left => true,
                MemberState::Dead => dead_for >= self.config.memory.reclaim,
                MemberState::Alive | MemberState::Suspect => false,
            };
            if !free {
                return Some(self.refuse_name(id, from.unwrap_or(record.addr)));
            }
        }
        if !living && !self.has_room() {
            return None;
        }
        if living {
            self.end_life(id);
        }
        let identity = self.identity_of(record);
        self.contacts
            .begin_life(self.table.row(id).contact, record.addr);
        self.table.set_identity(id, identity);
        self.accusers.remove(&id);
        let incarnation = record.incarnation as u32;
        self.table
            .set_state(id, MemberState::Alive, incarnation, self.now);
        let member = self.table.row(id).member();
        self.events.push_back(Event::Joined { member });
        self.tell(News::Claim(id), Urgency::Urgent);
        None
    }

    /// A living member restarted before anybody noticed: its earlier life ends here.
    fn end_life(&mut self, id: MemberId) {
        let suspected_for = self.suspected_for(id);
        self.end_suspicion(id);
        let incarnation = self.table.row(id).incarnation;
        self.table
            .set_state(id, MemberState::Dead, incarnation, self.now);
        let member = self.table.row(id).member();
        let reason = DeathReason {
            accusers: Vec::new(),
            suspected_for,
            multiplier: self.health.multiplier(),
            verdict: Verdict::Superseded,
        };
        self.events.push_back(Event::Died {
            member,
            reason: Box::new(reason),
        });
    }

    fn refuse_name(&mut self, id: MemberId, claimed_from: SocketAddr) -> Taken {
        let row = self.table.row(id);
        let (holder, address) = (row.identity.instance, row.identity.address);
        if row.state.is_living() {
            let holder = row.member();
            self.events.push_back(Event::NameConflict {
                holder,
                claimed_from,
            });
        }
        Taken { holder, address }
    }

    /// A record under our own name.
    fn read_record_of_us(&mut self, record: &Record<'_>) -> Option<Taken> {
        let ours = &self.table.row(MemberId::LOCAL).identity;
        if record.addr != ours.address {
            return Some(self.refuse_name(MemberId::LOCAL, record.addr));
        }
        if record.instance > ours.instance {
            self.outlive(record);
        } else if record.instance == ours.instance {
            self.read_belief_about_us(State::Alive, record.incarnation);
        }
        None
    }

    /// The cluster remembers a later life of ours than this one: our clock went backwards, or
    /// we restarted within one tick of it. This life becomes the latest.
    fn outlive(&mut self, record: &Record<'_>) {
        if record.addr == self.table.address(MemberId::LOCAL) && self.is_here() {
            self.begin_life(record.instance + 1);
        }
    }
}
