//! One row for each name.

use core::net::SocketAddr;
use std::sync::Arc;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::gone::Gone;
use super::index::Index;
use super::ring::Ring;
use super::{Claim, Digest, Identity, Member, MemberId};
use crate::event::MemberState;
use crate::time::Instant;

/// What is known of one member. Forty bytes: there may be as many as nodes squared.
#[derive(Debug)]
#[repr(C)] // What a quiet period reads stands in the first half.
pub(crate) struct Row {
    /// The identity's, here because every message is looked up by it.
    pub(crate) instance: u64,
    pub(crate) incarnation: u32,
    /// The slot of what contact taught us, or [`Row::NO_CONTACT`].
    pub(crate) contact: u32,
    pub(crate) state: MemberState,
    pub(crate) degraded: bool,
    /// Counts the subject's changes of `degraded` within an incarnation.
    pub(crate) degraded_sequence: u16,
    /// The place in the ring or among the gone.
    place: u32,
    /// When the state was entered.
    pub(crate) since: Instant,
    pub(crate) identity: Arc<Identity>,
}

impl Row {
    pub(crate) const NO_CONTACT: u32 = u32::MAX;

    pub(crate) fn claim(&self) -> Claim {
        Claim {
            instance: self.identity.instance,
            incarnation: self.incarnation,
            state: self.state,
        }
    }

    /// The row as the host sees it.
    pub(crate) fn member(&self) -> Member {
        Member::of(self)
    }
}

/// All rows, ourselves at [`MemberId::LOCAL`].
#[derive(Debug)]
#[repr(C)] // What a quiet period reads lies in front.
pub(crate) struct Table {
    rows: Vec<Option<Row>>,
    ring: Ring,
    index: Index,
    free: Vec<u32>,
    gone: Gone,
    digest: Digest,
    rng: Pcg32,
}

impl Table {
    /// A table that knows only ourselves, alive.
    pub(crate) fn new(local: Arc<Identity>, now: Instant, seed: u64) -> Self {
        let mut table = Self {
            rows: Vec::new(),
            free: Vec::new(),
            index: Index::new(seed),
            ring: Ring::default(),
            gone: Gone::default(),
            digest: Digest::new(),
            rng: Pcg32::seed_from_u64(seed),
        };
        table
            .rows
            .push(Some(new_row(local, 0, MemberState::Alive, now)));
        table.enter(MemberId::LOCAL);
        table
    }

    /// Living members, ourselves included.
    pub(crate) fn living(&self) -> usize {
        self.ring.len() + 1
    }

    pub(crate) fn gone(&self) -> usize {
        self.gone.len()
    }

    /// The living in one hash.
    pub(crate) fn root(&self) -> u64 {
        self.digest.root()
    }

    /// The living in hashes of `width` buckets, a power of two of at most [`super::BUCKETS`].
    pub(crate) fn fold(&self, width: usize, out: &mut Vec<u64>) {
        if width <= self.digest.buckets() {
            return self.digest.fold(width, out);
        }
        // Only a peer that knows of many more members asks for so many.
        let living = self.iter_living().map(|id| self.row(id));
        self.digest.widened(width, living).fold(width, out);
    }

    /// The row of `id`; ids come from this table and their rows have not been forgotten.
    pub(crate) fn row(&self, id: MemberId) -> &Row {
        self.rows[id.index()]
            .as_ref()
            .expect("an id is dropped with its row")
    }

    /// For small changes that neither state nor identity nor incarnation is part of.
    pub(crate) fn row_mut(&mut self, id: MemberId) -> &mut Row {
        self.rows[id.index()]
            .as_mut()
            .expect("an id is dropped with its row")
    }

    /// The row of an id that may have been forgotten.
    pub(crate) fn existing(&self, id: MemberId) -> Option<&Row> {
        self.rows.get(id.index())?.as_ref()
    }

