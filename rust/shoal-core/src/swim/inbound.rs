//! What a datagram says, message by message.

use core::net::SocketAddr;

use super::leave::Presence;
use super::{MemberId, Node};
use crate::wire::{Ack, Body, Coded, Cursor, Message, Ping, State, WireError};

/// The other end of a datagram: the process that it claims to be from (proves, where keys are
/// held) and the address that it really came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub(super) instance: u64,
    pub(super) address: SocketAddr,
}

impl Node {
    pub(super) fn read_datagram(&mut self, from: SocketAddr, datagram: &mut [u8]) {
        let Ok(opened) = self.codec.open(datagram) else {
            return;
        };
        if self.presence == Presence::Away || opened.from == self.instance() {
            return;
        }
        let sender = Sender {
            instance: opened.from,
            address: from,
        };
        let mut messages = opened.messages;
        while let Some(next) = messages.next_body() {
            let read = next.and_then(|(code, mut body)| self.read_body(&sender, code, &mut body));
            match read {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return self.codec.count(&error),
            }
        }
    }

    /// Reads the two messages of a quiet period straight from the bytes, all others by the way
    /// of the enum; skips those whose type this build does not know. False where the datagram
    /// is for another process, which had our address before: what else it says is not for us,
    /// who may be of another cluster.
    fn read_body(
        &mut self,
        sender: &Sender,
        code: u8,
        body: &mut Cursor<'_>,
    ) -> Result<bool, WireError> {
        match code {
            Ping::CODE => return Ok(self.answer(sender, &Ping::read(body)?)),
            Ack::CODE => self.read_ack(sender, &Ack::read(body)?),
            _ => {
                if let Some(message) = Message::read_body(code, body)? {
                    self.read_message(sender, &message);
                }
            }
        }
        Ok(true)
    }

    fn read_message(&mut self, sender: &Sender, message: &Message<'_>) {
        match message {
            Message::PingReq(request) => self.relay(sender, request),
            Message::Nack(nack) => self.read_nack(nack),
            Message::Summary(summary) => self.compare_root(sender, summary),
            Message::Coordinate(at) => {
                if let Some(id) = self.table.by_instance(at.instance) {
                    self.learn_coordinates(id, &at.coordinates);
                }
            }
            Message::Alive(record) => {
                self.read_record(record, Some(sender.address));
            }
            Message::Suspect(suspect) => {
                self.read_claim(
                    suspect.subject,
                    suspect.incarnation,
                    State::Suspect,
                    suspect.accuser,
                );
            }
            Message::Dead(dead) => {
                self.read_claim(dead.subject, dead.incarnation, State::Dead, dead.accuser);
            }
            Message::Leave(leave) => {
                self.read_claim(leave.subject, leave.incarnation, State::Left, leave.subject);
            }
            Message::Degraded(degraded) => self.read_degraded(degraded),
            Message::UserEvent(event) => self.read_user_event(event),
            _ => self.stats.dropped.stream += 1,
        }
    }

    /// Answers a probe; false where it is not ours to answer. Costs one datagram, and changes
    /// nothing about ourselves.
    fn answer(&mut self, sender: &Sender, ping: &Ping) -> bool {
        if ping.target != self.instance() {
            self.stats.dropped.misdirected += 1;
            return false;
        }
        let prober = self.table.by_instance(sender.instance);
        if let Some(id) = prober {
            if let Some(coordinates) = &ping.coordinates {
                self.learn_coordinates(id, coordinates);
            }
            self.heard_from(id, ping.incarnation);
        }
        self.send_ack(sender, prober, ping.nonce);
        true
    }

    /// A member spoke to us itself at `incarnation`. A higher one than we knew is news; an
    /// equal one proves nothing about what we hold against it, that is for it to refute.
    pub(super) fn heard_from(&mut self, id: MemberId, incarnation: u64) {
        let known = u64::from(self.table.row(id).incarnation);
        if incarnation > known {
            self.claim_alive(id, incarnation);
        }
    }
}
