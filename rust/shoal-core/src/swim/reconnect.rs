//! Trying again: the dead who may be back, and seeds where nobody is known, so that healed
//! partitions merge.

use super::join::Candidate;
use super::probe::Purpose;
use super::timers::Timer;
use super::Node;
use crate::chance::below;
use crate::event::MemberState;

impl Node {
    pub(super) fn reconnect(&mut self) {
        let config = &self.config.sync;
        let alone = self.table.living() == 1 && !self.seeds.known.is_empty();
        let after = if alone {
            config.min_interval
        } else {
            config.reconnect_interval
        };
        self.arm_jittered(after.min(config.reconnect_interval), Timer::Reconnect);
        if !self.is_here() {
            return;
        }
        self.revisit_the_dead();
        self.revisit_seeds();
    }

    fn revisit_the_dead(&mut self) {
        const TRIES: usize = 4;
        for _ in 0..TRIES {
            let Some(id) = self.table.random_gone(&mut self.rng) else {
                return;
            };
            if self.table.row(id).state == MemberState::Dead {
                return self.probe(id, Purpose::Revisit);
            }
        }
    }

    /// One seed at a time, or all of them while we are alone.
    fn revisit_seeds(&mut self) {
        let count = self.seeds.known.len();
        if count == 0 {
            return;
        }
        let alone = self.table.living() == 1;
        let first = below(&mut self.rng, count);
        let visits = if alone { count } else { 1 };
        for offset in 0..visits {
            let (seed, instance) = self.seeds.known[(first + offset) % count];
            let known = instance.and_then(|instance| self.table.by_instance(instance));
            if !known.is_some_and(|id| self.table.row(id).state.is_living()) {
                self.seek(Candidate {
                    seed,
                    asked_for: false,
                });
            }
        }
    }
}