    pub(crate) fn by_instance(&self, instance: u64) -> Option<MemberId> {
        self.index.instance(&self.rows, instance)
    }

    /// Probably the row of an instance, for those who only want it in the cache.
    pub(crate) fn guess(&self, instance: u64) -> Option<&Row> {
        self.existing(self.index.guess(instance)?)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<MemberId> {
        self.index.name(&self.rows, name)
    }

    /// Adds a living or gone member whose name and instance are not in the table.
    pub(crate) fn insert(
        &mut self,
        identity: Arc<Identity>,
        incarnation: u32,
        state: MemberState,
        now: Instant,
    ) -> MemberId {
        let row = Some(new_row(identity, incarnation, state, now));
        let id = match self.free.pop() {
            Some(index) => {
                self.rows[index as usize] = row;
                MemberId(index)
            }
            None => {
                if self.rows.len() == self.rows.capacity() {
                    // Grows by a quarter: tables are large where there are many of them.
                    self.rows.reserve_exact(self.rows.len() / 4 + 8);
                }
                self.rows.push(row);
                MemberId(self.rows.len() as u32 - 1)
            }
        };
        self.enter(id);
        id
    }

    /// Moves a member to a state at an incarnation.
    pub(crate) fn set_state(
        &mut self,
        id: MemberId,
        state: MemberState,
        incarnation: u32,
        now: Instant,
    ) {
        self.toggle(id);
        let row = self.row(id);
        let (was_living, changed) = (row.state.is_living(), row.state != state);
        if was_living != state.is_living() {
            self.leave_list(id);
        }
        let row = self.row_mut(id);
        row.state = state;
        row.incarnation = incarnation;
        if changed && (was_living || state.is_living()) {
            row.since = now;
        }
        if was_living != state.is_living() {
            self.enter_list(id, now);
        }
        self.toggle(id);
    }

    /// Replaces who a member is: new metadata, or a later life under the same name.
    pub(crate) fn set_identity(&mut self, id: MemberId, identity: Arc<Identity>) {
        self.toggle(id);
        let old = self.row(id).identity.instance;
        let new = identity.instance;
        if old != new {
            self.index.remove_instance(&self.rows, old);
        }
        let row = self.row_mut(id);
        row.identity = identity;
        row.instance = new;
        if old != new {
            self.index.insert_instance(&self.rows, id);
            self.row_mut(id).degraded = false;
            self.row_mut(id).degraded_sequence = 0;
        }
        self.toggle(id);
    }

    /// Forgets a member that is gone; its id is free for another.
    pub(crate) fn forget(&mut self, id: MemberId) -> Option<Row> {
        let row = self.existing(id)?;
        if id == MemberId::LOCAL || row.state.is_living() {
            return None;
        }
        let identity = Arc::clone(&row.identity);
        self.leave_list(id);
        self.index.remove_instance(&self.rows, identity.instance);
        self.index.remove_name(&self.rows, &identity.name);
        self.free.push(id.0);
        self.rows[id.index()].take()
    }

    /// Whose departure is the oldest, and when it was.
    pub(crate) fn oldest_gone(&mut self) -> Option<(MemberId, Instant)> {
        let rows = &self.rows;
        self.gone.oldest(|id, since| departed_at(rows, id, since))
    }

    /// Draws the next member to probe.
    pub(crate) fn next_target(&mut self, rng: &mut impl Rng) -> Option<MemberId> {
        if let Some(next) = self.ring.next() {
            return Some(next);
        }
        self.ring.shuffle(rng);
        for (place, id) in self.ring.iter().enumerate() {
            if let Some(row) = &mut self.rows[id.index()] {
                row.place = place as u32;
            }
        }
        self.ring.next()
    }

    /// The member that [`Self::next_target`] will draw, unless the cycle is over.
    pub(crate) fn upcoming(&self) -> Option<MemberId> {
        self.ring.upcoming()
    }

    /// Any living member but ourselves.
    pub(crate) fn random_living(&self, rng: &mut impl Rng) -> Option<MemberId> {
        self.ring.random(rng)
    }

    /// Any member that is gone.
    pub(crate) fn random_gone(&self, rng: &mut impl Rng) -> Option<MemberId> {
        self.gone.random(rng)
    }

    /// Members that died after `horizon`, the latest first, at most `most` of them.
    pub(crate) fn recently_dead(
        &self,
        horizon: Instant,
        most: usize,
    ) -> impl Iterator<Item = MemberId> + '_ {
        self.gone
            .recent()
            .take_while(move |(_, since)| *since > horizon)
            .filter(|&(id, since)| departed_at(&self.rows, id, since))
            .map(|(id, _)| id)
            .filter(|&id| self.row(id).state == MemberState::Dead)
            .take(most)
    }

