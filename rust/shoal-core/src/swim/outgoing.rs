//! What waits to be sent. Datagrams are written when the host asks for them, so they carry
//! the newest news, and none is written that nobody sends.

use core::net::SocketAddr;
use std::collections::VecDeque;

use super::contact::Contact;
use super::inbound::Sender;
use super::news::{write_news, News};
use super::{MemberId, Node};
use crate::event::MemberState;
use crate::member::Row;
use crate::transmit::{StreamId, Transmit};
use crate::wire::{Ack, Belief, Entries, Message, Nack, Packer, Ping, PingReq, State, Summary};

/// One thing to send.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A probe of a member.
    Ping { target: MemberId, nonce: u32 },
    /// A probe on behalf of somebody.
    RelayedPing {
        to: SocketAddr,
        instance: u64,
        nonce: u32,
    },
    /// A request to probe `target` for us.
    PingReq {
        relay: MemberId,
        target: MemberId,
        nonce: u32,
    },
    /// An answer.
    Ack {
        to: SocketAddr,
        instance: u64,
        prober: MemberId,
        nonce: u32,
    },
    /// An answer that we waited for on behalf of somebody.
    ForwardedAck {
        to: SocketAddr,
        instance: u64,
        nonce: u32,
        incarnation: u64,
    },
    /// No answer so far.
    Nack {
        to: SocketAddr,
        instance: u64,
        nonce: u32,
    },
    /// Our own record.
    Introduce { to: SocketAddr, instance: u64 },
    /// News and nothing else.
    Gossip { target: MemberId },
    /// Our view in one hash.
    Root { target: MemberId },
    /// Opens a stream with this message.
    Open {
        to: SocketAddr,
        stream: StreamId,
        bytes: Vec<u8>,
    },
    /// A message on a stream.
    Reply { stream: StreamId, bytes: Vec<u8> },
    /// The end of a stream.
    Close { stream: StreamId },
}

/// The queue to the host.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Outbox {
    /// What goes first, if anything waits: a quiet node never needs more room than this.
    first: Option<Outgoing>,
    capacity: usize,
    queue: VecDeque<Outgoing>,
    /// Buffers of stream messages, to be used again.
    spare: Vec<Vec<u8>>,
}

/// Room that the queue keeps: what a storm took is given back.
const USUAL_QUEUE: usize = 8;
const MOST_SPARE: usize = 1;
const LARGEST_SPARE: usize = 64 * 1024;

impl Outbox {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            first: None,
            queue: VecDeque::new(),
            capacity,
            spare: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len() + usize::from(self.first.is_some())
    }

    fn push(&mut self, outgoing: Outgoing) {
        if self.first.is_none() {
            self.first = Some(outgoing);
        } else {
            self.queue.push_back(outgoing);
        }
    }

    fn pop(&mut self) -> Option<Outgoing> {
        let first = self.first.take()?;
        if !self.queue.is_empty() {
            self.first = self.queue.pop_front();
            if self.queue.is_empty() {
                self.queue.shrink_to(USUAL_QUEUE);
            }
        }
        Some(first)
    }

    pub(super) fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Gives back the room of what was sent.
    pub(super) fn shrink(&mut self) {
        self.queue.shrink_to_fit();
        self.spare = Vec::new();
    }

    fn recycle(&mut self, mut bytes: Vec<u8>) {
        if self.spare.len() < MOST_SPARE && bytes.capacity() <= LARGEST_SPARE {
            bytes.clear();
            self.spare.push(bytes);
        }
    }
}

impl Node {
    /// Queues something. Datagrams beyond the limit are dropped, as a network may; streams
    /// are bounded by their own number.
    pub(super) fn send(&mut self, outgoing: Outgoing) {
        let is_stream = matches!(
            outgoing,
            Outgoing::Open { .. } | Outgoing::Reply { .. } | Outgoing::Close { .. }
        );
        if is_stream || self.outbox.len() < self.outbox.capacity {
            self.outbox.push(outgoing);
        } else {
            self.stats.dropped.outgoing_full += 1;
        }
    }

    pub(super) fn send_ack(&mut self, sender: &Sender, prober: Option<MemberId>, nonce: u32) {
        let Sender {
            address: to,
            instance,
        } = *sender;
        let prober = prober.unwrap_or(MemberId::NONE);
        self.send(Outgoing::Ack {
            to,
            instance,
            prober,
            nonce,
        });
    }

    pub(super) fn write_next(&mut self, buf: &mut Vec<u8>) -> Option<Transmit> {
        loop {
            buf.clear();
            let outgoing = self.outbox.pop()?;
            let written = match outgoing {
                Outgoing::Open { to, stream, bytes } => {
                    self.take_stream_bytes(bytes, buf);
                    Some(Transmit::OpenStream { to, stream })
                }
                Outgoing::Reply { stream, bytes } => {
                    self.take_stream_bytes(bytes, buf);
                    Some(Transmit::StreamReply { stream })
                }
                Outgoing::Close { stream } => Some(Transmit::CloseStream { stream }),
                datagram => self.write_datagram(&datagram, buf),
            };
            if written.is_some() {
                return written;
            }
        }
    }

    fn take_stream_bytes(&mut self, bytes: Vec<u8>, buf: &mut Vec<u8>) {
        buf.extend_from_slice(&bytes);
        self.outbox.recycle(bytes);
        self.stats.stream_messages_out += 1;
    }

