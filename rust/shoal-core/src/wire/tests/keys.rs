use core::slice::from_ref;

use crate::wire::*;

fn key(byte: u8) -> Key {
    Key::new([byte; KEY_BYTES], Cipher::ChaCha20Poly1305)
}

fn node(instance: Instance, salt: u64, keys: &[Key]) -> Codec {
    let mut keyring = Keyring::new();
    for key in keys {
        keyring.add(key.clone()).unwrap();
    }
    Codec::new(
        &Session {
            instance,
            salt,
            label: b"",
        },
        keyring,
    )
}

fn empty(codec: &mut Codec, receiver: Instance) -> Vec<u8> {
    let mut out = Vec::new();
    let packer = codec.datagram(&mut out, Some(receiver));
    codec.seal(packer);
    out
}

#[test]
fn keys_rotate_without_a_datagram_lost_11_62() {
    let (old, new) = (key(1), key(2));
    let (mut a, mut b) = (node(1, 1, from_ref(&old)), node(2, 2, from_ref(&old)));
    let exchange = |a: &mut Codec, b: &mut Codec| {
        assert!(b.open(&mut empty(a, 2)).is_ok());
        assert!(a.open(&mut empty(b, 1)).is_ok());
    };
    exchange(&mut a, &mut b);
    for step in [
        |k: &mut Keyring, new: &Key, _: &Key| k.add(new.clone()).map(|_| ()),
        |k: &mut Keyring, new: &Key, _: &Key| k.use_key(new.id()),
        |k: &mut Keyring, _: &Key, old: &Key| k.remove(old.id()),
    ] {
        step(a.keyring_mut(), &new, &old).unwrap();
        exchange(&mut a, &mut b);
        step(b.keyring_mut(), &new, &old).unwrap();
        exchange(&mut a, &mut b);
    }
    assert_eq!(a.keyring().ids().collect::<Vec<_>>(), [new.id()]);
}

#[test]
fn only_the_key_in_use_encrypts_and_a_removed_one_opens_nothing_11_62() {
    let (old, new) = (key(1), key(2));
    let mut a = node(1, 1, &[old.clone(), new.clone()]);
    a.keyring_mut().use_key(new.id()).unwrap();
    let mut holds_new = node(2, 2, &[new]);
    assert!(holds_new.open(&mut empty(&mut a, 2)).is_ok());
    let mut laggard = node(3, 3, from_ref(&old));
    let mut bytes = empty(&mut laggard, 2);
    assert_eq!(
        holds_new.open(&mut bytes).unwrap_err(),
        WireError::UnknownKey(old.id())
    );
}

#[test]
fn a_key_that_changes_under_an_open_datagram_spoils_nothing() {
    let (old, new) = (key(1), key(2));
    let mut a = node(1, 1, from_ref(&old));
    let mut b = node(2, 2, &[old.clone(), new.clone()]);
    let mut out = vec![0xaa];
    let packer = a.datagram(&mut out, Some(2));
    a.keyring_mut().add(new.clone()).unwrap();
    a.keyring_mut().use_key(new.id()).unwrap();
    a.seal(packer);
    assert!(
        b.open(&mut out[1..]).is_ok(),
        "sealed with the key it was started with"
    );

    let mut c = node(3, 3, &[old.clone(), new.clone()]);
    empty(&mut c, 2);
    out.truncate(1);
    let packer = c.datagram(&mut out, Some(2));
    c.keyring_mut().use_key(new.id()).unwrap();
    c.keyring_mut().remove(old.id()).unwrap();
    c.seal(packer);
    assert_eq!(out, [0xaa], "nothing is sent under a removed key");
}

#[test]
fn a_keyring_refuses_what_would_leave_it_useless() {
    let mut keyring = Keyring::new();
    let (first, second) = (key(1), key(2));
    keyring.add(first.clone()).unwrap();
    assert_eq!(keyring.add(first.clone()), Ok(first.id()));
    assert_eq!(keyring.ids().count(), 1);
    assert_eq!(
        keyring.remove(first.id()),
        Err(KeyringError::InUse(first.id()))
    );
    assert_eq!(
        keyring.use_key(second.id()),
        Err(KeyringError::Unknown(second.id()))
    );
    assert_eq!(
        keyring.remove(second.id()),
        Err(KeyringError::Unknown(second.id()))
    );
    let twin = Key::new([1; KEY_BYTES], Cipher::Aes256Gcm);
    assert_eq!(
        keyring.add(twin),
        Err(KeyringError::OtherCipher(first.id()))
    );
    for byte in 2..=MAX_KEYS as u8 {
        keyring.add(key(byte)).unwrap();
    }
    assert_eq!(keyring.add(key(200)), Err(KeyringError::Full));
}

#[test]
fn a_key_never_shows_its_secret() {
    let key = key(0xab);
    let shown = format!("{key:?} {}", key.id());
    assert!(!shown.contains("171") && !shown.contains("abab"), "{shown}");
}

#[test]
fn a_restart_under_the_same_instance_uses_other_nonces() {
    let mut first = node(1, 100, &[key(1)]);
    let mut second = node(1, 101, &[key(1)]);
    let (one, two) = (empty(&mut first, 2), empty(&mut second, 2));
    assert_ne!(one[20..], two[20..]);
    let mut b = node(2, 2, &[key(1)]);
    assert!(b.open(&mut one.clone()).is_ok());
    assert!(b.open(&mut two.clone()).is_ok());
}

/// The construction is XChaCha20-Poly1305 with the nonce `instance · salt · counter`.
#[test]
fn a_sealed_datagram_opens_with_plain_xchacha20_poly1305() {
    use chacha20poly1305::aead::{AeadInOut, KeyInit};
    let mut a = node(0x0102_0304, 0x0506_0708, &[key(1)]);
    let mut bytes = empty(&mut a, 9);
    let (header, tag) = bytes.split_at_mut(36);
    let mut nonce = [0; 24];
    nonce[..8].copy_from_slice(&header[6..14]);
    nonce[8..].copy_from_slice(&header[20..36]);
    let aad = [&*header, &9u64.to_le_bytes()].concat();
    let cipher = chacha20poly1305::XChaCha20Poly1305::new(&[1; KEY_BYTES].into());
    let tag: [u8; 16] = (&*tag).try_into().unwrap();
    let opened =
        cipher.decrypt_inout_detached(&nonce.into(), &aad, (&mut [][..]).into(), &tag.into());
    assert!(opened.is_ok());
}
