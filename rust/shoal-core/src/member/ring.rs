//! The order in which members are probed: every one once in a cycle, in an order that each
//! cycle draws afresh (SWIM section 4.3).

use rand_core::Rng;

use super::MemberId;
use crate::chance::below;

/// The living members but ourselves. The front part has been probed in this cycle.
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

    /// Adds a member to a random place in the part that this cycle has yet to probe; returns
    /// both members that have a new place.
    pub(crate) fn push(&mut self, id: MemberId, rng: &mut impl Rng) -> [Moved; 2] {
        let last = self.order.len();
        self.order.push(id);
        let drawn = self.probed + below(rng, last + 1 - self.probed);
        self.order.swap(last, drawn);
        [(self.order[last], last), (self.order[drawn], drawn)]
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

    /// The member that [`Self::next`] will give.
    pub(crate) fn upcoming(&self) -> Option<MemberId> {
        self.order.get(self.probed).copied()
    }

    /// The next member to probe; `None` where the cycle is over, or there is nobody.
    pub(crate) fn next(&mut self) -> Option<MemberId> {
        let next = self.upcoming()?;
        self.probed += 1;
        Some(next)
    }

    /// Begins another cycle, in another order: the one cost that grows with the cluster, paid
    /// once in as many periods as there are members.
    pub(crate) fn shuffle(&mut self, rng: &mut impl Rng) {
        self.probed = 0;
        for rest in (1..self.order.len()).rev() {
            let drawn = below(rng, rest + 1);
            self.order.swap(rest, drawn);
        }
    }

    /// Any member.
    pub(crate) fn random(&self, rng: &mut impl Rng) -> Option<MemberId> {
        (!self.order.is_empty()).then(|| self.order[below(rng, self.order.len())])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = MemberId> + '_ {
        self.order.iter().copied()
    }
}
