//! Streams: who opened them, what for, and how long that may take.

use core::net::SocketAddr;

use hashbrown::HashMap;

use super::join::Candidate;
use super::outgoing::Outgoing;
use super::sync::Comparison;
use super::timers::Rare;
use super::Node;
use crate::event::JoinFailure;
use crate::transmit::{StreamFailure, StreamId};
use crate::wheel::TimerKey;
use crate::wire::{Message, Messages, StreamAck, StreamPing, Welcome};

/// The largest stream message that we write, in bytes.
pub(super) const CHUNK_BYTES: usize = 32 * 1024;

/// What a stream is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// We greeted a seed and wait for its instance.
    Greeting(Candidate),
    /// We asked to join.
    Joining(Candidate),
    /// The seed lets us in and sends its table.
    Learning(Candidate),
    /// We probe by stream.
    Probing,
    /// We compare views.
    Comparing(Box<Comparison>),
    /// Somebody opened it and has not finished yet.
    Serving,
}

#[derive(Debug)]
struct Stream {
    purpose: Purpose,
    timer: TimerKey,
}

/// The streams that are open, either way; at most `capacity`.
#[derive(Debug)]
pub(super) struct Streams {
    open: HashMap<StreamId, Stream, ahash::RandomState>,
    opened: u64,
    capacity: usize,
}

impl Streams {
    pub(super) fn new(capacity: usize) -> Self {
        let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
        Self {
            open: HashMap::with_hasher(hasher),
            opened: 0,
            capacity,
        }
    }

    pub(super) fn purpose(&mut self, stream: StreamId) -> Option<&mut Purpose> {
        self.open.get_mut(&stream).map(|open| &mut open.purpose)
    }

    pub(super) fn has_room(&self) -> bool {
        self.open.len() < self.capacity
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Gives back the room of streams that have ended.
    pub(super) fn shrink(&mut self) {
        self.open.shrink_to_fit();
    }
}

impl Node {
    /// Opens a stream with `first`; `None` where there are too many.
    pub(super) fn open_stream(
        &mut self,
        to: SocketAddr,
        receiver: Option<u64>,
        purpose: Purpose,
        first: &Message<'_>,
    ) -> Option<StreamId> {
        if !self.streams.has_room() {
            self.stats.dropped.over_limit += 1;
            return None;
        }
        self.streams.opened += 1;
        let stream = StreamId::opened(self.streams.opened);
        self.register_stream(stream, purpose);
        let bytes = self.write_stream_message(receiver, core::slice::from_ref(first));
        self.send(Outgoing::Open { to, stream, bytes });
        Some(stream)
    }

    fn register_stream(&mut self, stream: StreamId, purpose: Purpose) {
        let deadline = self.now + self.config.sync.timeout;
        let timer = self
            .agenda
            .arm_rare(self.now, deadline, Rare::Stream(stream));
        self.streams.open.insert(stream, Stream { purpose, timer });
    }

