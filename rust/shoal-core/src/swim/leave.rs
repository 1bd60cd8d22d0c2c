//! Saying goodbye, which is not dying.

use core::time::Duration;

use super::news::{write_news, News};
use super::probe::{Purpose, MOST_PROBES};
use super::{MemberId, Node};
use crate::event::MemberState;
use crate::gossip::Urgency;
use crate::time::Instant;
use crate::wire::{Ack, Belief, Packer, State};

/// Members who must have said that they heard the goodbye: each of them spreads it.
const ENOUGH_WITNESSES: usize = 3;
/// The goodbye is said in person to this many times as many members in each round as in the
/// one before, until enough have heard it.
const MORE_EACH_ROUND: usize = 2;

/// Whether we take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// We do.
    Here,
    /// We said goodbye, and spread it until then at the latest.
    Leaving {
        until: Instant,
        /// Members told in person in the next round.
        telling: usize,
        /// Members told in person so far.
        told: usize,
        /// Members who said that they heard it.
        witnesses: usize,
    },
    /// We do not, until we join again.
    Away,
}

impl Node {
    /// Says goodbye. Keep polling until [`Node::is_leaving`] turns false, then stop; joining
    /// again is allowed. It takes at most a dissemination window, or the rounds of gossip in
    /// which everybody is told in person, if that is longer.
    ///
    /// News are sent a bounded number of times, heard or not, and who is listed need not live:
    /// beside the rounds of gossip the goodbye goes to members in person, to more of them each
    /// round, until three, and half of those told, have answered that they hold us for departed.
    pub fn leave(&mut self, now: Instant) {
        self.enter(now);
        if self.presence != Presence::Here {
            return;
        }
        let incarnation = self.table.row(MemberId::LOCAL).incarnation + 1;
        self.table
            .set_state(MemberId::LOCAL, MemberState::Left, incarnation, self.now);
        self.tell(News::Claim(MemberId::LOCAL), Urgency::Urgent);
        let window = self.dissemination_window().max(self.rounds_of_farewells());
        self.presence = Presence::Leaving {
            until: self.now + window,
            telling: self.config.gossip.fanout,
            told: 0,
            witnesses: 0,
        };
        self.drop_probes();
        self.say_goodbye();
        if self.table.living() == 1 {
            self.presence = Presence::Away;
        }
    }

    /// How long it takes to tell everybody in person, and to hear the last of them answer: the
    /// rest of the order in which members are probed, then the next order from its beginning.
    fn rounds_of_farewells(&self) -> Duration {
        let both = 2 * (self.table.living() - 1);
        let first = self.config.gossip.fanout;
        let told_after = |rounds: u32| first * (MORE_EACH_ROUND.pow(rounds) - 1);
        let rounds = (1..).find(|rounds| told_after(*rounds) >= both);
        self.config.gossip.interval * (rounds.unwrap_or(0) + 1)
    }

    /// Tells the next members in person, unless enough have heard.
    pub(super) fn say_goodbye(&mut self) {
        let others = self.table.living() - 1;
        if self.is_heard() {
            return;
        }
        let Presence::Leaving { telling, told, .. } = &mut self.presence else {
            return;
        };
        let now_told = (*telling).min(others);
        *telling *= MORE_EACH_ROUND;
        *told += now_told;
        for _ in 0..now_told {
            if let Some(target) = self.table.next_target(&mut self.rng) {
                self.forget_farewells_beyond(MOST_PROBES - 1);
                self.probe(target, Purpose::Farewell);
            }
        }
    }

    /// Whoever was told and is silent makes room for those who are still to be told.
    fn forget_farewells_beyond(&mut self, most: usize) {
        let excess = self.probes.len().saturating_sub(most);
        self.probes.drain(..excess);
    }

    /// Whether enough have heard, and not so many are silent that others cannot be relied on
    /// to spread it.
    fn is_heard(&self) -> bool {
        let enough = ENOUGH_WITNESSES.min(self.table.living() - 1);
        match self.presence {
            Presence::Leaving {
                told, witnesses, ..
            } => witnesses >= enough && 2 * witnesses >= told,
            _ => true,
        }
    }

    /// In front of a ping, so that its answer tells whether the goodbye was heard.
    pub(super) fn write_goodbye(&self, packer: &mut Packer<'_>) {
        if self.is_leaving() {
            if let Some(goodbye) =
                write_news(&self.table, &self.accusers, News::Claim(MemberId::LOCAL))
            {
                packer.push(&goodbye);
            }
        }
    }

    /// Somebody who was told in person answers.
    pub(super) fn read_farewell(&mut self, ack: &Ack) {
        let ours = u64::from(self.table.row(MemberId::LOCAL).incarnation);
        let heard = match ack.belief {
            None => true,
            Some(Belief { state, incarnation }) => state == State::Left && incarnation >= ours,
        };
        if let Presence::Leaving { witnesses, .. } = &mut self.presence {
            *witnesses += usize::from(heard);
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
        if let Presence::Leaving { until, .. } = self.presence {
            let said = !self.news.contains(News::Claim(MemberId::LOCAL));
            if said && self.is_heard() || self.now >= until {
                self.drop_probes();
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

    /// Drops all probes without judging.
    fn drop_probes(&mut self) {
        for probe in core::mem::take(&mut self.probes) {
            self.close_probe_stream(&probe);
        }
        self.arm_probes();
    }
}
