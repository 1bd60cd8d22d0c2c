use crate::wire::*;

const SECRET: [u8; KEY_BYTES] = [7; KEY_BYTES];

fn codec(instance: Instance, keys: &[Key]) -> Codec {
    labelled(instance, keys, b"prod")
}

fn labelled(instance: Instance, keys: &[Key], label: &[u8]) -> Codec {
    let mut keyring = Keyring::new();
    for key in keys {
        keyring.add(key.clone()).unwrap();
    }
    let salt = instance.wrapping_mul(31);
    Codec::new(
        &Session {
            instance,
            salt,
            label,
        },
        keyring,
    )
}

fn key() -> Key {
    Key::new(SECRET, Cipher::ChaCha20Poly1305)
}

fn nack(codec: &mut Codec, receiver: Option<Instance>) -> Vec<u8> {
    say(codec, receiver, &Message::Nack(Nack { nonce: 5 }))
}

fn say(codec: &mut Codec, receiver: Option<Instance>, message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut packer = codec.datagram(&mut out, receiver);
    assert!(packer.push(message));
    codec.seal(packer);
    out
}

fn assert_dropped(codec: &mut Codec, mut bytes: Vec<u8>, reason: DropReason) {
    let before = codec.drops().of(reason);
    let error = codec.open(&mut bytes).expect_err("must be refused");
    assert_eq!(error.reason(), reason, "{error}");
    assert_eq!(codec.drops().of(reason), before + 1);
}

#[test]
fn a_datagram_comes_back_with_its_sender_and_messages_in_each_protection() {
    let aes = Key::new(SECRET, Cipher::Aes256Gcm);
    for keys in [vec![], vec![key()], vec![aes]] {
        let (mut a, mut b) = (codec(1, &keys), codec(2, &keys));
        for _ in 0..3 {
            let mut bytes = nack(&mut a, Some(2));
            let opened = b.open(&mut bytes).unwrap();
            assert_eq!(opened.from, 1);
            assert_eq!(opened.bound, !keys.is_empty());
            let read: Vec<_> = opened.messages.collect();
            assert_eq!(read, [Ok(Message::Nack(Nack { nonce: 5 }))]);
        }
        assert_eq!(b.drops().total(), 0);
    }
}

#[test]
fn several_datagrams_can_share_one_buffer() {
    let (mut a, mut b) = (codec(1, &[key()]), codec(2, &[key()]));
    let mut out = Vec::new();
    let packer = a.datagram(&mut out, Some(2));
    a.seal(packer);
    let first = out.len();
    let mut packer = a.packer(&mut out, Some(2), 70);
    assert!(packer.push(&Message::Nack(Nack { nonce: 1 })));
    assert!(packer.push(&Message::Nack(Nack { nonce: 2 })));
    assert!(packer.push(&Message::Nack(Nack { nonce: 3 })));
    assert!(!packer.push(&Message::Nack(Nack { nonce: 4 })));
    a.seal(packer);
    assert_eq!(out.len() - first, 70);
    let (one, two) = out.split_at_mut(first);
    assert_eq!(b.open(one).unwrap().messages.count(), 0);
    assert_eq!(b.open(two).unwrap().messages.count(), 3);
}

#[test]
fn a_datagram_replayed_to_the_same_node_is_dropped_and_counted_11_57() {
    let (mut a, mut b) = (codec(1, &[key()]), codec(2, &[key()]));
    let bytes = nack(&mut a, Some(2));
    assert!(b.open(&mut bytes.clone()).is_ok());
    assert_dropped(&mut b, bytes, DropReason::Replayed);
}

#[test]
fn a_datagram_replayed_to_another_node_is_dropped_and_counted_11_57() {
    let mut a = codec(1, &[key()]);
    let bytes = nack(&mut a, Some(2));
    for other in 3..200 {
        assert_dropped(
            &mut codec(other, &[key()]),
            bytes.clone(),
            DropReason::Receiver,
        );
    }
}

#[test]
fn a_datagram_with_its_receiver_tag_forged_is_still_refused_11_57() {
    let mut a = codec(1, &[key()]);
    let mut c = codec(3, &[key()]);
    let mut bytes = nack(&mut a, Some(2));
    let for_c = nack(&mut a, Some(3));
    bytes[18..20].copy_from_slice(&for_c[18..20]);
    assert_dropped(&mut c, bytes, DropReason::Unauthentic);
}

