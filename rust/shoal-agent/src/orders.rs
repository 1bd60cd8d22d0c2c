//! What the agent is asked to do, done on its own thread.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use shoal_core::Instant;

use crate::agent::{Due, Thread, TOKENS};
use crate::command::{Command, MembershipId, Outcome};
use crate::lag::SAMPLE_INTERVAL;
use crate::membership::Membership;

impl Thread {
    /// Does what was asked since the last turn; breaks where that is to shut down.
    pub(crate) fn obey(&mut self, now: Instant) -> ControlFlow<()> {
        if !self.woken.swap(false, Ordering::AcqRel) {
            return ControlFlow::Continue(());
        }
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Shutdown(done) => {
                    for slot in 0..self.slots.len() {
                        self.remove(slot);
                    }
                    let _ = done.send(());
                    return ControlFlow::Break(());
                }
                command => self.execute(command, now),
            }
        }
        ControlFlow::Continue(())
    }

    fn execute(&mut self, command: Command, now: Instant) {
        match command {
            Command::Add(membership) => self.add(membership),
            Command::Join(id, seeds, request) => {
                self.with(id, |membership| membership.join(&seeds, request, now));
            }
            Command::Leave(id, request) => {
                self.with(id, |membership| membership.leave(request, now));
            }
            Command::Ask(id, question) => {
                self.with(id, |membership| question(membership, now));
            }
            Command::JudgeJobs(id) => self.with(id, |_| {}),
            Command::Stop(id, request) => {
                self.with(id, |membership| membership.answer(request, Outcome::Done));
                if let Some(slot) = self.by_id.get(&id).copied() {
                    self.remove(slot);
                }
            }
            Command::Watch(port) => {
                self.ports.push(port);
                if !std::mem::replace(&mut self.sampling, true) {
                    self.wheel.insert(now + SAMPLE_INTERVAL, Due::Sample);
                }
            }
            Command::Schedule(port, token, deadline) => {
                let key = self.wheel.insert(deadline, Due::Reader(port, token));
                if let Some(earlier) = self.timers.insert(token, key) {
                    self.wheel.cancel(earlier);
                }
            }
            Command::Cancel(token) => {
                if let Some(key) = self.timers.remove(&token) {
                    self.wheel.cancel(key);
                }
            }
            Command::Shutdown(_) => {}
        }
    }

    fn with(&mut self, id: MembershipId, act: impl FnOnce(&mut Membership)) {
        let Some(slot) = self.by_id.get(&id).copied() else {
            return;
        };
        if let Some(membership) = &mut self.slots[slot] {
            act(membership);
            self.touched.push(slot);
        }
    }

    fn add(&mut self, mut membership: Box<Membership>) {
        let slot = self
            .slots
            .iter()
            .position(Option::is_none)
            .unwrap_or_else(|| {
                self.slots.push(None);
                self.slots.len() - 1
            });
        if membership
            .register(self.poll.registry(), slot * TOKENS)
            .is_err()
        {
            membership.stop();
            return;
        }
        self.by_id.insert(membership.id, slot);
        self.slots[slot] = Some(membership);
        self.touched.push(slot);
    }

    fn remove(&mut self, slot: usize) {
        let Some(membership) = self.slots.get_mut(slot).and_then(Option::take) else {
            return;
        };
        for alarm in membership.timer.into_iter().chain(membership.jobs_timer) {
            self.wheel.cancel(alarm.key());
        }
        self.by_id.remove(&membership.id);
        membership.stop();
    }
}
