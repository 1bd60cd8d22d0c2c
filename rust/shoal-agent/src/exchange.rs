//! What goes in and out of the sockets of one membership.

use std::io::ErrorKind;

use mio::Registry;
use shoal_core::{Instant, StreamFailure, StreamId, Transmit};

use crate::allow::allows;
use crate::membership::{Membership, Opened};
use crate::mmsg::{Batch, Inbox, Outbox};
use crate::socket::{canonical, reachable};
use crate::stream::Progress;

/// Batches read from one socket before the others have their turn.
const BATCHES_A_TURN: usize = 16;
/// Poller tokens below the streams': the datagram socket, then the listener.
pub(crate) const DATAGRAMS: usize = 0;
pub(crate) const LISTENER: usize = 1;
const FIRST_STREAM: usize = 2;

/// Where what is to be sent is written; one for all memberships, for they send in turn.
#[derive(Default)]
pub(crate) struct Desk {
    written: Vec<u8>,
    outbox: Outbox,
}

impl Membership {
    /// Serves what is ready under `offset` of this membership's tokens; true where the socket
    /// still holds more than one turn may take.
    pub(crate) fn ready(
        &mut self,
        offset: usize,
        base: usize,
        registry: &Registry,
        inbox: &mut Inbox,
        now: Instant,
    ) -> bool {
        match offset {
            DATAGRAMS => return self.receive(inbox, now),
            LISTENER => self.accept(registry, base),
            stream => {
                self.streams
                    .ready(stream - FIRST_STREAM, &mut self.node, now);
            }
        }
        false
    }

    /// Reads datagrams into the core; true where more waits.
    pub(crate) fn receive(&mut self, inbox: &mut Inbox, now: Instant) -> bool {
        for turn in 0..BATCHES_A_TURN {
            let batch = if turn == 0 { Batch::Few } else { Batch::Many };
            let emptied = match inbox.receive(&self.udp, batch) {
                Ok(emptied) => emptied,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                // A pending error of the socket: reading it clears it.
                Err(_) => continue,
            };
            self.traffic.receive_calls += 1;
            for (source, datagram) in inbox.datagrams() {
                let source = canonical(source);
                if allows(&self.allow, source.ip()) {
                    self.node.handle_datagram(now, source, datagram);
                } else {
                    self.traffic.datagrams_not_allowed += 1;
                }
            }
            self.traffic.datagrams_unreadable += std::mem::take(&mut inbox.unreadable);
            if emptied {
                return false;
            }
        }
        true
    }

    fn accept(&mut self, registry: &Registry, base: usize) {
        let limit = self.node.config().limits.streams;
        loop {
            let (socket, peer) = match self.listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(_) => {
                    self.traffic.streams_turned_away += 1;
                    return;
                }
            };
            let peer = canonical(peer);
            if !allows(&self.allow, peer.ip()) || self.streams.len() >= limit {
                self.traffic.streams_turned_away += 1;
                continue;
            }
            match self.streams.accept(socket, registry, base + FIRST_STREAM) {
                Ok(opened) => {
                    self.traffic.streams_accepted += 1;
                    self.opened.push(opened);
                }
                Err(_) => self.traffic.streams_turned_away += 1,
            }
        }
    }

    /// Sends everything that the core wants sent.
    pub(crate) fn transmit(
        &mut self,
        registry: &Registry,
        base: usize,
        desk: &mut Desk,
        now: Instant,
    ) {
        let Desk { written, outbox } = desk;
        while let Some(transmit) = self.node.poll_transmit(written) {
            let ended = match transmit {
                Transmit::Datagram { to } => {
                    outbox.push(reachable(self.bound, to), written);
                    None
                }
                Transmit::OpenStream { to, stream } => {
                    let to = reachable(self.bound, to);
                    let first = base + FIRST_STREAM;
                    match self.streams.open(stream, to, written, registry, first) {
                        Ok(slot) => {
                            self.traffic.streams_opened += 1;
                            self.opened.push((slot, stream));
                            None
                        }
                        Err(reason) => Some((stream, Progress::Failed(reason))),
                    }
                }
                Transmit::StreamReply { stream } => self.streams.reply(stream, written),
                Transmit::CloseStream { stream } => self.streams.close(stream),
            };
            if let Some((stream, end)) = ended {
                self.end_stream(stream, end, now);
            }
        }
        if !outbox.is_empty() {
            let sent = outbox.send(&self.udp);
            self.traffic.datagrams_sent += sent.datagrams;
            self.traffic.datagrams_refused += sent.refused;
        }
    }

    /// Streams opened since the last call.
    pub(crate) fn take_opened(&mut self) -> std::vec::Drain<'_, Opened> {
        self.opened.drain(..)
    }

    /// A stream outlived its time.
    pub(crate) fn expire_stream(&mut self, (slot, stream): Opened, now: Instant) {
        if self.streams.serves(slot, stream) {
            let end = Progress::Failed(StreamFailure::TimedOut);
            self.end_stream(stream, end, now);
        }
    }

    fn end_stream(&mut self, stream: StreamId, end: Progress, now: Instant) {
        self.traffic.streams_failed += u64::from(matches!(end, Progress::Failed(_)));
        self.streams.settle(stream, end, &mut self.node, now);
    }
}
