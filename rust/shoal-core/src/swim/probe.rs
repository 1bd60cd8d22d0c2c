//! Probing: one member each period, its neighbours' help where it is silent.

use core::time::Duration;

use smallvec::SmallVec;

use super::fitness::Outcome;
use super::inbound::Sender;
use super::outgoing::Outgoing;
use super::timers::Timer;
use super::{stream, MemberId, Node};
use crate::event::MemberState;
use crate::time::Instant;
use crate::transmit::StreamId;
use crate::wire::{Ack, Belief, Message, Nack, State, StreamPing};

/// Probes under way at a time. The usual round has two at most; the rest is for the asking.
pub(super) const MOST_PROBES: usize = 64;

/// Why a member is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Its turn, or somebody asked: silence is held against it.
    Judge,
    /// It is gone; perhaps it is back.
    Revisit,
    /// We are going, and it is told.
    Farewell,
}

/// One probe under way. Probes of different members overlap; an ack names its probe.
#[derive(Debug)]
pub(super) struct Probe {
    nonce: u32,
    pub(super) target: MemberId,
    instance: u64,
    purpose: Purpose,
    sent_at: Instant,
    /// When the probe has failed.
    deadline: Instant,
    /// When something is to be done about its silence.
    due: Instant,
    /// Relays asked so far; more than none means that the direct answer is overdue.
    relays: u32,
    nacks: u32,
    overdue: bool,
    stream: Option<StreamId>,
}

/// To the microsecond, in fewer instructions than [`Duration::mul_f32`].
fn times(duration: Duration, share: f32) -> Duration {
    let micros = duration.as_secs_f64() * 1e6 * f64::from(share) + 0.5;
    Duration::from_micros(micros as u64)
}

impl Node {
    pub(super) fn start_period(&mut self) {
        let period = self.pulse.interval * self.probe_multiplier();
        self.agenda.arm(Timer::Period, self.now + period);
        if !self.is_here() {
            return;
        }
        if let Some(target) = self.table.next_target(&mut self.rng) {
            self.probe(target, Purpose::Judge);
        }
    }

    pub(super) fn probe(&mut self, target: MemberId, purpose: Purpose) {
        if self.probes.len() >= MOST_PROBES {
            return;
        }
        let stretch = self.probe_multiplier();
        let nonce = self.fresh_nonce();
        let share = self.share_of_timeout(target);
        let overdue_at = self.now + times(self.pulse.timeout * stretch, share);
        let patience = times(self.pulse.patience * stretch, share.max(1.0));
        self.probes.push(Probe {
            nonce,
            target,
            instance: self.table.row(target).instance,
            purpose,
            sent_at: self.now,
            deadline: self.now + patience,
            due: overdue_at,
            relays: 0,
            nacks: 0,
            overdue: false,
            stream: None,
        });
        self.arm_probes();
        if purpose == Purpose::Judge {
            self.stats.probes += 1;
        }
        self.send(Outgoing::Ping { target, nonce });
    }

    pub(super) fn is_probing(&self, target: MemberId) -> bool {
        self.probes.iter().any(|probe| probe.target == target)
    }

    /// Keeps the one timer of all probes at the earliest of their moments.
    pub(super) fn arm_probes(&mut self) {
        let earliest = self.probes.iter().map(|probe| probe.due).min();
        self.agenda.set(Timer::Probes, earliest);
    }

    pub(super) fn probes_overdue(&mut self) {
        let due = self.probes.iter().filter(|probe| probe.due <= self.now);
        let silent: SmallVec<[u32; 4]> = due.map(|probe| probe.nonce).collect();
        for nonce in silent {
            self.probe_overdue(nonce);
        }
        self.arm_probes();
    }

    fn probe_overdue(&mut self, nonce: u32) {
        let Some(index) = self.probes.iter().position(|probe| probe.nonce == nonce) else {
            return;
        };
        let probe = &self.probes[index];
        if probe.overdue || probe.purpose != Purpose::Judge {
            let probe = self.probes.swap_remove(index);
            self.probe_failed(&probe);
            return;
        }
        let (target, instance, deadline) = (probe.target, probe.instance, probe.deadline);
        let relays = self.ask_relays(target, nonce);
        let stream = self.probe_by_stream(target, instance, nonce);
        let probe = &mut self.probes[index];
        probe.due = deadline;
        probe.overdue = true;
        probe.relays = relays;
        probe.stream = stream;
    }

