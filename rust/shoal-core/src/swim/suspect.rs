//! Suspicion: accused members get time to refute (SWIM section 4.2, Lifeguard section IV-B).

use core::time::Duration;
use std::sync::Arc;

use super::news::News;
use super::probe::Purpose;
use super::timers::Rare;
use super::{MemberId, Node};
use crate::chance::below;
use crate::event::{DeathReason, Event, MemberState, Verdict};
use crate::gossip::Urgency;
use crate::member::Claim;
use crate::suspicion::{Expiry, Subject, Timeout, Verdict as Standing};

impl Node {
    /// Others say that a member does not answer `accuser`.
    ///
    /// News are judged by freshness, confirmations are not: the second accusation at the same
    /// incarnation is stale and still counts. Only the word of members counts.
    pub(super) fn hear_suspicion(&mut self, id: MemberId, incarnation: u32, accuser: u64) {
        let row = self.table.row(id);
        let instance = row.identity.instance;
        let suspected = row.state == MemberState::Suspect && row.incarnation == incarnation;
        let accuser_known = self
            .table
            .by_instance(accuser)
            .is_some_and(|accuser| self.table.row(accuser).state.is_living());
        if suspected {
            if accuser_known {
                self.suspect(id, incarnation, accuser);
            }
            return;
        }
        let claim = Claim {
            instance,
            incarnation,
            state: MemberState::Suspect,
        };
        if claim <= row.claim() {
            return;
        }
        if !row.state.is_living() {
            // Accused at a higher incarnation than it died at: somebody saw it alive again.
            self.claim_alive(id, u64::from(incarnation));
            if !self.table.row(id).state.is_living() {
                return;
            }
        }
        self.suspect(id, incarnation, accuser);
        self.offer_second_opinion(id);
    }

    /// A suspicion of somebody else's: a few of all that hear of it, drawn by lot, look for
    /// themselves.
    fn offer_second_opinion(&mut self, id: MemberId) {
        let wanted = self.config.suspicion.second_opinions as usize;
        let suspected = self.table.row(id).state == MemberState::Suspect;
        if wanted == 0 || !suspected || !self.is_here() || self.is_probing(id) {
            return;
        }
        let others = self.table.living().saturating_sub(2).max(1);
        if below(&mut self.rng, others) < wanted {
            self.probe(id, Purpose::Judge);
        }
    }

    /// Opens a suspicion, or confirms one, on the word of `accuser`.
    pub(super) fn suspect(&mut self, id: MemberId, incarnation: u32, accuser: u64) {
        let instance = self.table.row(id).identity.instance;
        let subject = Subject::node(instance);
        let timeout = self.suspicion_timeout();
        let at = u64::from(incarnation);
        match self
            .suspicions
            .suspect(subject, at, accuser, timeout, self.now)
        {
            Standing::Opened | Standing::Reopened => {
                let was = self.table.row(id).state;
                self.table
                    .set_state(id, MemberState::Suspect, incarnation, self.now);
                self.accusers.insert(id, accuser);
                if was != MemberState::Suspect {
                    let member = self.table.row(id).member();
                    let by = self.name_of(accuser);
                    self.events.push_back(Event::Suspected { member, by });
                }
                self.tell(News::Claim(id), Urgency::Urgent);
            }
            Standing::Confirmed => {
                self.accusers.insert(id, accuser);
                self.tell(News::Claim(id), Urgency::Urgent);
            }
            Standing::Refused => self.stats.dropped.over_limit += 1,
            _ => {}
        }
    }

    fn suspicion_timeout(&self) -> Timeout {
        let config = &self.config.suspicion;
        let (beta, expected) = if self.config.lifeguard.aware_suspicion {
            (config.beta, config.confirmations)
        } else {
            (1.0, 0)
        };
        let members = self.table.living();
        Timeout::lifeguard(
            config.alpha,
            beta,
            expected,
            members,
            self.config.probe.interval,
        )
        .no_shorter_than(config.floor)
    }

    /// Drops whatever suspicion of a member is open.
    pub(super) fn end_suspicion(&mut self, id: MemberId) {
        let row = self.table.row(id);
        if row.state == MemberState::Suspect {
            self.suspicions.forget(row.identity.instance);
        }
    }

    /// How long we have suspected a member.
    pub(super) fn suspected_for(&self, id: MemberId) -> Duration {
        let row = self.table.row(id);
        if row.state == MemberState::Suspect {
            self.now.saturating_since(row.since)
        } else {
            Duration::ZERO
        }
    }

    pub(super) fn expire_suspicions(&mut self) {
        let mut expired = core::mem::take(&mut self.expired);
        self.suspicions.expire(self.now, &mut expired);
        for expiry in expired.drain(..) {
            self.suspicions.forget(expiry.subject.node);
            if !self.is_here() {
                continue;
            }
            if self.config.suspicion.last_look {
                self.look_once_more(expiry);
            } else {
                self.condemn(&expiry);
            }
        }
        self.expired = expired;
    }

    /// A suspicion ran out: asks the suspect itself before judging. Its refutation may have
    /// missed us, and the accusation may have missed it.
    fn look_once_more(&mut self, expiry: Expiry<(), u64>) {
        let instance = expiry.subject.node;
        let Some(id) = self.table.by_instance(instance) else {
            return;
        };
        self.probe(id, Purpose::Revisit);
        let wait = self.pulse.timeout.mul_f32(self.share_of_timeout(id));
        let until = self.now + wait;
        self.agenda
            .arm_rare(self.now, until, Rare::Verdict(instance));
        self.verdicts.push(expiry);
    }

    /// The last look has taken long enough: whoever has not refuted by now is dead.
    pub(super) fn pass_verdict(&mut self, instance: u64) {
        let waiting = |expiry: &Expiry<(), u64>| expiry.subject.node == instance;
        let Some(index) = self.verdicts.iter().position(waiting) else {
            return;
        };
        let expiry = self.verdicts.swap_remove(index);
        if self.is_here() {
            self.condemn(&expiry);
        }
    }

    /// A suspicion ran out, by our own judgement.
    fn condemn(&mut self, expiry: &Expiry<(), u64>) {
        let Some(id) = self.table.by_instance(expiry.subject.node) else {
            return;
        };
        let row = self.table.row(id);
        let refuted = u64::from(row.incarnation) != expiry.incarnation;
        if row.state != MemberState::Suspect || refuted {
            return;
        }
        let accusers = core::iter::once(&expiry.accuser).chain(&expiry.confirmers);
        let accusers: Vec<Arc<str>> = accusers.map(|accuser| self.name_of(*accuser)).collect();
        let reason = DeathReason {
            accusers,
            suspected_for: self.now.saturating_since(expiry.started_at),
            multiplier: expiry.multiplier,
            verdict: Verdict::Ours,
        };
        self.stats.deaths_declared += 1;
        let incarnation = self.table.row(id).incarnation;
        self.bury(id, incarnation, self.instance(), reason);
    }

    /// The name of an instance, or the instance itself where nobody knows it (any more).
    pub(super) fn name_of(&self, instance: u64) -> Arc<str> {
        match self.table.by_instance(instance) {
            Some(id) => Arc::clone(&self.table.row(id).identity.name),
            None => Arc::from(format!("#{instance:016x}")),
        }
    }
}
