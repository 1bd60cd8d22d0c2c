//! The dead and the departed that are remembered.

use std::collections::VecDeque;

use rand_core::Rng;

use super::MemberId;
use crate::chance::below;
use crate::time::Instant;

/// Members that are gone, to draw from, and the order in which they went.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    members: Vec<MemberId>,
    /// One entry for each departure; the row tells whether it still holds.
    order: VecDeque<(MemberId, Instant)>,
}

impl Gone {
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Adds a member; returns its place.
    pub(crate) fn push(&mut self, id: MemberId, now: Instant) -> usize {
        self.order.push_back((id, now));
        self.members.push(id);
        self.members.len() - 1
    }

    /// Takes the member at `place` out; returns whoever moved there.
    pub(crate) fn remove(&mut self, place: usize) -> Option<MemberId> {
        self.members.swap_remove(place);
        self.members.get(place).copied()
    }

    /// The earliest departure that `holds` says is still one.
    pub(crate) fn oldest(
        &mut self,
        holds: impl Fn(MemberId, Instant) -> bool,
    ) -> Option<(MemberId, Instant)> {
        while let Some(&(id, since)) = self.order.front() {
            if holds(id, since) {
                return Some((id, since));
            }
            self.order.pop_front();
        }
        None
    }

    /// Drops departures that were undone, once they outnumber those that hold.
    pub(crate) fn compact(&mut self, holds: impl Fn(MemberId, Instant) -> bool) {
        if self.order.len() > 2 * self.members.len() + 64 {
            self.order.retain(|&(id, since)| holds(id, since));
        }
    }

    /// Any member that is gone.
    pub(crate) fn random(&self, rng: &mut impl Rng) -> Option<MemberId> {
        (!self.members.is_empty()).then(|| self.members[below(rng, self.members.len())])
    }

    /// The most recent departures first, undone ones included.
    pub(crate) fn recent(&self) -> impl Iterator<Item = (MemberId, Instant)> + '_ {
        self.order.iter().rev().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = MemberId> + '_ {
        self.members.iter().copied()
    }
}
