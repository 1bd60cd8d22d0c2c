//! The keys that a node holds: one encrypts, all decrypt, so that they rotate without an
//! outage: add the new key everywhere, use it everywhere, remove the old one.

use thiserror::Error;

use super::{Key, KeyId};

/// The most keys that a keyring holds.
pub const MAX_KEYS: usize = 16;

/// Keys, the one in use first.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    keys: Vec<Key>,
}

/// Why a keyring refused a change; it is then unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// No key has this id: it was never added here, or has been removed.
    #[error("no key {0} is held")]
    Unknown(KeyId),
    /// The key encrypts: use another one first.
    #[error("key {0} is in use")]
    InUse(KeyId),
    /// [`MAX_KEYS`] are held: remove those that no node uses any more.
    #[error("the keyring is full with {MAX_KEYS} keys")]
    Full,
    /// The same secret is held for the other cipher: a key serves one cipher only.
    #[error("key {0} has the same secret for another cipher")]
    OtherCipher(KeyId),
}

impl Keyring {
    /// An empty keyring: datagrams travel with a checksum, readable by anybody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds `key` for decryption; the first key is used for encryption at once. Adding a key
    /// again changes nothing.
    ///
    /// # Errors
    /// [`KeyringError::Full`], [`KeyringError::OtherCipher`].
    pub fn add(&mut self, key: Key) -> Result<KeyId, KeyringError> {
        let id = key.id();
        if let Some(held) = self.keys.iter().find(|held| held.has_secret_of(&key)) {
            return if held.id() == id {
                Ok(id)
            } else {
                Err(KeyringError::OtherCipher(held.id()))
            };
        }
        if self.keys.len() == MAX_KEYS {
            return Err(KeyringError::Full);
        }
        self.keys.push(key);
        Ok(id)
    }

    /// Encrypts with this key from now on.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`].
    pub fn use_key(&mut self, id: KeyId) -> Result<(), KeyringError> {
        let at = self.position(id)?;
        self.keys[..=at].rotate_right(1);
        Ok(())
    }

    /// Forgets a key; what is encrypted with it is refused from now on.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`], [`KeyringError::InUse`].
    pub fn remove(&mut self, id: KeyId) -> Result<(), KeyringError> {
        let at = self.position(id)?;
        if at == 0 {
            return Err(KeyringError::InUse(id));
        }
        self.keys.remove(at);
        Ok(())
    }

    /// The key that encrypts.
    pub fn current(&self) -> Option<&Key> {
        self.keys.first()
    }

    /// Every id held, the one in use first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.keys.iter().map(Key::id)
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys with this fingerprint: one, unless two collide.
    pub(crate) fn candidates(&self, id: KeyId) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.id() == id)
    }

    fn position(&self, id: KeyId) -> Result<usize, KeyringError> {
        self.keys
            .iter()
            .position(|key| key.id() == id)
            .ok_or(KeyringError::Unknown(id))
    }
}