    /// Nobody answered in time. Where every relay said that it, too, got no answer, our own
    /// reception is fine; each one that kept silent is a doubt about ourselves. Where nobody
    /// could be asked the doubt is that the target was thought alive: the silence of a suspect
    /// is what was expected, and the last one standing would wait ever longer for the dead.
    fn probe_failed(&mut self, probe: &Probe) {
        self.close_probe_stream(probe);
        if probe.purpose != Purpose::Judge {
            return;
        }
        self.stats.probes_failed += 1;
        let doubts = if probe.relays > 0 {
            probe.relays.saturating_sub(probe.nacks)
        } else {
            let row = self.table.existing(probe.target);
            u32::from(row.is_none_or(|row| row.state != MemberState::Suspect))
        };
        self.worsen_health(doubts);
        if probe.relays > 0 {
            let outcome = if probe.nacks == 0 {
                self.fitness.silence_among(self.table.living() - 1)
            } else {
                Outcome::Heard
            };
            self.learn_fitness(outcome, probe.sent_at);
        }
        let Some(row) = self.table.existing(probe.target) else {
            return;
        };
        if row.instance == probe.instance && row.state.is_living() && self.is_here() {
            let incarnation = row.incarnation;
            self.stats.suspicions_started += u64::from(row.state == MemberState::Alive);
            self.suspect(probe.target, incarnation, self.instance());
        }
    }

    pub(super) fn read_ack(&mut self, sender: &Sender, ack: &Ack) {
        let Some(index) = self
            .probes
            .iter()
            .position(|probe| probe.nonce == ack.nonce)
        else {
            return self.read_relayed_ack(sender, ack);
        };
        let probe = &self.probes[index];
        let direct = probe.instance == sender.instance;
        if !direct && probe.relays == 0 {
            self.stats.dropped.unasked += 1;
            return;
        }
        if probe.purpose == Purpose::Farewell {
            self.read_farewell(ack);
            self.finish_probe(index, false);
            return;
        }
        let rtt = self.now.saturating_since(probe.sent_at);
        let target = self.finish_probe(index, !direct);
        if let Some(id) = target {
            self.heard_from(id, ack.incarnation);
        }
        if direct {
            self.read_answer(sender, ack, target, rtt);
        }
    }

    /// What a direct ack tells beside that its sender lives.
    fn read_answer(&mut self, sender: &Sender, ack: &Ack, id: Option<MemberId>, rtt: Duration) {
        if let (Some(id), Some(coordinates)) = (id, &ack.coordinates) {
            self.learn_rtt(id, coordinates, rtt);
        }
        let ours = u64::from(self.table.row(MemberId::LOCAL).incarnation);
        let corrected = match ack.belief {
            None => true,
            Some(Belief { state, incarnation }) => {
                self.read_belief_about_us(state, incarnation);
                incarnation < ours || state != State::Alive
            }
        };
        if corrected {
            self.send(Outgoing::Introduce {
                to: sender.address,
                instance: sender.instance,
            });
        }
    }

    /// A stream proved what datagrams did not.
    pub(super) fn read_stream_ack(&mut self, nonce: u32) {
        match self.probes.iter().position(|probe| probe.nonce == nonce) {
            Some(index) => {
                self.finish_probe(index, true);
            }
            None => self.stats.dropped.unasked += 1,
        }
    }

    pub(super) fn read_nack(&mut self, nack: &Nack) {
        let open = self
            .probes
            .iter_mut()
            .find(|probe| probe.nonce == nack.nonce);
        match open {
            Some(probe) if probe.nacks < probe.relays => probe.nacks += 1,
            _ => self.stats.dropped.unasked += 1,
        }
    }

    /// Ends an answered probe; returns the target if it is still the member that was meant.
    fn finish_probe(&mut self, index: usize, rescued: bool) -> Option<MemberId> {
        let probe = self.probes.swap_remove(index);
        self.arm_probes();
        self.close_probe_stream(&probe);
        if probe.purpose == Purpose::Judge {
            self.stats.probes_answered += 1;
            self.stats.probes_rescued += u64::from(rescued);
            self.mend_health();
            let outcome = if rescued {
                Outcome::Rescued
            } else {
                Outcome::Heard
            };
            self.learn_fitness(outcome, probe.sent_at);
        }
        let row = self.table.existing(probe.target)?;
        (row.instance == probe.instance).then_some(probe.target)
    }

    /// Asks over a stream, where that is allowed and there is room for one.
    fn probe_by_stream(&mut self, target: MemberId, instance: u64, nonce: u32) -> Option<StreamId> {
        let row = self.table.existing(target)?;
        if !self.config.probe.stream_fallback || row.instance != instance {
            return None;
        }
        let to = row.identity.address;
        let ping = Message::StreamPing(StreamPing {
            nonce,
            target: instance,
        });
        self.open_stream(to, Some(instance), stream::Purpose::Probing, &ping)
    }

    pub(super) fn close_probe_stream(&mut self, probe: &Probe) {
        if let Some(stream) = probe.stream {
            self.close_stream(stream);
        }
    }
}
