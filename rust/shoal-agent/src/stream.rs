//! One TCP connection: whole messages in and out, each behind its length in four bytes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};

use mio::net::TcpStream;
use shoal_core::{StreamFailure, StreamId};

/// Longest message, bytes: refused by its header, before any of it is kept.
pub(crate) const MESSAGE_LIMIT: usize = 16 << 20;
const HEADER: usize = 4;
const CHUNK: usize = 64 << 10;

/// What became of a connection after it was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Goes on.
    Open,
    /// The other side closed it in good order.
    ClosedByPeer,
    /// Both sides are through with it.
    Finished,
    /// It broke.
    Failed(StreamFailure),
}

pub(crate) struct Connection {
    pub(crate) id: StreamId,
    pub(crate) socket: TcpStream,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    written: usize,
    connecting: bool,
    closing: bool,
    half_closed: bool,
}

impl Connection {
    /// Starts to connect.
    pub(crate) fn open(id: StreamId, peer: SocketAddr) -> io::Result<Self> {
        Ok(Self::new(id, TcpStream::connect(peer)?, true))
    }

    pub(crate) fn accepted(id: StreamId, socket: TcpStream) -> Self {
        Self::new(id, socket, false)
    }

    fn new(id: StreamId, socket: TcpStream, connecting: bool) -> Self {
        // Only a delay of small messages is lost where the option cannot be set.
        drop(socket.set_nodelay(true));
        Self {
            id,
            socket,
            inbox: Vec::new(),
            outbox: Vec::new(),
            written: 0,
            connecting,
            closing: false,
            half_closed: false,
        }
    }

    /// Queues one message.
    pub(crate) fn push(&mut self, message: &[u8]) {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        self.outbox.extend_from_slice(&length.to_be_bytes());
        self.outbox.extend_from_slice(message);
    }

    /// Half-closes once everything queued is out.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    /// Bytes held for this connection.
    pub(crate) fn buffered(&self) -> usize {
        self.inbox.len() + self.outbox.len() - self.written
    }

    /// Writes what it can; call when writable and after [`Self::push`] or [`Self::close`].
    pub(crate) fn write(&mut self) -> Progress {
        match self.try_write() {
            Ok(()) => Progress::Open,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Progress::Open,
            Err(error) => Progress::Failed(failure(&error)),
        }
    }

    fn try_write(&mut self) -> io::Result<()> {
        if self.connecting {
            if let Some(error) = self.socket.take_error()? {
                return Err(error);
            }
            match self.socket.peer_addr() {
                Ok(_) => self.connecting = false,
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        while self.written < self.outbox.len() {
            match self.socket.write(&self.outbox[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.outbox.clear();
        self.written = 0;
        if self.closing && !self.half_closed {
            self.half_closed = true;
            self.socket.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    /// Reads what waits and hands each whole message over; call when readable.
    pub(crate) fn read(&mut self, mut deliver: impl FnMut(&mut [u8])) -> Progress {
        if self.connecting {
            return self.write();
        }
        let mut chunk = [0; CHUNK];
        loop {
            let count = match self.socket.read(&mut chunk) {
                Ok(0) if self.half_closed => return Progress::Finished,
                Ok(0) if self.inbox.is_empty() => return Progress::ClosedByPeer,
                Ok(0) => return Progress::Failed(StreamFailure::Reset),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Progress::Open,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Progress::Failed(failure(&error)),
            };
            self.inbox.extend_from_slice(&chunk[..count]);
            if !take_messages(&mut self.inbox, &mut deliver) {
                return Progress::Failed(StreamFailure::Protocol);
            }
        }
    }
}

/// Cuts whole messages off the front of `inbox`; false where a header claims too much.
fn take_messages(inbox: &mut Vec<u8>, deliver: &mut impl FnMut(&mut [u8])) -> bool {
    let mut taken = 0;
    while let Some(header) = inbox[taken..].first_chunk::<HEADER>() {
        let length = u32::from_be_bytes(*header) as usize;
        if length > MESSAGE_LIMIT {
            return false;
        }
        let start = taken + HEADER;
        let Some(message) = inbox.get_mut(start..start + length) else {
            break;
        };
        deliver(message);
        taken = start + length;
    }
    inbox.drain(..taken);
    true
}

pub(crate) fn failure(error: &io::Error) -> StreamFailure {
    match error.kind() {
        ErrorKind::ConnectionRefused => StreamFailure::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            StreamFailure::Unreachable
        }
        ErrorKind::PermissionDenied | ErrorKind::AddrNotAvailable => StreamFailure::Unreachable,
        ErrorKind::TimedOut => StreamFailure::TimedOut,
        _ => StreamFailure::Reset,
    }
}

#[cfg(test)]
mod tests {
    use super::{take_messages, MESSAGE_LIMIT};

    fn feed(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, bool, usize) {
        let (mut inbox, mut seen, mut fine) = (Vec::new(), Vec::new(), true);
        for piece in pieces {
            inbox.extend_from_slice(piece);
            fine &= take_messages(&mut inbox, &mut |message: &mut [u8]| {
                seen.push(message.to_vec());
            });
        }
        (seen, fine, inbox.len())
    }

    #[test]
    fn messages_come_out_whole_however_the_bytes_arrive() {
        let bytes = b"\0\0\0\x02hi\0\0\0\0\0\0\0\x03you";
        let expected = vec![b"hi".to_vec(), Vec::new(), b"you".to_vec()];
        assert_eq!(feed(&[bytes]), (expected.clone(), true, 0));
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(feed(&single), (expected, true, 0));
    }

    #[test]
    fn an_unfinished_message_waits() {
        assert_eq!(feed(&[b"\0\0\0\x05hell"]), (Vec::new(), true, 8));
    }

    #[test]
    fn a_message_over_the_limit_is_refused_by_its_header() {
        let header = u32::try_from(MESSAGE_LIMIT + 1).unwrap().to_be_bytes();
        assert!(!feed(&[&header]).1);
    }
}
