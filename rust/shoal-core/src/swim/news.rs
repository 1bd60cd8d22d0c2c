//! Spreading the news: piggybacked on every datagram, and in rounds of gossip while anything
//! waits.

use core::time::Duration;
use std::sync::Arc;

use hashbrown::HashMap;

use super::leave::Presence;
use super::outgoing::Outgoing;
use super::timers::Timer;
use super::{MemberId, Node};
use crate::chance::below;
use crate::event::MemberState;
use crate::gossip::{sends_needed, Queue, Urgency};
use crate::member::Table;
use crate::wire::{Dead, Degraded, Leave, Message, Packer, Suspect, UserEvent};

/// About what there is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum News {
    /// A member's state and record.
    Claim(MemberId),
    /// Whether a member is slow.
    Degraded(MemberId),
}

/// A user event under way.
#[derive(Clone, Debug)]
pub(super) struct Shout {
    pub(super) name: Arc<str>,
    pub(super) payload: Arc<[u8]>,
    pub(super) lamport: u64,
    pub(super) origin: u64,
}

/// User events under way, beside the news of members: neither can starve the other, for they
/// take turns in having the first choice of a datagram's room.
#[derive(Debug)]
pub(super) struct Shouts {
    queue: Queue<u64>,
    waiting: HashMap<u64, Shout, ahash::RandomState>,
    serial: u64,
    first: bool,
}

