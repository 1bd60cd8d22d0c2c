//! The order in which members are probed: every one once in a cycle, in an order that each
//! cycle draws afresh (SWIM section 4.3).

use rand_core::Rng;

use super::MemberId;
use crate::chance::below;

/// The living members but ourselves. The front part has been probed in this cycle.
///
/// Drawing each step from the rest is a shuffle spread over the cycle, so that no period pays
/// for all of it.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    order: Vec<MemberId>,
    probed: usize,
}

/// A member whose place in the ring has become this.
pub(crate) type Moved = (MemberId, usize);

impl Ring {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Adds a member to the part that this cycle has yet to probe; returns its place.
    pub(crate) fn push(&mut self, id: MemberId) -> usize {
        self.order.push(id);
        self.order.len() - 1
    }

    /// Takes the member at `place` out; returns whoever moved to fill the gap.
    pub(crate) fn remove(&mut self, place: usize) -> [Option<Moved>; 2] {
        let mut moved = [None, None];
        let mut hole = place;
        if place < self.probed {
            self.probed -= 1;
            if hole != self.probed {
                self.order[hole] = self.order[self.probed];
                moved[0] = Some((self.order[hole], hole));
            }
            hole = self.probed;
        }
        self.order.swap_remove(hole);
        if hole < self.order.len() {
            moved[1] = Some((self.order[hole], hole));
        }
        moved
    }

    /// Draws the next member to probe; returns it and both members that changed places.
    pub(crate) fn advance(&mut self, rng: &mut impl Rng) -> Option<(MemberId, [Moved; 2])> {
        let len = self.order.len();
        if len == 0 {
            return None;
        }
        if self.probed >= len {
            self.probed = 0;
        }
        let here = self.probed;
        let drawn = here + below(rng, len - here);
        self.order.swap(here, drawn);
        self.probed += 1;
        let moved = [(self.order[here], here), (self.order[drawn], drawn)];
        Some((self.order[here], moved))
    }

    /// Any member.
    pub(crate) fn random(&self, rng: &mut impl Rng) -> Option<MemberId> {
        (!self.order.is_empty()).then(|| self.order[below(rng, self.order.len())])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = MemberId> + '_ {
        self.order.iter().copied()
    }
}
