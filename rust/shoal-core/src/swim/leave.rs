//! Saying goodbye, which is not dying.

use super::news::News;
use super::outgoing::Outgoing;
use super::{MemberId, Node};
use crate::event::MemberState;
use crate::gossip::Urgency;
use crate::time::Instant;

/// Whether we take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// We do.
    Here,
    /// We said goodbye, and spread it until then at the latest.
    Leaving { until: Instant },
    /// We do not, until we join again.
    Away,
}

impl Node {
    /// Says goodbye. Keep polling until [`Node::is_leaving`] turns false, at most a
    /// dissemination window, then stop; joining again is allowed.
    pub fn leave(&mut self, now: Instant) {
        self.enter(now);
        if self.presence != Presence::Here {
            return;
        }
        let incarnation = self.table.row(MemberId::LOCAL).incarnation + 1;
        self.table
            .set_state(MemberId::LOCAL, MemberState::Left, incarnation, self.now);
        self.tell(News::Claim(MemberId::LOCAL), Urgency::Urgent);
        self.presence = Presence::Leaving {
            until: self.now + self.dissemination_window(),
        };
        self.drop_probes();
        for _ in 0..self.config.gossip.fanout {
            if let Some(target) = self.table.random_living(&mut self.rng) {
                self.send(Outgoing::Gossip { target });
            }
        }
        if self.table.living() == 1 {
            self.presence = Presence::Away;
        }
    }

    /// Whether the goodbye is still being spread.
    pub fn is_leaving(&self) -> bool {
        matches!(self.presence, Presence::Leaving { .. })
    }

    pub(super) fn is_here(&self) -> bool {
        self.presence == Presence::Here
    }

    /// A round of gossip begins: is the goodbye said?
    pub(super) fn check_goodbye(&mut self) {
        if let Presence::Leaving { until } = self.presence {
            let said = !self.news.contains(News::Claim(MemberId::LOCAL));
            if said || self.now >= until {
                self.presence = Presence::Away;
            }
        }
    }

    /// We take part again after having left.
    pub(super) fn come_back(&mut self) {
        if self.is_here() {
            return;
        }
        self.presence = Presence::Here;
        let incarnation = self.table.row(MemberId::LOCAL).incarnation + 1;
        self.table
            .set_state(MemberId::LOCAL, MemberState::Alive, incarnation, self.now);
        self.tell(News::Claim(MemberId::LOCAL), Urgency::Urgent);
    }

    fn drop_probes(&mut self) {
        for probe in core::mem::take(&mut self.probes) {
            self.abandon_probe(&probe);
        }
        self.arm_probes();
    }
}
