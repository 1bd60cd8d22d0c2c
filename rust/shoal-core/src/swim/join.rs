//! Joining: all seeds at once, and letting others in.

use core::net::SocketAddr;
use std::collections::VecDeque;

use rand_core::Rng;

use super::stream::Purpose;
use super::{MemberId, Node};
use crate::event::{Event, JoinFailure};
use crate::time::Instant;
use crate::transmit::StreamId;
use crate::wire::{
    Hello, HelloReply, Join, Message, Record, Refusal, Refuse, State, Versions, Welcome,
};

/// Seeds that are asked at the same time; the others follow as these answer.
const MOST_AT_ONCE: usize = 16;

/// A seed that is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) seed: SocketAddr,
    /// Whether the host asked for this join and is told how it ends.
    pub(super) asked_for: bool,
}

/// The seeds that we know and those that are yet to be asked.
#[derive(Debug, Default)]
pub(super) struct Seeds {
    /// Every seed ever given, with the instance that it answered as.
    pub(super) known: Vec<(SocketAddr, Option<u64>)>,
    waiting: VecDeque<Candidate>,
    asking: Vec<Candidate>,
}

impl Seeds {
    fn open(&self) -> usize {
        self.waiting.len() + self.asking.len()
    }

    fn finish(&mut self, candidate: &Candidate) {
        self.asking.retain(|asking| asking.seed != candidate.seed);
    }
}

impl Node {
    /// Joins through every seed in parallel. A call while another join is open adds to it.
    /// Seeds are remembered, and tried again while no living member is known there.
    pub fn join(&mut self, now: Instant, seeds: &[SocketAddr]) {
        self.enter(now);
        self.come_back();
        for &seed in seeds {
            if !self.seeds.known.iter().any(|(known, _)| *known == seed) {
                self.seeds.known.push((seed, None));
            }
            self.seek(Candidate {
                seed,
                asked_for: true,
            });
        }
    }

    /// Queues a seed to be asked, unless it is being asked already.
    pub(super) fn seek(&mut self, candidate: Candidate) {
        let open = |other: &&mut Candidate| other.seed == candidate.seed;
        let seeds = &mut self.seeds;
        match seeds.asking.iter_mut().chain(&mut seeds.waiting).find(open) {
            Some(other) => other.asked_for |= candidate.asked_for,
            None if candidate.seed != self.config.advertise => {
                seeds.waiting.push_back(candidate);
                self.ask_seeds();
            }
            None => {}
        }
    }

    fn ask_seeds(&mut self) {
        while self.seeds.asking.len() < MOST_AT_ONCE {
            let Some(candidate) = self.seeds.waiting.pop_front() else {
                return;
            };
            let nonce = self.rng.next_u32();
            let hello = Message::Hello(Hello {
                nonce,
                versions: Versions::OURS,
            });
            self.seeds.asking.push(candidate);
            let purpose = Purpose::Greeting(candidate);
            if self
                .open_stream(candidate.seed, None, purpose, &hello)
                .is_none()
            {
                self.join_failed(&candidate, JoinFailure::Unavailable);
            }
        }
    }

    pub(super) fn greet_back(&mut self, stream: StreamId, from: u64, hello: &Hello) -> bool {
        if !matches!(self.streams.purpose(stream), Some(Purpose::Serving)) {
            return false;
        }
        let nonce = hello.nonce;
        let versions = Versions::OURS;
        self.reply(
            stream,
            from,
            &Message::HelloReply(HelloReply { nonce, versions }),
        );
        true
    }

    pub(super) fn ask_to_join(&mut self, stream: StreamId, from: u64, reply: &HelloReply) -> bool {
        let Some(purpose) = self.streams.purpose(stream) else {
            return false;
        };
        let Purpose::Greeting(candidate) = *purpose else {
            return false;
        };
        *purpose = Purpose::Joining(candidate);
        if let Some(known) = self
            .seeds
            .known
            .iter_mut()
            .find(|(at, _)| *at == candidate.seed)
        {
            known.1 = Some(from);
        }
        if Versions::OURS.common(reply.versions).is_none() {
            self.give_up(stream, &candidate, JoinFailure::Version);
            return true;
        }
        if from == self.instance() {
            // The seed is ourselves, by another address.
            self.seeds.known.retain(|(seed, _)| *seed != candidate.seed);
            self.give_up(stream, &candidate, JoinFailure::Unavailable);
            return true;
        }
        let local = self.table.row(MemberId::LOCAL);
        let identity = std::sync::Arc::clone(&local.identity);
        let record = identity.record(local.incarnation);
        self.reply(
            stream,
            from,
            &Message::Join(Join {
                nonce: reply.nonce,
                record,
            }),
        );
        true
    }

