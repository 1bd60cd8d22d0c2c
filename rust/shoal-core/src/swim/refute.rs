//! Refuting what others hold against us.

use std::sync::Arc;

use rand_core::Rng;

use super::news::News;
use super::timers::Timer;
use super::{codec_for, MemberId, Node};
use crate::event::MemberState;
use crate::gossip::Urgency;
use crate::member::{Identity, MAX_INCARNATION};
use crate::time::Instant;
use crate::wire::State;

/// At most one refutation in a round of gossip: a storm of accusations raises our incarnation
/// by one, not by one for each message. What is held back is answered with an incarnation
/// above the highest accusation, never with a stale one.
#[derive(Debug)]
pub(super) struct Pace {
    ready_at: Instant,
    held_back: Option<u64>,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            ready_at: now,
            held_back: None,
        }
    }
}

impl Node {
    /// Somebody holds us in `state` at `incarnation`. An older belief than our own state is
    /// corrected by what we spread anyway.
    pub(super) fn read_belief_about_us(&mut self, state: State, incarnation: u64) {
        let ours = u64::from(self.table.row(MemberId::LOCAL).incarnation);
        let accusation = state != State::Alive;
        let outdated = incarnation < ours || (incarnation == ours && !accusation);
        if outdated || !self.is_here() {
            return;
        }
        if incarnation > u64::from(MAX_INCARNATION) {
            self.stats.dropped.implausible += 1;
            return;
        }
        if accusation && self.fitness.is_unfit() {
            self.stats.stood_down += 1;
            return self.fitness.let_stand(incarnation);
        }
        if self.now < self.pace.ready_at {
            if self.pace.held_back.is_none() {
                self.agenda.arm(Timer::Refute, self.pace.ready_at);
            }
            let highest = self.pace.held_back.unwrap_or(0).max(incarnation);
            self.pace.held_back = Some(highest);
        } else {
            self.refute(incarnation);
        }
    }

    pub(super) fn refute_held_back(&mut self) {
        if let Some(accused) = self.pace.held_back.take() {
            self.refute_above(accused);
        }
    }

    /// Answers an accusation that was not answered at once, unless that has become needless.
    pub(super) fn refute_above(&mut self, accused: u64) {
        let ours = u64::from(self.table.row(MemberId::LOCAL).incarnation);
        if accused >= ours && self.is_here() {
            self.refute(accused);
        }
    }

    /// Says that we live, at an incarnation above `accused`.
    fn refute(&mut self, accused: u64) {
        self.pace.ready_at = self.now + self.config.gossip.interval;
        self.stats.refutations += 1;
        self.fitness.defend();
        self.worsen_health(1);
        match u32::try_from(accused) {
            Ok(accused) if accused < MAX_INCARNATION => {
                let alive = MemberState::Alive;
                self.table
                    .set_state(MemberId::LOCAL, alive, accused + 1, self.now);
                self.tell(News::Claim(MemberId::LOCAL), Urgency::Urgent);
            }
            _ => self.begin_life(self.instance() + 1),
        }
    }

    /// Begins a new line under our name, above an instance that the cluster remembers or that
    /// another member has.
    pub(super) fn begin_life(&mut self, instance: u64) {
        let old = &self.table.row(MemberId::LOCAL).identity;
        let identity = Arc::new(Identity {
            instance,
            ..Identity::clone(old)
        });
        self.table.set_identity(MemberId::LOCAL, identity);
        self.instance = instance;
        self.table
            .set_state(MemberId::LOCAL, MemberState::Alive, 0, self.now);
        let keyring = self.codec.keyring().clone();
        let dropped = *self.codec.drops();
        self.codec = codec_for(&self.config, instance, self.rng.next_u64(), keyring);
        *self.codec.drops_mut() = dropped;
        self.tell(News::Claim(MemberId::LOCAL), Urgency::Urgent);
    }
}