#[test]
fn a_restarted_receiver_refuses_what_its_earlier_life_received_11_57() {
    let mut a = codec(1, &[key()]);
    let bytes = nack(&mut a, Some(2));
    assert!(codec(2, &[key()]).open(&mut bytes.clone()).is_ok());
    assert_dropped(&mut codec(20, &[key()]), bytes, DropReason::Receiver);
}

#[test]
fn an_unbound_datagram_may_greet_and_nothing_else() {
    let (mut a, mut b) = (codec(1, &[key()]), codec(2, &[key()]));
    let hello = Message::Hello(Hello {
        nonce: 1,
        versions: Versions::OURS,
    });
    let mut bytes = say(&mut a, None, &hello);
    let opened = b.open(&mut bytes).unwrap();
    assert!(!opened.bound);
    assert_eq!(opened.messages.collect::<Vec<_>>(), [Ok(hello)]);
    assert_dropped(&mut b, nack(&mut a, None), DropReason::Receiver);
}

#[test]
fn every_flipped_bit_of_a_protected_datagram_is_noticed() {
    for keys in [vec![], vec![key()]] {
        let mut a = codec(1, &keys);
        let bytes = nack(&mut a, Some(2));
        for bit in 0..bytes.len() * 8 {
            let mut spoiled = bytes.clone();
            spoiled[bit / 8] ^= 1 << (bit % 8);
            assert!(codec(2, &keys).open(&mut spoiled).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn every_cut_of_a_datagram_is_refused_11_55() {
    for keys in [vec![], vec![key()]] {
        let bytes = nack(&mut codec(1, &keys), Some(2));
        for cut in 0..bytes.len() {
            assert!(codec(2, &keys).open(&mut bytes[..cut].to_vec()).is_err());
        }
    }
}

#[test]
fn wrong_labels_versions_flags_keys_and_sizes_are_dropped_by_reason() {
    let mut b = codec(2, &[key()]);
    let other = Key::new([8; KEY_BYTES], Cipher::ChaCha20Poly1305);
    let good = nack(&mut codec(1, &[key()]), Some(2));
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let mislabelled = nack(&mut labelled(1, &[key()], b"test"), Some(2));
    assert_dropped(&mut b, mislabelled, DropReason::Label);
    assert_dropped(&mut b, with(0, 9), DropReason::Version);
    assert_dropped(&mut b, with(1, 0x81), DropReason::Malformed);
    assert_dropped(
        &mut b,
        nack(&mut codec(1, &[other]), Some(2)),
        DropReason::UnknownKey,
    );
    assert_dropped(
        &mut b,
        nack(&mut codec(1, &[]), Some(2)),
        DropReason::Encryption,
    );
    assert_dropped(&mut codec(2, &[]), good.clone(), DropReason::Encryption);
    assert_dropped(
        &mut b,
        vec![0; DEFAULT_MAX_BYTES + 1],
        DropReason::Oversized,
    );
    assert_eq!(b.drops().total(), 6);
    assert!(b.open(&mut good.clone()).is_ok());
}

#[test]
fn another_version_is_refused_with_what_is_spoken_here_11_56() {
    let mut bytes = nack(&mut codec(1, &[]), Some(2));
    bytes[0] = 9;
    let error = codec(2, &[]).open(&mut bytes).unwrap_err();
    assert_eq!(
        error,
        WireError::Version {
            version: 9,
            ours: Versions::OURS,
            from: 1
        }
    );
    assert_eq!(
        error.to_string(),
        "wire version 9 is not spoken here, only 1 to 1"
    );
}

#[test]
fn drop_counters_are_read_together_and_reset_one_by_one_11_63() {
    let mut drops = Drops::default();
    drops.count(DropReason::Replayed);
    drops.count(DropReason::Replayed);
    drops.count(DropReason::Label);
    let seen: Vec<_> = drops.iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(seen, [(DropReason::Label, 1), (DropReason::Replayed, 2)]);
    assert_eq!(drops.take(DropReason::Replayed), 2);
    assert_eq!((drops.of(DropReason::Replayed), drops.total()), (0, 1));
    for (at, reason) in DropReason::ALL.into_iter().enumerate() {
        assert_eq!(reason as usize, at, "{}", reason.name());
    }
}