    /// Somebody asks to become a member: takes it in, and sends it everybody.
    pub(super) fn let_in(&mut self, stream: StreamId, from: u64, join: &Join<'_>) -> bool {
        let serving = matches!(self.streams.purpose(stream), Some(Purpose::Serving));
        if !serving || join.record.instance != from {
            return false;
        }
        let nonce = join.nonce;
        let refusal = if !self.is_here() {
            Some(Refusal::Unavailable)
        } else {
            match self.read_record(&join.record, None) {
                None if self.table.by_name(join.record.name).is_some() => None,
                None => Some(self.why_not(&join.record)),
                Some(taken) => Some(Refusal::NameConflict {
                    holder: taken.holder,
                    addr: taken.address,
                }),
            }
        };
        if let Some(refusal) = refusal {
            self.reply(stream, from, &Message::Refuse(Refuse { nonce, refusal }));
            self.close_stream(stream);
            return true;
        }
        let local = self.table.row(MemberId::LOCAL);
        let identity = std::sync::Arc::clone(&local.identity);
        let record = identity.record(local.incarnation);
        let version = Versions::OURS.max;
        self.reply(
            stream,
            from,
            &Message::Welcome(Welcome {
                nonce,
                version,
                record,
            }),
        );
        self.send_table(stream, from, join.record.name);
        true
    }

    /// Why a sound record did not become a member: its instance is another's, or we are full.
    fn why_not(&self, record: &Record<'_>) -> Refusal {
        match self.table.by_instance(record.instance) {
            Some(id) => Refusal::NameConflict {
                holder: record.instance,
                addr: self.table.address(id),
            },
            None => Refusal::Unavailable,
        }
    }

    pub(super) fn read_welcome(&mut self, stream: StreamId, record: &Record<'_>) -> bool {
        let Some(purpose) = self.streams.purpose(stream) else {
            return false;
        };
        let Purpose::Joining(candidate) = *purpose else {
            return false;
        };
        *purpose = Purpose::Learning(candidate);
        let entry = crate::wire::RecordEntry {
            state: State::Alive,
            record: *record,
        };
        self.read_entry(&entry, record.instance);
        true
    }

    /// The last record of a seed's table is in.
    pub(super) fn joined(&mut self, stream: StreamId, candidate: Candidate) {
        self.close_stream(stream);
        self.seeds.finish(&candidate);
        self.sync_soon();
        if candidate.asked_for {
            let members = self.table.living();
            self.events.push_back(Event::JoinCompleted {
                seed: candidate.seed,
                members,
            });
        }
        self.ask_seeds();
    }

    pub(super) fn read_refusal(&mut self, stream: StreamId, refusal: &Refusal) -> bool {
        let candidate = match self.streams.purpose(stream) {
            Some(Purpose::Greeting(candidate) | Purpose::Joining(candidate)) => *candidate,
            _ => return false,
        };
        if matches!(*refusal, Refusal::NameConflict { holder, .. } if holder == self.instance()) {
            // Another name has our instance: we take the next one and ask again.
            self.close_stream(stream);
            self.seeds.finish(&candidate);
            self.begin_life(self.instance() + 1);
            self.seek(candidate);
            return true;
        }
        let reason = match *refusal {
            Refusal::Version(_) => JoinFailure::Version,
            Refusal::Label(_) => JoinFailure::Label,
            Refusal::NameConflict { addr, .. } => JoinFailure::NameTaken { by: addr },
            Refusal::Unavailable | Refusal::Other(_) => JoinFailure::Unavailable,
        };
        self.give_up(stream, &candidate, reason);
        true
    }

    fn give_up(&mut self, stream: StreamId, candidate: &Candidate, reason: JoinFailure) {
        self.close_stream(stream);
        self.join_failed(candidate, reason);
    }

    pub(super) fn join_failed(&mut self, candidate: &Candidate, reason: JoinFailure) {
        self.seeds.finish(candidate);
        if candidate.asked_for {
            let open = self.seeds.open();
            self.events.push_back(Event::JoinFailed {
                seed: candidate.seed,
                reason: Box::new(reason),
                open,
            });
        }
        self.ask_seeds();
    }
}