    /// Writes messages that must travel together; they are small or cut to fit.
    pub(super) fn write_stream_message(
        &mut self,
        receiver: Option<u64>,
        messages: &[Message<'_>],
    ) -> Vec<u8> {
        let mut bytes = self.outbox.buffer();
        let mut packer = self.codec.packer(&mut bytes, receiver, 2 * CHUNK_BYTES);
        for message in messages {
            packer.push(message);
        }
        self.codec.seal(packer);
        bytes
    }

    /// Answers on a stream with one message.
    pub(super) fn reply(&mut self, stream: StreamId, receiver: u64, message: &Message<'_>) {
        let bytes = self.write_stream_message(Some(receiver), core::slice::from_ref(message));
        self.send(Outgoing::Reply { stream, bytes });
    }

    pub(super) fn read_stream_message(&mut self, stream: StreamId, message: &mut [u8]) {
        let Ok(opened) = self.codec.open(message) else {
            return self.end_and_close(stream, StreamFailure::Protocol);
        };
        let (from, messages) = (opened.from, opened.messages);
        if !self.streams.open.contains_key(&stream) && !self.accept_stream(stream) {
            return;
        }
        self.read_stream(stream, from, messages);
    }

    /// Makes an accepted stream known with its first message.
    fn accept_stream(&mut self, stream: StreamId) -> bool {
        let refused = !stream.is_accepted() || !self.streams.has_room();
        if refused || self.presence == super::leave::Presence::Away {
            self.stats.dropped.stream += 1;
            self.send(Outgoing::Close { stream });
            return false;
        }
        self.register_stream(stream, Purpose::Serving);
        true
    }

    fn read_stream(&mut self, stream: StreamId, from: u64, messages: Messages<'_>) {
        for message in messages {
            match message {
                Ok(message) => {
                    if !self.read_stream_part(stream, from, &message) {
                        self.stats.dropped.stream += 1;
                        return self.end_and_close(stream, StreamFailure::Protocol);
                    }
                }
                Err(error) => {
                    self.codec.count(&error);
                    return self.end_and_close(stream, StreamFailure::Protocol);
                }
            }
        }
    }

    /// Handles one message; false where it is out of its turn.
    fn read_stream_part(&mut self, stream: StreamId, from: u64, message: &Message<'_>) -> bool {
        match message {
            Message::Hello(hello) => self.greet_back(stream, from, hello),
            Message::HelloReply(reply) => self.ask_to_join(stream, from, reply),
            Message::Join(join) => self.let_in(stream, from, join),
            Message::Welcome(Welcome { record, .. }) => self.read_welcome(stream, record),
            Message::Refuse(refuse) => self.read_refusal(stream, &refuse.refusal),
            Message::StreamPing(ping) => self.answer_by_stream(stream, from, ping),
            Message::StreamAck(ack) => {
                self.read_stream_ack(ack.nonce);
                self.close_stream(stream);
                true
            }
            Message::Summary(summary) => self.read_summary(stream, from, summary),
            Message::Digest(digest) => self.read_digest(stream, from, digest),
            Message::DigestRequest(request) => self.read_request(stream, from, request),
            Message::Records(records) => self.read_records(stream, from, records),
            _ => false,
        }
    }

    fn answer_by_stream(&mut self, stream: StreamId, from: u64, ping: &StreamPing) -> bool {
        if ping.target == self.instance() {
            let nonce = ping.nonce;
            self.reply(stream, from, &Message::StreamAck(StreamAck { nonce }));
        }
        self.close_stream(stream);
        true
    }

    /// Ends a stream in good order, once what was sent on it is out.
    pub(super) fn close_stream(&mut self, stream: StreamId) {
        if let Some(open) = self.streams.open.remove(&stream) {
            self.agenda.cancel_rare(open.timer);
            self.send(Outgoing::Close { stream });
        }
    }

    /// We give a stream up.
    fn end_and_close(&mut self, stream: StreamId, reason: StreamFailure) {
        if self.streams.open.contains_key(&stream) {
            self.end_stream(stream, reason);
        } else {
            self.send(Outgoing::Close { stream });
        }
    }

    /// A stream is over, whoever ended it; what it was for has failed unless it was done.
    pub(super) fn end_stream(&mut self, stream: StreamId, reason: StreamFailure) {
        let Some(open) = self.streams.open.remove(&stream) else {
            return;
        };
        self.agenda.cancel_rare(open.timer);
        if matches!(reason, StreamFailure::TimedOut | StreamFailure::Protocol) {
            self.send(Outgoing::Close { stream });
        }
        match open.purpose {
            Purpose::Greeting(candidate)
            | Purpose::Joining(candidate)
            | Purpose::Learning(candidate) => {
                self.join_failed(&candidate, JoinFailure::Stream(reason));
            }
            Purpose::Probing | Purpose::Comparing(_) | Purpose::Serving => {}
        }
    }
}
