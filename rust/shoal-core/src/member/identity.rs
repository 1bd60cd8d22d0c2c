//! Who a member is: what changes only with a new life or new metadata.

use core::net::SocketAddr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

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

/// Fewest identities that are looked through for those that nobody holds any more.
const FEW: usize = 256;

/// By instance and version of metadata, as long as a node holds it.
#[derive(Debug, Default)]
struct Known {
    held: HashMap<(u64, u32), Weak<Identity>>,
    /// With so many, those that nobody holds are dropped.
    full: usize,
}

/// Identities shared between the nodes of one process: each fact is stored once, and forgotten
/// after the last node that holds it.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    known: Arc<Mutex<Known>>,
}

impl Pool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.known.lock().unwrap().held.len()
    }

    /// The shared identity that says what `record` says.
    pub(crate) fn intern(&self, record: &Record<'_>) -> Arc<Identity> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (record.instance, record.meta_version);
        let held = known.held.get(&key).and_then(Weak::upgrade);
        if let Some(identity) = held.filter(|identity| identity.matches(record)) {
            return identity;
        }
        let identity = Arc::new(Identity::from_record(record));
        known.held.insert(key, Arc::downgrade(&identity));
        known.forget();
        identity
    }
}

impl Known {
    /// Drops what nobody holds, in time that the insertions since have paid for.
    fn forget(&mut self) {
        if self.held.len() < self.full.max(FEW) {
            return;
        }
        self.held.retain(|_, identity| identity.strong_count() > 0);
        self.full = 2 * self.held.len();
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