impl Shouts {
    pub(super) fn new(capacity: usize, seed: u64) -> Self {
        Self {
            queue: Queue::new(capacity, seed),
            waiting: HashMap::with_hasher(ahash::RandomState::with_seeds(seed, 10, 11, 12)),
            serial: 0,
            first: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Gives back the room of what was told.
    pub(super) fn shrink(&mut self) {
        self.queue.shrink();
        self.waiting.shrink_to_fit();
    }

    fn push(&mut self, shout: Shout) -> bool {
        self.serial += 1;
        self.waiting.insert(self.serial, shout);
        let evicted = self.queue.push(self.serial, Urgency::Urgent);
        evicted.is_some_and(|serial| self.waiting.remove(&serial).is_some())
    }

    fn fill(&mut self, packer: &mut Packer<'_>, limit: u8) {
        let Self { queue, waiting, .. } = self;
        let put = |serial| match waiting.get(&serial) {
            Some(shout) => packer.push(&Message::UserEvent(UserEvent {
                name: &shout.name,
                payload: &shout.payload,
                lamport: shout.lamport,
                origin: shout.origin,
            })),
            None => true,
        };
        queue.fill(limit, put);
        if queue.len() < waiting.len() {
            waiting.retain(|serial, _| queue.contains(*serial));
        }
    }
}

impl Node {
    /// Queues news, and starts the rounds of gossip if they rest.
    pub(super) fn tell(&mut self, news: News, urgency: Urgency) {
        let evicted = self.news.push(news, urgency);
        self.stats.dropped.gossip_full += u64::from(evicted.is_some());
        self.arm_gossip();
    }

    pub(super) fn shout(&mut self, shout: Shout) {
        self.stats.dropped.gossip_full += u64::from(self.shouts.push(shout));
        self.arm_gossip();
    }

    fn arm_gossip(&mut self) {
        if !self.agenda.is_armed(Timer::Gossip) {
            let gossip = &self.config.gossip;
            let last = if gossip.prompt {
                self.gossiped_at
            } else {
                self.now
            };
            let at = (last + gossip.interval).max(self.now);
            self.agenda.arm(Timer::Gossip, at);
        }
    }

    pub(super) fn drop_news_of(&mut self, id: MemberId) {
        self.news.remove(News::Claim(id));
        self.news.remove(News::Degraded(id));
    }

    /// How often each update is sent, in a cluster of this size.
    pub(super) fn sends_needed(&self) -> u8 {
        sends_needed(self.config.gossip.retransmit, self.table.living())
    }

    /// The time in which an update reaches everybody.
    pub(super) fn dissemination_window(&self) -> Duration {
        self.config.gossip.interval * u32::from(self.sends_needed())
    }

    pub(super) fn gossip_round(&mut self) {
        self.check_goodbye();
        let quiet = self.news.is_empty() && self.shouts.len() == 0 && !self.is_leaving();
        if quiet || self.presence == Presence::Away {
            return self.rest();
        }
        self.say_goodbye();
        self.gossiped_at = self.now;
        let burst = self.burst();
        for target in self.gossip_targets().into_iter().flatten() {
            for _ in 0..burst {
                self.send(Outgoing::Gossip { target });
            }
        }
        if let Some(dead) = self.someone_recently_dead() {
            self.send(Outgoing::Gossip { target: dead });
        }
        self.arm_gossip();
    }

    /// Datagrams for each target of a round: more than one only while one does not hold what
    /// waits.
    fn burst(&self) -> usize {
        const BYTES_OF_AN_UPDATE: usize = 40;
        let waiting = (self.news.len() + self.shouts.len()) * BYTES_OF_AN_UPDATE;
        waiting
            .div_ceil(self.config.gossip.mtu)
            .clamp(1, self.config.gossip.burst)
    }

    /// Distinct living members to tell.
    fn gossip_targets(&mut self) -> [Option<MemberId>; 32] {
        let mut targets = [None; 32];
        let mut count = 0;
        for _ in 0..self.config.gossip.fanout * 2 {
            if count == self.config.gossip.fanout {
                break;
            }
            let drawn = self.table.random_living(&mut self.rng);
            if drawn.is_some() && !targets[..count].contains(&drawn) {
                targets[count] = drawn;
                count += 1;
            }
        }
        targets
    }

    /// One of the last to die: told the news, its own death included, it can say otherwise.
    fn someone_recently_dead(&mut self) -> Option<MemberId> {
        const RECENT: usize = 8;
        let horizon = self.now - self.config.gossip.to_the_dead;
        let recent = self.table.recently_dead(horizon, RECENT).count();
        if recent == 0 {
            return None;
        }
        let nth = below(&mut self.rng, recent);
        self.table.recently_dead(horizon, RECENT).nth(nth)
    }

    /// Fills what room a datagram has left with what waits to be told.
    pub(super) fn piggyback(&mut self, packer: &mut Packer<'_>) {
        if !self.agenda.is_armed(Timer::Gossip) {
            return; // Rounds of gossip rest only while nothing waits.
        }
        let limit = self.sends_needed();
        // News of members have anti-entropy behind them; events have only this, so they are
        // sent as often as in a cluster ten times as large.
        let event_limit = limit + self.config.gossip.retransmit as u8;
        self.shouts.first = !self.shouts.first;
        if self.shouts.first {
            self.shouts.fill(packer, event_limit);
        }
        let (table, accusers) = (&self.table, &self.accusers);
        self.news
            .fill(limit, |news| match write_news(table, accusers, news) {
                Some(message) => packer.push(&message),
                None => true,
            });
        if !self.shouts.first {
            self.shouts.fill(packer, event_limit);
        }
    }
}

/// What is to be said of `news` now; nothing where its row is gone.
pub(super) fn write_news<'a, S: core::hash::BuildHasher>(
    table: &'a Table,
    accusers: &HashMap<MemberId, u64, S>,
    news: News,
) -> Option<Message<'a>> {
    let (News::Claim(id) | News::Degraded(id)) = news;
    let row = table.existing(id)?;
    let subject = row.identity.instance;
    let incarnation = u64::from(row.incarnation);
    let accuser = || accusers.get(&id).copied().unwrap_or(subject);
    Some(match (news, row.state) {
        (News::Degraded(_), _) => Message::Degraded(Degraded {
            subject,
            incarnation,
            sequence: u32::from(row.degraded_sequence),
            level: u8::from(row.degraded),
        }),
        (_, MemberState::Alive) => Message::Alive(row.identity.record(row.incarnation)),
        (_, MemberState::Suspect) => Message::Suspect(Suspect {
            subject,
            incarnation,
            accuser: accuser(),
        }),
        (_, MemberState::Dead) => Message::Dead(Dead {
            subject,
            incarnation,
            accuser: accuser(),
        }),
        (_, MemberState::Left) => Message::Leave(Leave {
            subject,
            incarnation,
        }),
    })
}
