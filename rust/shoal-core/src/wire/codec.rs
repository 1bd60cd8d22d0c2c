//! Datagrams: header, messages, and what proves them whole.

use super::crypto::{Key, KeyId, Keyring, Nonce, ReplayTable, Sender, SessionCipher, TAG_BYTES};
use super::cursor::Cursor;
use super::header::{
    associated_data, receiver_tag, Prefix, Seal, CHECKSUM_BYTES, PREFIX_BYTES, SEALED,
    SEALED_HEADER_BYTES, UNBOUND,
};
use super::{Drops, Instance, Message, Messages, Packer, Versions, WireError, DEFAULT_MTU};

/// The largest datagram or stream message that is read unless told otherwise, in bytes.
pub const DEFAULT_MAX_BYTES: usize = 256 * 1_024;

/// Senders whose sessions are remembered unless told otherwise.
pub const DEFAULT_REPLAY_SENDERS: usize = 16_384;

/// Who a codec speaks as.
#[derive(Clone, Debug)]
pub struct Session<'a> {
    /// This process's boot epoch.
    pub instance: Instance,
    /// Drawn at random for each process, from a source that does not repeat: together with
    /// the instance it keeps nonces unique across restarts, clock changes and clones.
    pub salt: u64,
    /// The cluster's label; empty for none.
    pub label: &'a [u8],
}

/// Writes and reads the datagrams and stream messages of one process.
///
/// Neither direction allocates once the buffers are warm, but for the first datagram of each
/// new sender under encryption.
#[derive(Debug)]
#[repr(C)] // What every datagram needs lies in front.
pub struct Codec {
    instance: Instance,
    max_bytes: usize,
    keyring: Keyring,
    label: u32,
    salt: u64,
    counter: u64,
    /// Apart, for it is as large as the rest of a node that a quiet period touches.
    sealer: Option<(KeyId, Box<SessionCipher>)>,
    replay: ReplayTable,
    drops: Drops,
}

/// A datagram that proved whole.
#[derive(Clone, Debug)]
pub struct Opened<'a> {
    /// The sender; under encryption proved to hold the key, else merely claimed.
    pub from: Instance,
    /// Whether it was encrypted for this very process. An unbound one holds greetings only.
    pub bound: bool,
    /// What it says.
    pub messages: Messages<'a>,
}

impl Codec {
    /// A codec for one process. Without keys, datagrams carry a checksum only.
    pub fn new(session: &Session<'_>, keyring: Keyring) -> Self {
        Self {
            instance: session.instance,
            salt: session.salt,
            label: crc32c::crc32c(session.label),
            counter: 0,
            keyring,
            sealer: None,
            replay: ReplayTable::new(DEFAULT_REPLAY_SENDERS, session.salt),
            drops: Drops::default(),
            max_bytes: DEFAULT_MAX_BYTES,
        }
    }

    /// Sets the largest datagram or stream message that is read, in bytes.
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets how many senders are remembered against replays: at least the cluster's size.
    #[must_use]
    pub fn with_replay_senders(mut self, senders: usize) -> Self {
        self.replay = ReplayTable::new(senders, self.salt);
        self
    }

    /// The keys.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The keys, to rotate them.
    pub fn keyring_mut(&mut self) -> &mut Keyring {
        &mut self.keyring
    }

    /// What was dropped so far.
    pub fn drops(&self) -> &Drops {
        &self.drops
    }

    /// What was dropped so far, to reset it by reason.
    pub fn drops_mut(&mut self) -> &mut Drops {
        &mut self.drops
    }

    /// Counts a drop that the reader of [`Messages`] met.
    pub fn count(&mut self, error: &WireError) {
        self.drops.count(error.reason());
    }