    /// Ourselves, then the living, then the gone.
    pub(crate) fn iter(&self) -> impl Iterator<Item = MemberId> + '_ {
        core::iter::once(MemberId::LOCAL)
            .chain(self.ring.iter())
            .chain(self.gone.iter())
    }

    /// Ourselves and the living.
    pub(crate) fn iter_living(&self) -> impl Iterator<Item = MemberId> + '_ {
        core::iter::once(MemberId::LOCAL).chain(self.ring.iter())
    }

    /// Where a member is reached.
    pub(crate) fn address(&self, id: MemberId) -> SocketAddr {
        self.row(id).identity.address
    }

    fn enter(&mut self, id: MemberId) {
        self.index.insert_instance(&self.rows, id);
        self.index.insert_name(&self.rows, id);
        self.enter_list(id, self.row(id).since);
        self.toggle(id);
    }

    /// Enters a living row into the digest, or takes it out: once before a change, once after.
    fn toggle(&mut self, id: MemberId) {
        match &self.rows[id.index()] {
            Some(row) if row.state.is_living() => self.digest.toggle(row),
            _ => {}
        }
    }

    fn enter_list(&mut self, id: MemberId, now: Instant) {
        if id == MemberId::LOCAL {
            return;
        }
        if self.row(id).state.is_living() {
            for (moved, place) in self.ring.push(id, &mut self.rng) {
                self.row_mut(moved).place = place as u32;
            }
            self.widen_digest(id);
        } else {
            let rows = &self.rows;
            self.gone.compact(|id, since| departed_at(rows, id, since));
            let place = self.gone.push(id, now);
            self.row_mut(id).place = place as u32;
        }
    }

    /// Makes the digest suit the members; `fresh` is listed and not entered into it yet.
    fn widen_digest(&mut self, fresh: MemberId) {
        let width = Digest::width(self.living());
        if width > self.digest.buckets() {
            let entered = self.iter_living().filter(|id| *id != fresh);
            self.digest = self.digest.widened(width, entered.map(|id| self.row(id)));
        }
    }

    fn leave_list(&mut self, id: MemberId) {
        if id == MemberId::LOCAL {
            return;
        }
        let row = self.row(id);
        let place = row.place as usize;
        if row.state.is_living() {
            for (moved, place) in self.ring.remove(place).into_iter().flatten() {
                self.row_mut(moved).place = place as u32;
            }
        } else if let Some(moved) = self.gone.remove(place) {
            self.row_mut(moved).place = place as u32;
        }
    }
}

fn departed_at(rows: &[Option<Row>], id: MemberId, since: Instant) -> bool {
    let row = rows.get(id.index()).and_then(Option::as_ref);
    row.is_some_and(|row| !row.state.is_living() && row.since == since)
}

fn new_row(identity: Arc<Identity>, incarnation: u32, state: MemberState, now: Instant) -> Row {
    Row {
        instance: identity.instance,
        identity,
        since: now,
        incarnation,
        degraded_sequence: 0,
        place: 0,
        contact: Row::NO_CONTACT,
        state,
        degraded: false,
    }
}
