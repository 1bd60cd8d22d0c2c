//! The open connections of one membership.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use shoal_core::{Instant, Node, StreamFailure, StreamId};

use crate::stream::{failure, Connection, Progress};
use crate::traffic::Traffic;

/// Bytes held for all connections of one membership together.
const BUFFERED_LIMIT: usize = 64 << 20;

/// Connections by the poller's token and by the core's name.
#[derive(Default)]
pub(crate) struct Streams {
    slots: Vec<Option<Connection>>,
    free: Vec<usize>,
    by_id: HashMap<StreamId, usize>,
    accepted: u64,
}

impl Streams {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Takes in a connection that a peer made.
    pub(crate) fn accept(
        &mut self,
        socket: TcpStream,
        registry: &Registry,
        first: usize,
    ) -> io::Result<(usize, StreamId)> {
        let id = StreamId::accepted(self.accepted);
        self.accepted += 1;
        let slot = self.insert(Connection::accepted(id, socket), registry, first)?;
        Ok((slot, id))
    }

    /// Starts a connection whose first message is `message`.
    pub(crate) fn open(
        &mut self,
        id: StreamId,
        peer: SocketAddr,
        message: &[u8],
        registry: &Registry,
        first: usize,
    ) -> Result<usize, StreamFailure> {
        let mut connection = Connection::open(id, peer).map_err(|error| failure(&error))?;
        connection.push(message);
        self.insert(connection, registry, first)
            .map_err(|error| failure(&error))
    }

    fn insert(
        &mut self,
        mut connection: Connection,
        registry: &Registry,
        first: usize,
    ) -> io::Result<usize> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = registry.register(&mut connection.socket, Token(first + slot), interest);
        if let Err(error) = registered {
            self.free.push(slot);
            return Err(error);
        }
        self.by_id.insert(connection.id, slot);
        self.slots[slot] = Some(connection);
        Ok(slot)
    }

    /// Queues a message; a stream that is gone is not an error.
    pub(crate) fn reply(&mut self, id: StreamId, message: &[u8]) -> Option<(StreamId, Progress)> {
        let connection = self.find(id)?;
        connection.push(message);
        Some((id, connection.write()))
    }

    /// Closes once everything queued is out.
    pub(crate) fn close(&mut self, id: StreamId) -> Option<(StreamId, Progress)> {
        let connection = self.find(id)?;
        connection.close();
        Some((id, connection.write()))
    }

    /// Serves a connection that is ready and tells the core what came of it.
    pub(crate) fn ready(&mut self, slot: usize, node: &mut Node, now: Instant) {
        let crowded = self.buffered() > BUFFERED_LIMIT;
        let Some(connection) = self.slots.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        let id = connection.id;
        let mut progress = connection.write();
        if progress == Progress::Open {
            progress = connection.read(|message| node.handle_stream_message(now, id, message));
        }
        if crowded && progress == Progress::Open {
            progress = Progress::Failed(StreamFailure::Reset);
        }
        self.settle(id, progress, node, now);
    }

    /// Drops a connection that ended and tells the core.
    pub(crate) fn settle(&mut self, id: StreamId, end: Progress, node: &mut Node, now: Instant) {
        match end {
            Progress::Open => return,
            Progress::Finished => {}
            Progress::ClosedByPeer => node.handle_stream_closed(now, id),
            Progress::Failed(reason) => node.handle_stream_failed(now, id, reason),
        }
        self.remove(id);
    }

    /// Whether `slot` still serves the stream that it served when a timer was set.
    pub(crate) fn serves(&self, slot: usize, id: StreamId) -> bool {
        self.by_id.get(&id) == Some(&slot)
    }

    fn remove(&mut self, id: StreamId) {
        if let Some(slot) = self.by_id.remove(&id) {
            self.slots[slot] = None;
            self.free.push(slot);
        }
    }

    fn find(&mut self, id: StreamId) -> Option<&mut Connection> {
        let slot = *self.by_id.get(&id)?;
        self.slots[slot].as_mut()
    }

    fn buffered(&self) -> usize {
        self.slots.iter().flatten().map(Connection::buffered).sum()
    }

    pub(crate) fn count_into(&self, traffic: &mut Traffic) {
        traffic.streams_open = self.len() as u64;
    }
}
