//! Who a member is: what changes only with a new life or new metadata.

use core::net::SocketAddr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::wire::{Record, Versions};

/// The facts about one life of a member. Shared, never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: Arc<str>,
    pub(crate) instance: u64,
    pub(crate) address: SocketAddr,
    pub(crate) meta_version: u32,
    pub(crate) meta: Arc<[u8]>,
    pub(crate) versions: Versions,
}

impl Identity {
    pub(crate) fn from_record(record: &Record<'_>) -> Self {
        Self {
            name: Arc::from(record.name),
            instance: record.instance,
            address: record.addr,
            meta_version: record.meta_version,
            meta: Arc::from(record.meta),
            versions: record.versions,
        }
    }

    pub(crate) fn record(&self, incarnation: u32) -> Record<'_> {
        Record {
            name: &self.name,
            instance: self.instance,
            incarnation: u64::from(incarnation),
            addr: self.address,
            meta_version: self.meta_version,
            meta: &self.meta,
            versions: self.versions,
        }
    }

    /// Whether this is what `record` says, its incarnation aside.
    pub(crate) fn matches(&self, record: &Record<'_>) -> bool {
        self.record(0)
            == Record {
                incarnation: 0,
                ..*record
            }
    }
}

/// By instance and version of metadata.
type Known = HashMap<(u64, u32), Arc<Identity>>;

/// Identities shared between the nodes of one process.
///
/// A simulation of thousands of nodes gives one to all of them, so that each fact is stored
/// once. It never forgets; a process with one node has no use for it.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    known: Arc<Mutex<Known>>,
}

impl Pool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// The shared identity that says what `record` says.
    pub(crate) fn intern(&self, record: &Record<'_>) -> Arc<Identity> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (record.instance, record.meta_version);
        match known.get(&key) {
            Some(identity) if identity.matches(record) => Arc::clone(identity),
            _ => {
                let identity = Arc::new(Identity::from_record(record));
                known.insert(key, Arc::clone(&identity));
                identity
            }
        }
    }
}

const NAME_BITS: u32 = 22;

/// The instance of a life: its boot epoch in the high bits, so that a later one is larger, and
/// a hash of the name in the low ones, so that members that boot at once differ.
pub(crate) fn instance_of(name: &str, boot_epoch: u64) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (boot_epoch << NAME_BITS) | (super::index::mix(hash) >> (u64::BITS - NAME_BITS))
}