    /// Starts a datagram of at most `limit` bytes behind what `out` holds.
    ///
    /// `receiver` is the process that it is for. Where its instance is not known, only
    /// [`Message::Hello`] and [`Message::HelloReply`] will be read from an encrypted datagram.
    pub fn packer<'b>(
        &self,
        out: &'b mut Vec<u8>,
        receiver: Option<Instance>,
        limit: usize,
    ) -> Packer<'b> {
        let header_at = out.len();
        let current = self.keyring.current();
        let flags = match (current, receiver) {
            (None, _) => 0,
            (Some(_), Some(_)) => SEALED,
            (Some(_), None) => SEALED | UNBOUND,
        };
        Prefix {
            version: Versions::OURS.max,
            flags,
            label: self.label,
            from: self.instance,
        }
        .put(out);
        let trailer = match current {
            None => CHECKSUM_BYTES,
            Some(key) => {
                let nonce = Nonce {
                    instance: self.instance,
                    salt: self.salt,
                    counter: self.counter,
                };
                Seal {
                    key: key.id(),
                    receiver: receiver_tag(receiver),
                    nonce,
                }
                .put(out);
                TAG_BYTES
            }
        };
        let end = header_at.saturating_add(limit).saturating_sub(trailer);
        Packer::new(out, header_at, end, current.map(Key::id), receiver)
    }

    /// Starts a datagram of at most [`DEFAULT_MTU`] bytes.
    pub fn datagram<'b>(&self, out: &'b mut Vec<u8>, receiver: Option<Instance>) -> Packer<'b> {
        self.packer(out, receiver, DEFAULT_MTU)
    }

    /// Finishes a datagram: encrypts it where keys are held, else appends a checksum. Only
    /// one datagram can be under way; start the next one after this. A datagram whose key was
    /// removed meanwhile is taken out of the buffer again.
    pub fn seal(&mut self, packer: Packer<'_>) {
        let Packer {
            out,
            header_at,
            start,
            seal,
            receiver,
            ..
        } = packer;
        let Some(id) = seal else {
            let checksum = crc32c::crc32c(&out[header_at..]);
            out.extend_from_slice(&checksum.to_le_bytes());
            return;
        };
        let counter = self.counter;
        let Some(cipher) = self.sealer(id) else {
            out.truncate(header_at);
            return;
        };
        let (header, body) = out[header_at..].split_at_mut(start - header_at);
        let tag = cipher.seal(counter, &associated_data(header, receiver), body);
        out.extend_from_slice(&tag);
        self.counter += 1;
    }

    /// Our session's cipher under key `id`, derived when the key changes.
    fn sealer(&mut self, id: KeyId) -> Option<&SessionCipher> {
        let key = self.keyring.candidates(id).next()?;
        if !matches!(&self.sealer, Some((held, _)) if *held == id) {
            self.sealer = Some((id, Box::new(key.session(self.instance, self.salt))));
        }
        self.sealer.as_ref().map(|(_, cipher)| &**cipher)
    }

    /// Checks a datagram or stream message, decrypting it in place. What is refused has been
    /// counted, and changed nothing else.
    ///
    /// # Errors
    /// [`WireError`] says what was wrong.
    pub fn open<'a>(&mut self, datagram: &'a mut [u8]) -> Result<Opened<'a>, WireError> {
        let result = self.check(datagram);
        if let Err(error) = &result {
            self.count(error);
        }
        result
    }

    fn check<'a>(&mut self, datagram: &'a mut [u8]) -> Result<Opened<'a>, WireError> {
        let (length, limit) = (datagram.len(), self.max_bytes);
        if length > limit {
            return Err(WireError::Oversized { length, limit });
        }
        let mut cursor = Cursor::new(datagram, 0);
        let Prefix {
            version,
            flags,
            label,
            from,
        } = Prefix::read(&mut cursor)?;
        if !Versions::OURS.contains(version) {
            return Err(WireError::Version {
                version,
                ours: Versions::OURS,
                from,
            });
        }
        if label != self.label {
            return Err(WireError::Label {
                theirs: label,
                ours: self.label,
            });
        }
        match flags {
            0 if self.keyring.is_empty() => open_plain(datagram, from),
            0 => Err(WireError::Unencrypted),
            SEALED => {
                let seal = Seal::read(&mut cursor, from)?;
                self.open_sealed(datagram, seal, Some(self.instance))
            }
            flags if flags == SEALED | UNBOUND => {
                let seal = Seal::read(&mut cursor, from)?;
                self.open_sealed(datagram, seal, None)
            }
            flags => Err(WireError::Flags { flags }),
        }
    }

    fn open_sealed<'a>(
        &mut self,
        datagram: &'a mut [u8],
        seal: Seal,
        receiver: Option<Instance>,
    ) -> Result<Opened<'a>, WireError> {
        let Nonce {
            instance,
            salt,
            counter,
        } = seal.nonce;
        if seal.receiver != receiver_tag(receiver) {
            return Err(WireError::WrongReceiver);
        }
        let sender = Sender { instance, salt };
        if self.replay.has_seen(&sender, counter) {
            return Err(WireError::Replayed { instance, counter });
        }
        let at = datagram.len();
        let (header, sealed) = datagram.split_at_mut(SEALED_HEADER_BYTES);
        let Some((body, tag)) = sealed.split_last_chunk_mut::<TAG_BYTES>() else {
            return Err(WireError::Truncated { what: "tag", at });
        };
        let aad = associated_data(header, receiver);
        self.decrypt(&seal, &aad, body, tag)?;
        self.replay.record(sender, counter);
        let messages = Messages::new(body, SEALED_HEADER_BYTES);
        if receiver.is_none() && !greets_only(messages.clone()) {
            return Err(WireError::Unbound);
        }
        Ok(Opened {
            from: instance,
            bound: receiver.is_some(),
            messages,
        })
    }

    fn decrypt(
        &self,
        seal: &Seal,
        aad: &[u8],
        body: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), WireError> {
        let Nonce {
            instance,
            salt,
            counter,
        } = seal.nonce;
        let mut held = false;
        for key in self.keyring.candidates(seal.key) {
            held = true;
            if key.session(instance, salt).open(counter, aad, body, tag) {
                return Ok(());
            }
        }
        Err(match (held, self.keyring.is_empty()) {
            (true, _) => WireError::Unauthentic,
            (false, true) => WireError::Encrypted(seal.key),
            (false, false) => WireError::UnknownKey(seal.key),
        })
    }
}

fn open_plain(datagram: &[u8], from: Instance) -> Result<Opened<'_>, WireError> {
    let body = &datagram[PREFIX_BYTES..];
    let Some((body, checksum)) = body.split_last_chunk::<CHECKSUM_BYTES>() else {
        return Err(WireError::Truncated {
            what: "checksum",
            at: datagram.len(),
        });
    };
    let covered = &datagram[..datagram.len() - CHECKSUM_BYTES];
    if crc32c::crc32c(covered) != u32::from_le_bytes(*checksum) {
        return Err(WireError::Checksum);
    }
    Ok(Opened {
        from,
        bound: false,
        messages: Messages::new(body, PREFIX_BYTES),
    })
}

fn greets_only(mut messages: Messages<'_>) -> bool {
    messages.all(|message| matches!(message, Ok(Message::Hello(_) | Message::HelloReply(_))))
}
