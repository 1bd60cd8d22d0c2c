//! Encryption of datagrams: keys, and one cipher for each sender's session.

mod cipher;
mod keyring;
mod replay;

pub use cipher::{Cipher, Key, KeyId, KEY_BYTES};
pub use keyring::{Keyring, KeyringError, MAX_KEYS};

pub(crate) use cipher::{Nonce, SessionCipher, TAG_BYTES};
#[cfg(test)]
pub(crate) use replay::WINDOW;
pub(crate) use replay::{ReplayTable, Sender};