    /// Writes a datagram: what it is for, then whatever else is to be told.
    fn write_datagram(&mut self, outgoing: &Outgoing, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (to, instance) = self.destination(outgoing)?;
        let mut packer = self.codec.packer(buf, Some(instance), self.pulse.mtu);
        self.write_purpose(outgoing, &mut packer);
        if self.spreads_news(outgoing) {
            self.piggyback(&mut packer);
        }
        if packer.is_empty() {
            return None;
        }
        self.codec.seal(packer);
        self.stats.datagrams_out += 1;
        self.stats.bytes_out += buf.len() as u64;
        Some(Transmit::Datagram { to })
    }

    /// Whether what a datagram carries beside its purpose is likely to be heard. News are sent
    /// a bounded number of times, and none of them is for the dead.
    fn spreads_news(&self, outgoing: &Outgoing) -> bool {
        let (Outgoing::Gossip { target } | Outgoing::Ping { target, .. }) = *outgoing else {
            return true;
        };
        self.table
            .existing(target)
            .is_some_and(|row| row.state == MemberState::Alive)
    }

    fn destination(&self, outgoing: &Outgoing) -> Option<(SocketAddr, u64)> {
        let id = match *outgoing {
            Outgoing::RelayedPing { to, instance, .. }
            | Outgoing::Ack { to, instance, .. }
            | Outgoing::ForwardedAck { to, instance, .. }
            | Outgoing::Nack { to, instance, .. }
            | Outgoing::Introduce { to, instance } => return Some((to, instance)),
            Outgoing::Ping { target, .. }
            | Outgoing::Gossip { target }
            | Outgoing::Root { target } => target,
            Outgoing::PingReq { relay, .. } => relay,
            Outgoing::Open { .. } | Outgoing::Reply { .. } | Outgoing::Close { .. } => return None,
        };
        let row = self.table.existing(id)?;
        let address = self.address_of(row);
        Some((address, row.instance))
    }

    /// Where a member is reached: by what contact taught us, which lies nearer than its identity.
    pub(super) fn address_of(&self, row: &Row) -> SocketAddr {
        let learned = self.contacts.find(row.contact);
        match learned.and_then(Contact::address) {
            Some(address) => address,
            None => row.identity.address,
        }
    }

    fn write_purpose(&self, outgoing: &Outgoing, packer: &mut Packer<'_>) {
        match *outgoing {
            Outgoing::Introduce { .. } => {
                let local = self.table.row(MemberId::LOCAL);
                packer.push(&Message::Alive(local.identity.record(local.incarnation)));
            }
            Outgoing::Gossip { target } => {
                if !self.table.row(target).state.is_living() {
                    self.write_accusation(target, packer);
                }
            }
            Outgoing::Root { .. } => {
                let root = [self.table.root()];
                let hashes = Entries::new(&root);
                packer.push(&Message::Summary(Summary {
                    exchange: 0,
                    hashes,
                }));
            }
            Outgoing::Open { .. } | Outgoing::Reply { .. } | Outgoing::Close { .. } => {}
            _ => self.write_probing(outgoing, packer),
        }
    }

    /// The message of a probe, a request or an answer; what the target of a probe must read
    /// before it is written at once.
    fn write_probing(&self, outgoing: &Outgoing, packer: &mut Packer<'_>) {
        let incarnation = u64::from(self.table.row(MemberId::LOCAL).incarnation);
        match *outgoing {
            Outgoing::Ping { target, nonce } => {
                self.write_accusation(target, packer);
                self.write_goodbye(packer);
                packer.put(&self.ping(nonce, self.table.row(target).instance));
            }
            Outgoing::RelayedPing {
                instance, nonce, ..
            } => {
                packer.put(&self.ping(nonce, instance));
            }
            Outgoing::PingReq { target, nonce, .. } => {
                if let Some(row) = self.table.existing(target) {
                    let (target, addr) = (row.instance, row.identity.address);
                    packer.put(&PingReq {
                        nonce,
                        target,
                        addr,
                    });
                }
            }
            Outgoing::Ack {
                instance,
                prober,
                nonce,
                ..
            } => {
                let belief = self.belief_about(prober, instance);
                let coordinates = self.pulse.coordinates.then(|| *self.space.here());
                packer.put(&Ack {
                    nonce,
                    incarnation,
                    belief,
                    coordinates,
                });
            }
            Outgoing::ForwardedAck {
                nonce, incarnation, ..
            } => {
                packer.put(&Ack {
                    nonce,
                    incarnation,
                    belief: None,
                    coordinates: None,
                });
            }
            Outgoing::Nack { nonce, .. } => {
                packer.put(&Nack { nonce });
            }
            _ => {}
        }
    }

    fn ping(&self, nonce: u32, target: u64) -> Ping {
        let incarnation = u64::from(self.table.row(MemberId::LOCAL).incarnation);
        Ping {
            nonce,
            target,
            incarnation,
            coordinates: None,
        }
    }

    /// Tells a member what is held against it (Lifeguard's buddy system); to the gone it is
    /// told whatever the switch says, for nobody else will.
    fn write_accusation(&self, target: MemberId, packer: &mut Packer<'_>) {
        let state = self.table.row(target).state;
        let buddy = state == MemberState::Suspect && self.config.lifeguard.buddy;
        if buddy || !state.is_living() {
            if let Some(accusation) = write_news(&self.table, &self.accusers, News::Claim(target)) {
                packer.push(&accusation);
            }
        }
    }

    fn belief_about(&self, prober: MemberId, instance: u64) -> Option<Belief> {
        let row = self.table.existing(prober)?;
        if row.instance != instance {
            return None; // The row has become another's meanwhile.
        }
        let state = match row.state {
            MemberState::Alive => State::Alive,
            MemberState::Suspect => State::Suspect,
            MemberState::Dead => State::Dead,
            MemberState::Left => State::Left,
        };
        Some(Belief {
            state,
            incarnation: u64::from(row.incarnation),
        })
    }
}
