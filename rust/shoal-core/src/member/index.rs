//! Finding a row by its instance or by its name, in five bytes a row.

use hashbrown::HashTable;

use super::{MemberId, Row};

/// Two open-addressing tables of row numbers; the keys stay in the rows.
#[derive(Debug)]
pub(crate) struct Index {
    by_instance: HashTable<u32>,
    by_name: HashTable<u32>,
    seed: u64,
}

impl Index {
    /// `seed` keeps peers from choosing names that collide.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            by_instance: HashTable::new(),
            by_name: HashTable::new(),
            seed,
        }
    }

    pub(crate) fn instance(&self, rows: &[Option<Row>], instance: u64) -> Option<MemberId> {
        let hash = mix(instance ^ self.seed);
        let found = |id: &u32| has_instance(rows, *id, instance);
        self.by_instance.find(hash, found).map(|id| MemberId(*id))
    }

    pub(crate) fn name(&self, rows: &[Option<Row>], name: &str) -> Option<MemberId> {
        let hash = hash_name(name, self.seed);
        self.by_name
            .find(hash, |id| has_name(rows, *id, name))
            .map(|id| MemberId(*id))
    }

    pub(crate) fn insert_instance(&mut self, rows: &[Option<Row>], id: MemberId) {
        let seed = self.seed;
        let hash = |id: &u32| row(rows, *id).map_or(0, |row| mix(row.instance ^ seed));
        self.by_instance.insert_unique(hash(&id.0), id.0, hash);
    }

    pub(crate) fn insert_name(&mut self, rows: &[Option<Row>], id: MemberId) {
        let seed = self.seed;
        let hash = |id: &u32| row(rows, *id).map_or(0, |row| hash_name(&row.identity.name, seed));
        self.by_name.insert_unique(hash(&id.0), id.0, hash);
    }

    pub(crate) fn remove_instance(&mut self, rows: &[Option<Row>], instance: u64) {
        let hash = mix(instance ^ self.seed);
        let found = |id: &u32| has_instance(rows, *id, instance);
        if let Ok(entry) = self.by_instance.find_entry(hash, found) {
            entry.remove();
        }
    }

    pub(crate) fn remove_name(&mut self, rows: &[Option<Row>], name: &str) {
        let hash = hash_name(name, self.seed);
        if let Ok(entry) = self
            .by_name
            .find_entry(hash, |id| has_name(rows, *id, name))
        {
            entry.remove();
        }
    }
}

fn row(rows: &[Option<Row>], id: u32) -> Option<&Row> {
    rows.get(id as usize)?.as_ref()
}

fn has_instance(rows: &[Option<Row>], id: u32, instance: u64) -> bool {
    row(rows, id).is_some_and(|row| row.instance == instance)
}

fn has_name(rows: &[Option<Row>], id: u32, name: &str) -> bool {
    row(rows, id).is_some_and(|row| &*row.identity.name == name)
}

/// The finalizer of splitmix64: every input bit reaches every output bit.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn hash_name(name: &str, seed: u64) -> u64 {
    let mut hash = seed ^ name.len() as u64;
    for chunk in name.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = mix(hash ^ u64::from_le_bytes(word));
    }
    hash
}
