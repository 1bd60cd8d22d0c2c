//! Whether a member answers by datagram and by stream, each tried on its own.
//!
//! A member whose datagrams are filtered lives on by the stream fallback, and the other way
//! round: failure detection works, on one leg. This tells which leg it is.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use shoal_core::wire::{Codec, Keyring, Message, Ping, Session, StreamPing};

use crate::handle::random_seed;
use crate::stream::MESSAGE_LIMIT;

/// Datagrams sent before silence counts: one may always be lost.
const ATTEMPTS: u32 = 3;
const LARGEST_ANSWER: usize = 64 << 10;

/// The round trip by each path, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// By datagram.
    pub udp: Result<Duration, String>,
    /// By stream.
    pub tcp: Result<Duration, String>,
}

/// Somebody who asks without being a member.
pub(crate) struct Stranger {
    codec: Codec,
    instance: u64,
}

impl Stranger {
    pub(crate) fn new(label: &[u8], keyring: Keyring) -> Self {
        let instance = random_seed();
        let session = Session {
            instance,
            salt: random_seed(),
            label,
        };
        Self {
            codec: Codec::new(&session, keyring),
            instance,
        }
    }

    /// Tries both paths, at most `patience` each; blocks.
    pub(crate) fn reach(&mut self, address: SocketAddr, target: u64, patience: Duration) -> Reach {
        Reach {
            udp: self
                .by_datagram(address, target, patience)
                .map_err(|error| explain(&error)),
            tcp: self
                .by_stream(address, target, patience)
                .map_err(|error| explain(&error)),
        }
    }

    fn by_datagram(
        &mut self,
        address: SocketAddr,
        target: u64,
        patience: Duration,
    ) -> io::Result<Duration> {
        let any = if address.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(address)?;
        socket.set_read_timeout(Some(patience / ATTEMPTS))?;
        let mut answer = vec![0; LARGEST_ANSWER];
        for attempt in 0..ATTEMPTS {
            let nonce = (self.instance as u32).wrapping_add(attempt);
            let ping = Ping {
                nonce,
                target,
                incarnation: 0,
                coordinates: None,
            };
            let started = Instant::now();
            socket.send(&self.write(target, &Message::Ping(ping)))?;
            match socket.recv(&mut answer) {
                Ok(length) if self.is_ack(&mut answer[..length], nonce) => {
                    return Ok(started.elapsed());
                }
                Ok(_) => {}
                Err(error) if is_silence(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    fn by_stream(
        &mut self,
        address: SocketAddr,
        target: u64,
        patience: Duration,
    ) -> io::Result<Duration> {
        let started = Instant::now();
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        let nonce = self.instance as u32;
        let message = self.write(target, &Message::StreamPing(StreamPing { nonce, target }));
        let length = u32::try_from(message.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], &message].concat())?;
        let mut header = [0; 4];
        stream.read_exact(&mut header)?;
        let length = u32::from_be_bytes(header) as usize;
        if length > LARGEST_ANSWER.min(MESSAGE_LIMIT) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer)?;
        if self.is_ack(&mut answer, nonce) {
            Ok(started.elapsed())
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    fn write(&mut self, receiver: u64, message: &Message<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut packer = self.codec.datagram(&mut bytes, Some(receiver));
        packer.push(message);
        self.codec.seal(packer);
        bytes
    }

    fn is_ack(&mut self, bytes: &mut [u8], asked: u32) -> bool {
        self.codec.open(bytes).is_ok_and(|mut opened| {
            opened.messages.any(|message| match message {
                Ok(Message::Ack(ack)) => ack.nonce == asked,
                Ok(Message::StreamAck(ack)) => ack.nonce == asked,
                _ => false,
            })
        })
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        _ if is_silence(error) => "no answer in time: filtered, or another process".into(),
        io::ErrorKind::ConnectionRefused => "refused: the host is up, nothing listens".into(),
        io::ErrorKind::UnexpectedEof => "hung up: another process, key or label".into(),
        io::ErrorKind::InvalidData => "answered with something unreadable".into(),
        _ => error.to_string(),
    }
}
