use core::net::SocketAddr;

use crate::wire::*;

fn addr() -> SocketAddr {
    "10.0.0.7:7946".parse().unwrap()
}

fn record() -> Record<'static> {
    Record {
        name: "api-1",
        instance: 7,
        incarnation: 300,
        addr: addr(),
        meta_version: 2,
        meta: b"role=api",
        versions: Versions::OURS,
    }
}

fn decode(bytes: &[u8]) -> Vec<Result<Message<'_>, WireError>> {
    Messages::new(bytes, 0).collect()
}

#[test]
fn a_ping_comes_back_as_it_was() {
    let ping = Ping {
        nonce: 9,
        target: 8,
        incarnation: 1,
        coordinates: None,
    };
    let mut out = Vec::new();
    Message::from(ping).encode(&mut out);
    assert_eq!(decode(&out), [Ok(Message::Ping(ping))]);
}

#[test]
fn a_digest_reads_back_entry_by_entry() {
    let entries: Vec<_> = (0..200)
        .map(|i| DigestEntry {
            instance: i,
            incarnation: 1,
            state: State::Alive,
            meta_version: 0,
        })
        .collect();
    let digest = Digest {
        exchange: 1,
        last: true,
        entries: Entries::new(&entries),
    };
    let mut out = Vec::new();
    Message::from(digest).encode(&mut out);
    match decode(&out).as_slice() {
        [Ok(Message::Digest(read))] => assert!(read.entries.iter().eq(entries.iter().copied())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_of_an_unknown_type_is_skipped_and_counted_11_56() {
    let mut out = vec![200, 3, 1, 2, 3];
    Message::Nack(Nack { nonce: 5 }).encode(&mut out);
    let mut messages = Messages::new(&out, 0);
    assert_eq!(messages.next(), Some(Ok(Message::Nack(Nack { nonce: 5 }))));
    assert_eq!(messages.next(), None);
    assert_eq!(messages.skipped(), 1);
}

#[test]
fn fields_that_a_newer_minor_appends_are_ignored_11_56() {
    let mut out = Vec::new();
    Message::Nack(Nack { nonce: 5 }).encode(&mut out);
    out.push(0xee);
    out[1] += 1;
    assert_eq!(decode(&out), [Ok(Message::Nack(Nack { nonce: 5 }))]);
}

#[test]
fn a_record_without_a_usable_address_is_refused_11_39() {
    for bad in [
        "0.0.0.0:1",
        "10.0.0.7:0",
        "224.0.0.1:1",
        "255.255.255.255:1",
        "[::]:1",
        "[ff02::1]:1",
    ] {
        let mut out = Vec::new();
        Message::Alive(Record {
            addr: bad.parse().unwrap(),
            ..record()
        })
        .encode(&mut out);
        let refused = matches!(
            decode(&out)[..],
            [Err(WireError::Value {
                what: "address",
                ..
            })]
        );
        assert!(refused, "{bad}");
    }
}

#[test]
fn coordinates_that_are_not_numbers_or_far_out_are_refused_11_66() {
    for bad in [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        MAX_SECONDS * 1.01,
        f32::MIN,
    ] {
        for spoil in [
            |c: &mut Coordinates, x| c.position[7] = x,
            |c: &mut Coordinates, x| c.height = x,
            |c: &mut Coordinates, x| c.error = x,
            |c: &mut Coordinates, x| c.adjustment = x,
        ] {
            let mut coordinates = Coordinates::default();
            spoil(&mut coordinates, bad);
            let mut out = Vec::new();
            Message::Coordinate(Coordinate {
                instance: 1,
                coordinates,
            })
            .encode(&mut out);
            assert_eq!(
                decode(&out),
                [Err(WireError::Value {
                    what: "coordinates",
                    at: 10
                })]
            );
        }
    }
}

#[test]
fn every_cut_of_a_datagram_is_an_error_with_an_offset_inside_it_11_55() {
    let mut out = Vec::new();
    Message::Alive(record()).encode(&mut out);
    for cut in 1..out.len() {
        match decode(&out[..cut]).as_slice() {
            [Err(WireError::Truncated { at, .. } | WireError::Length { at, .. })] => {
                assert!(*at <= cut);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_packer_never_passes_its_limit_and_takes_the_smaller_one_that_fits() {
    let mut out = Vec::new();
    let mut packer = Packer::new(&mut out, 0, 30, None, None);
    let mut stored = Vec::new();
    Message::Nack(Nack { nonce: 1 }).encode(&mut stored);
    assert!(packer.is_empty());
    assert!(packer.push(&Message::Suspect(Suspect {
        subject: 1,
        incarnation: 2,
        accuser: 3
    })));
    assert!(!packer.push(&Message::Alive(record())));
    assert!(packer.push_encoded(&stored));
    assert!(!packer.push_encoded(&stored));
    assert_eq!(packer.remaining(), 5);
    assert_eq!(decode(&out).len(), 2);
}

#[test]
fn two_nodes_speak_the_highest_version_that_both_know() {
    let ours = Versions { min: 2, max: 5 };
    assert_eq!(ours.common(Versions { min: 1, max: 3 }), Some(3));
    assert_eq!(ours.common(Versions { min: 4, max: 9 }), Some(5));
    assert_eq!(ours.common(Versions { min: 1, max: 1 }), None);
    assert_eq!(ours.common(Versions { min: 6, max: 9 }), None);
}
