//! A probe with eight piggybacked updates, and two processes that exchange it.

use std::hint::black_box;

use shoal_core::wire::{
    Cipher, Codec, Instance, Key, Keyring, Message, Ping, Record, Session, Suspect, Versions,
    KEY_BYTES,
};

/// How datagrams are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    Plain,
    ChaCha20Poly1305,
    Aes256Gcm,
}

impl Protection {
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::ChaCha20Poly1305, Self::Aes256Gcm];

    fn keyring(self) -> Keyring {
        let cipher = match self {
            Self::Plain => return Keyring::new(),
            Self::ChaCha20Poly1305 => Cipher::ChaCha20Poly1305,
            Self::Aes256Gcm => Cipher::Aes256Gcm,
        };
        let mut keyring = Keyring::new();
        keyring
            .add(Key::new([42; KEY_BYTES], cipher))
            .expect("an empty keyring has room");
        keyring
    }
}

/// Instances are times, so their bytes are all in use.
pub(crate) fn instance(number: u64) -> Instance {
    1_795_592_445_123_456 + number * 86_400_000_007
}

/// Ping, six suspicions, two members: what
/// `benches/peers/memberlist-codec` sends too.
pub(crate) fn probe() -> [Message<'static>; 9] {
    let suspect = |number| {
        Message::Suspect(Suspect {
            subject: instance(number),
            incarnation: 12,
            accuser: instance(number + 10),
        })
    };
    let alive = |name, number: u64| {
        Message::Alive(Record {
            name,
            instance: instance(number),
            incarnation: 12,
            addr: ([10, 0, 0, number as u8], 7_946).into(),
            meta_version: 1,
            meta: b"role=api,dc=eu-west",
            versions: Versions::OURS,
        })
    };
    let ping = Ping {
        nonce: 123_456,
        target: instance(2),
        incarnation: 12,
        coordinates: None,
    };
    [
        Message::Ping(ping),
        suspect(3),
        suspect(4),
        suspect(5),
        suspect(6),
        suspect(7),
        suspect(8),
        alive("node-0021", 21),
        alive("node-0022", 22),
    ]
}

/// The process that sends.
pub(crate) struct Sender(Codec);

/// The process that receives.
pub(crate) struct Receiver(Codec);

/// Two processes that share what `protection` needs.
pub(crate) fn pair(protection: Protection) -> (Sender, Receiver) {
    let codec = |number| {
        let session = Session {
            instance: instance(number),
            salt: number,
            label: b"bench",
        };
        Codec::new(&session, protection.keyring())
    };
    (Sender(codec(1)), Receiver(codec(2)))
}

impl Sender {
    /// Writes one datagram over what `out` held.
    pub(crate) fn encode(&mut self, out: &mut Vec<u8>, messages: &[Message<'_>]) {
        out.clear();
        let mut packer = self.0.datagram(out, Some(instance(2)));
        for message in messages {
            assert!(packer.push(message), "the content fits a datagram");
        }
        self.0.seal(packer);
    }

    /// As [`Sender::encode`], all messages but the first being ready bytes.
    #[allow(dead_code, reason = "the benchmarks alone call it")]
    pub(crate) fn encode_ready(
        &mut self,
        out: &mut Vec<u8>,
        ping: &Message<'_>,
        ready: &[Vec<u8>],
    ) {
        out.clear();
        let mut packer = self.0.datagram(out, Some(instance(2)));
        assert!(packer.push(ping), "the content fits a datagram");
        for message in ready {
            assert!(packer.push_encoded(message), "the content fits a datagram");
        }
        self.0.seal(packer);
    }
}

impl Receiver {
    /// Checks a datagram and reads every message in it; returns how many.
    pub(crate) fn decode(&mut self, datagram: &mut [u8]) -> usize {
        let opened = self.0.open(datagram).expect("the pair agrees");
        let mut count = 0;
        for message in opened.messages {
            black_box(message.expect("well formed"));
            count += 1;
        }
        count
    }
}
