//! The bytes on the wire, as files: a change of the format fails here until the files are
//! written anew with `SHOAL_BLESS=1 cargo test -p shoal-core --test wire vectors`, which is
//! then run once more without.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use shoal_core::wire::*;

use crate::samples;

type Vector = (String, Vec<u8>);

#[test]
fn messages_have_the_golden_bytes() {
    let entries = samples::entries();
    let vectors = samples::all(&entries).into_iter().map(|(name, message)| {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        (name.to_owned(), bytes)
    });
    check("messages.txt", &vectors.collect::<Vec<_>>());
}

#[test]
fn golden_messages_still_read_as_what_they_were() {
    let entries = samples::entries();
    for ((name, message), (golden, bytes)) in
        samples::all(&entries).into_iter().zip(read("messages.txt"))
    {
        assert_eq!(name, golden);
        let read: Vec<_> = Messages::new(&bytes, 0).collect();
        assert_eq!(read, [Ok(message)], "{name}");
    }
}

fn codec(instance: Instance, cipher: Option<Cipher>) -> Codec {
    let mut keyring = Keyring::new();
    if let Some(cipher) = cipher {
        let secret = core::array::from_fn(|at| at as u8);
        keyring.add(Key::new(secret, cipher)).unwrap();
    }
    let salt = 0x1111_2222_3333_4444;
    Codec::new(
        &Session {
            instance,
            salt,
            label: b"prod",
        },
        keyring,
    )
}

const PROTECTIONS: [(&str, Option<Cipher>); 3] = [
    ("plain", None),
    ("chacha20-poly1305", Some(Cipher::ChaCha20Poly1305)),
    ("aes-256-gcm", Some(Cipher::Aes256Gcm)),
];

#[test]
fn datagrams_have_the_golden_bytes() {
    let mut vectors = Vec::new();
    for (name, cipher) in PROTECTIONS {
        let mut sender = codec(1, cipher);
        for (suffix, receiver) in [("", Some(2)), ("-unbound", None)] {
            let mut bytes = Vec::new();
            let mut packer = sender.datagram(&mut bytes, receiver);
            packer.push(
                &Hello {
                    nonce: 1,
                    versions: Versions { min: 1, max: 1 },
                }
                .into(),
            );
            sender.seal(packer);
            vectors.push((format!("{name}{suffix}"), bytes));
        }
    }
    check("datagrams.txt", &vectors);
}

#[test]
fn golden_datagrams_still_open() {
    for (name, mut bytes) in read("datagrams.txt") {
        let protection = PROTECTIONS
            .iter()
            .find(|(prefix, _)| name.starts_with(prefix));
        let mut receiver = codec(2, protection.unwrap().1);
        let opened = receiver.open(&mut bytes).unwrap();
        assert_eq!((opened.from, opened.messages.count()), (1, 1), "{name}");
    }
}

#[test]
fn frames_have_the_golden_bytes() {
    let mut vectors = Vec::new();
    for (name, kind, flags, correlation, payload) in [
        ("empty", 1, 0, 0, &b""[..]),
        ("full", 63, 0xff, 0x0102_0304_0506_0708, b"payload"),
    ] {
        let mut bytes = Vec::new();
        encode_frame(&mut bytes, kind, flags, correlation, payload, None).unwrap();
        vectors.push((name.to_owned(), bytes));
    }
    check("frames.txt", &vectors);
}

/// How well a payload is packed may change; that it unpacks may not.
#[test]
fn a_golden_compressed_frame_still_unpacks() {
    for (name, bytes) in read("frames-compressed.txt") {
        let mut seen = Vec::new();
        FrameDecoder::new(1_000)
            .feed(&bytes, |f| seen.push(f.payload.to_vec()))
            .unwrap();
        assert_eq!(seen, [vec![b'a'; 200]], "{name}");
    }
}

fn path(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tests/vectors", file]
        .iter()
        .collect()
}

fn read(file: &str) -> Vec<Vector> {
    let text = fs::read_to_string(path(file)).unwrap();
    text.lines().map(parse).collect()
}

fn parse(line: &str) -> Vector {
    let (name, hex) = line.split_once(' ').unwrap();
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (
        name.to_owned(),
        (0..hex.len()).step_by(2).map(byte).collect(),
    )
}

fn check(file: &str, vectors: &[Vector]) {
    if std::env::var_os("SHOAL_BLESS").is_some() {
        let mut text = String::new();
        for (name, bytes) in vectors {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            });
            writeln!(text, "{name} {hex}").unwrap();
        }
        fs::write(path(file), text).unwrap();
    }
    assert_eq!(
        vectors,
        read(file),
        "the wire has changed: see this file's head"
    );
}
