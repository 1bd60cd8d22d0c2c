//! Claims about members, and which of them change what we hold (SWIM section 4.2).

use super::{MemberId, Node};
use crate::event::{DeathReason, Event, MemberState, Verdict};
use crate::gossip::Urgency;
use crate::member::{Claim, MAX_INCARNATION, MAX_STEP};
use crate::wire::State;

use super::news::News;

impl Node {
    /// Somebody claims that `subject` is in `state`, on the word of `by`.
    pub(super) fn read_claim(&mut self, subject: u64, incarnation: u64, state: State, by: u64) {
        if subject == self.instance() {
            return self.read_belief_about_us(state, incarnation);
        }
        // A claim about somebody unknown tells neither name nor address; anti-entropy will.
        let Some(id) = self.table.by_instance(subject) else {
            return;
        };
        let Some(known) = self.believable(id, incarnation) else {
            return;
        };
        let row = self.table.row(id);
        let is_first = row.state == MemberState::Alive && known >= row.incarnation;
        if state == State::Suspect && is_first && by != self.instance() {
            self.fitness.hear_complaint();
        }
        match state {
            State::Alive => self.claim_alive(id, incarnation),
            State::Suspect => self.hear_suspicion(id, known, by),
            // The verdict of one that is gone itself is an accusation: its network may be what
            // failed, and the accused must be able to answer.
            State::Dead if self.is_gone(by) => self.hear_suspicion(id, known, by),
            State::Dead => self.claim_dead(id, known, by),
            State::Left => self.claim_left(id, known),
        }
    }

    /// The incarnation as we store it, unless no honest member can be there.
    pub(super) fn believable(&mut self, id: MemberId, incarnation: u64) -> Option<u32> {
        let known = self.table.row(id).incarnation;
        let most = known.saturating_add(MAX_STEP).min(MAX_INCARNATION);
        let believed = u32::try_from(incarnation)
            .ok()
            .filter(|claimed| *claimed <= most);
        if believed.is_none() {
            self.stats.dropped.implausible += 1;
        }
        believed
    }

    /// Whether an instance is one that we remember as dead or departed.
    fn is_gone(&self, instance: u64) -> bool {
        let known = self.table.by_instance(instance);
        known.is_some_and(|id| !self.table.row(id).state.is_living())
    }

    /// The member lives at `incarnation`. Only a higher one than we knew changes anything.
    pub(super) fn claim_alive(&mut self, id: MemberId, incarnation: u64) {
        let Some(incarnation) = self.believable(id, incarnation) else {
            return;
        };
        let row = self.table.row(id);
        if incarnation <= row.incarnation {
            return;
        }
        let before = row.state;
        if !before.is_living() && !self.has_room() {
            return;
        }
        self.end_suspicion(id);
        self.table
            .set_state(id, MemberState::Alive, incarnation, self.now);
        self.accusers.remove(&id);
        let member = self.table.row(id).member();
        match before {
            MemberState::Alive => {}
            MemberState::Suspect => {
                self.stats.suspicions_refuted += 1;
                self.events.push_back(Event::Refuted { member });
            }
            MemberState::Dead | MemberState::Left => {
                self.events.push_back(Event::Joined { member });
            }
        }
        self.tell(News::Claim(id), Urgency::Urgent);
    }

    /// Whether another member may live in the table.
    pub(super) fn has_room(&mut self) -> bool {
        let room = self.table.living() < self.config.limits.members;
        self.stats.dropped.over_limit += u64::from(!room);
        room
    }

    /// The member is dead at `incarnation`, on the word of `by`.
    pub(super) fn claim_dead(&mut self, id: MemberId, incarnation: u32, by: u64) {
        let verdict = Verdict::Of(self.name_of(by));
        let reason = DeathReason {
            accusers: vec![self.name_of(by)],
            suspected_for: self.suspected_for(id),
            multiplier: self.health.multiplier(),
            verdict,
        };
        self.bury(id, incarnation, by, reason);
    }

    /// Moves a member to the dead, if the claim is news.
    pub(super) fn bury(&mut self, id: MemberId, incarnation: u32, by: u64, reason: DeathReason) {
        let row = self.table.row(id);
        let instance = row.identity.instance;
        let claim = Claim {
            instance,
            incarnation,
            state: MemberState::Dead,
        };
        if claim <= row.claim() {
            return;
        }
        let was_living = row.state.is_living();
        self.end_suspicion(id);
        self.table
            .set_state(id, MemberState::Dead, incarnation, self.now);
        self.accusers.insert(id, by);
        if was_living {
            let member = self.table.row(id).member();
            self.events.push_back(Event::Died {
                member,
                reason: Box::new(reason),
            });
            self.tell(News::Claim(id), Urgency::Urgent);
            self.remember_gone();
        }
    }

    /// The member said goodbye at `incarnation`.
    pub(super) fn claim_left(&mut self, id: MemberId, incarnation: u32) {
        let row = self.table.row(id);
        let instance = row.identity.instance;
        let claim = Claim {
            instance,
            incarnation,
            state: MemberState::Left,
        };
        if claim <= row.claim() {
            return;
        }
        let was_living = row.state.is_living();
        self.end_suspicion(id);
        self.table
            .set_state(id, MemberState::Left, incarnation, self.now);
        self.accusers.remove(&id);
        self.tell(News::Claim(id), Urgency::Urgent);
        if was_living {
            let member = self.table.row(id).member();
            self.events.push_back(Event::Left { member });
            self.remember_gone();
        }
    }
}
