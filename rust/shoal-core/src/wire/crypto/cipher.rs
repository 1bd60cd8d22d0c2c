//! One key, and the ciphers that sessions derive from it.

use core::fmt;

use aes_gcm::Aes256Gcm;
use chacha20::hchacha;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use zeroize::Zeroize;

use crate::wire::Instance;

/// The length of a key, in bytes.
pub const KEY_BYTES: usize = 32;

/// What authentication adds to a datagram, in bytes.
pub(crate) const TAG_BYTES: usize = 16;

/// Which AEAD a key is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// ChaCha20-Poly1305 (RFC 8439) under an XChaCha subkey: fast on every processor.
    #[default]
    ChaCha20Poly1305,
    /// AES-256-GCM (NIST SP 800-38D): for those who must; fast where the processor has AES.
    Aes256Gcm,
}

/// Names a key without revealing it: a fingerprint, the same on every node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// A shared key. Wiped when dropped; never printed.
#[derive(Clone)]
pub struct Key {
    secret: [u8; KEY_BYTES],
    cipher: Cipher,
    id: KeyId,
}

/// The 24 bytes that are never used twice with a key: instance, salt, counter.
///
/// The instance names the process and the salt is drawn at random when it starts, so that
/// neither a clock that was set back nor a cloned machine repeats a session; the counter
/// does not repeat within one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nonce {
    pub(crate) instance: Instance,
    pub(crate) salt: u64,
    pub(crate) counter: u64,
}

/// The cipher of one sender's session under one key.
///
/// The session key is HChaCha20(key, instance · salt) and the nonce is the counter behind
/// four zero bytes: with ChaCha20-Poly1305 this is XChaCha20-Poly1305
/// (draft-irtf-cfrg-xchacha-03) with its first half computed once.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would allocate for each datagram read"
)]
pub(crate) enum SessionCipher {
    ChaCha(ChaCha20Poly1305),
    Aes(Aes256Gcm),
}

impl Key {
    /// A key for `cipher`.
    pub fn new(secret: [u8; KEY_BYTES], cipher: Cipher) -> Self {
        let purpose = match cipher {
            Cipher::ChaCha20Poly1305 => b"shoal key chacha",
            Cipher::Aes256Gcm => b"shoal key aesgcm",
        };
        let print = hchacha::<chacha20::R20>(&secret.into(), &(*purpose).into());
        let id = KeyId(u32::from_le_bytes([print[0], print[1], print[2], print[3]]));
        Self { secret, cipher, id }
    }

    /// The key's fingerprint.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Which AEAD it is for.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    pub(crate) fn has_secret_of(&self, other: &Self) -> bool {
        self.secret == other.secret
    }

    pub(crate) fn session(&self, instance: Instance, salt: u64) -> SessionCipher {
        let mut input = [0; 16];
        input[..8].copy_from_slice(&instance.to_le_bytes());
        input[8..].copy_from_slice(&salt.to_le_bytes());
        let subkey = hchacha::<chacha20::R20>((&self.secret).into(), &input.into());
        match self.cipher {
            Cipher::ChaCha20Poly1305 => SessionCipher::ChaCha(ChaCha20Poly1305::new(&subkey)),
            Cipher::Aes256Gcm => SessionCipher::Aes(Aes256Gcm::new(&subkey)),
        }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl SessionCipher {
    /// Encrypts `body` in place and returns its tag.
    pub(crate) fn seal(&self, counter: u64, aad: &[u8], body: &mut [u8]) -> [u8; TAG_BYTES] {
        const FITS: &str = "a datagram is far below the AEAD's limit";
        let nonce = nonce(counter);
        match self {
            Self::ChaCha(cipher) => cipher
                .encrypt_inout_detached(&nonce.into(), aad, body.into())
                .expect(FITS)
                .into(),
            Self::Aes(cipher) => cipher
                .encrypt_inout_detached(&nonce.into(), aad, body.into())
                .expect(FITS)
                .into(),
        }
    }

    /// Decrypts `body` in place; false, with `body` as it was, where the tag does not fit.
    pub(crate) fn open(
        &self,
        counter: u64,
        aad: &[u8],
        body: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> bool {
        let nonce = nonce(counter);
        match self {
            Self::ChaCha(cipher) => {
                cipher.decrypt_inout_detached(&nonce.into(), aad, body.into(), tag.into())
            }
            Self::Aes(cipher) => {
                cipher.decrypt_inout_detached(&nonce.into(), aad, body.into(), tag.into())
            }
        }
        .is_ok()
    }
}

fn nonce(counter: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_le_bytes());
    nonce
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {:?})", self.id, self.cipher)
    }
}

impl fmt::Debug for SessionCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChaCha(_) => "ChaCha(..)",
            Self::Aes(_) => "Aes(..)",
        })
    }
}
