//! What a node asks its host to send.

use core::fmt;
use core::net::SocketAddr;

/// A stream between two nodes, named on one side of it.
///
/// A node names the streams that it opens; the host names those that it accepts, by
/// [`StreamId::accepted`]. The two never collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u64);

impl StreamId {
    const ACCEPTED: u64 = 1 << 63;

    /// The host's name for the `counter`th stream that it accepted.
    pub const fn accepted(counter: u64) -> Self {
        Self(counter | Self::ACCEPTED)
    }

    /// The name of the `counter`th stream that a node opened, on its side.
    pub const fn opened(counter: u64) -> Self {
        Self(counter & !Self::ACCEPTED)
    }

    /// Whether the host accepted this stream; otherwise the node opened it.
    pub const fn is_accepted(self) -> bool {
        self.0 & Self::ACCEPTED != 0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.is_accepted() { "in" } else { "out" };
        write!(f, "{side}-{}", self.0 & !Self::ACCEPTED)
    }
}

/// One thing to send; its bytes, where there are any, are in the buffer given to
/// [`crate::Node::poll_transmit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Send the buffer as one datagram. Loss is expected.
    Datagram {
        /// Where to.
        to: SocketAddr,
    },
    /// Open a stream and send the buffer as its first message. Report failure by
    /// [`crate::Node::handle_stream_failed`].
    OpenStream {
        /// Where to.
        to: SocketAddr,
        /// What the node calls this stream from now on.
        stream: StreamId,
    },
    /// Send the buffer as one message on a stream that stands. A stream that the host no
    /// longer has is not an error.
    StreamReply {
        /// Which stream.
        stream: StreamId,
    },
    /// Close a stream once what was sent on it is out. No bytes.
    CloseStream {
        /// Which stream.
        stream: StreamId,
    },
}

/// Why a stream could not be opened or broke, as the host saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamFailure {
    /// The other side refused the connection: its host is up, its process is not.
    Refused,
    /// There is no route to the other side.
    Unreachable,
    /// No answer in the time allowed.
    TimedOut,
    /// The connection broke while in use.
    Reset,
    /// The other side said something that could not be read, or was of another cluster.
    Protocol,
}

impl fmt::Display for StreamFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Unreachable => "no route",
            Self::TimedOut => "no answer in time",
            Self::Reset => "connection broke",
            Self::Protocol => "answered with something unreadable",
        })
    }
}
