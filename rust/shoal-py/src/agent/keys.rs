//! The keyring of a running membership, by fingerprint.

use pyo3::prelude::*;
use shoal_core::wire::{Cipher, Key, KeyId, KeyringError, KEY_BYTES};

use super::Membership;
use crate::error::config_error;

#[pymethods]
impl Membership {
    fn keys(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.ask(py, |node, _| {
            node.keyring().ids().map(|id| id.to_string()).collect()
        })
    }

    fn add_key(&self, py: Python<'_>, key: [u8; KEY_BYTES]) -> PyResult<String> {
        let added = self.ask(py, move |node, _| node.keyring_mut().add(held(key)))?;
        changed(py, added).map(|id| id.to_string())
    }

    fn use_key(&self, py: Python<'_>, fingerprint: String) -> PyResult<()> {
        let used = self.ask(py, move |node, _| {
            find(node.keyring(), &fingerprint).map(|id| node.keyring_mut().use_key(id))
        })?;
        known(py, used)
    }

    fn remove_key(&self, py: Python<'_>, fingerprint: String) -> PyResult<()> {
        let removed = self.ask(py, move |node, _| {
            find(node.keyring(), &fingerprint).map(|id| node.keyring_mut().remove(id))
        })?;
        known(py, removed)
    }
}

/// The eight hexadecimal digits by which a key is named.
#[pyfunction]
pub(crate) fn key_fingerprint(key: [u8; KEY_BYTES]) -> String {
    held(key).id().to_string()
}

fn held(key: [u8; KEY_BYTES]) -> Key {
    Key::new(key, Cipher::ChaCha20Poly1305)
}

fn find(keyring: &shoal_core::wire::Keyring, fingerprint: &str) -> Option<KeyId> {
    keyring.ids().find(|id| id.to_string() == fingerprint)
}

fn known(py: Python<'_>, outcome: Option<Result<(), KeyringError>>) -> PyResult<()> {
    match outcome {
        Some(outcome) => changed(py, outcome),
        None => Err(config_error(py, "keys", "no such key is held")),
    }
}

fn changed<T>(py: Python<'_>, outcome: Result<T, KeyringError>) -> PyResult<T> {
    outcome.map_err(|error| config_error(py, "keys", &error.to_string()))
}
