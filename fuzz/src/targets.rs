//! What each fuzz target does with its bytes. The tests of `shoal-core` replay the corpus
//! through the same functions.

use shoal_core::wire::{Cipher, Codec, FrameDecoder, Key, Keyring, Messages, Session, KEY_BYTES};

/// Any bytes as a run of messages; what can be read must survive being written again.
pub(crate) fn messages(data: &[u8]) {
    with_scratch(|out| {
        for message in Messages::new(data, 0).flatten() {
            out.clear();
            message.encode(out);
            let again: Option<_> = Messages::new(out, 0).next();
            assert_eq!(again, Some(Ok(message)));
        }
    });
}

/// Any bytes as a whole datagram, with and without keys.
pub(crate) fn datagram(data: &[u8]) {
    for keys in [
        None,
        Some(Cipher::ChaCha20Poly1305),
        Some(Cipher::Aes256Gcm),
    ] {
        read(&mut codec(2, keys), &mut data.to_vec());
    }
}

/// Any bytes inside a datagram that is otherwise whole, behind checksum and encryption.
pub(crate) fn sealed(data: &[u8]) {
    let (receiver, data) = match data.split_first() {
        Some((&first, rest)) => ((first % 2 == 0).then_some(2), rest),
        None => (None, data),
    };
    for keys in [None, Some(Cipher::ChaCha20Poly1305)] {
        let mut sender = codec(1, keys);
        let mut bytes = Vec::new();
        let mut packer = sender.packer(&mut bytes, receiver, usize::MAX);
        assert!(packer.push_encoded(data));
        sender.seal(packer);
        read(&mut codec(2, keys), &mut bytes);
    }
}

/// Any bytes as a stream of frames: the same whole as byte by byte.
pub(crate) fn frame(data: &[u8]) {
    const LIMIT: usize = 4_096;
    let whole = decode(FrameDecoder::new(LIMIT), data, usize::MAX);
    for piece in [1, 7, 1_000] {
        assert_eq!(decode(FrameDecoder::new(LIMIT), data, piece), whole);
    }
}

type Frames = Vec<(u8, u16, u64, Vec<u8>)>;

fn decode(mut decoder: FrameDecoder, data: &[u8], piece: usize) -> (Frames, bool) {
    let mut frames = Vec::new();
    let mut fine = true;
    for bytes in data.chunks(piece) {
        let fed = decoder.feed(bytes, |f| {
            frames.push((f.kind, f.flags, f.correlation, f.payload.to_vec()));
        });
        fine &= fed.is_ok();
        assert!(decoder.buffered() <= data.len());
    }
    (frames, fine)
}

fn codec(instance: u64, cipher: Option<Cipher>) -> Codec {
    let mut keyring = Keyring::new();
    if let Some(cipher) = cipher {
        keyring
            .add(Key::new([1; KEY_BYTES], cipher))
            .expect("an empty keyring has room");
    }
    Codec::new(
        &Session {
            instance,
            salt: instance,
            label: b"",
        },
        keyring,
    )
}

fn read(codec: &mut Codec, datagram: &mut [u8]) {
    if let Ok(opened) = codec.open(datagram) {
        for message in opened.messages {
            let _either = message.is_ok();
        }
    }
}

thread_local! {
    static SCRATCH: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(Vec::with_capacity(1 << 20));
}

/// A buffer that is warm, so that a count of allocations sees the decoder's alone.
fn with_scratch(run: impl FnOnce(&mut Vec<u8>)) {
    SCRATCH.with_borrow_mut(run);
}
