//! Finding a row by its instance or by its name, in four bytes a slot.

use super::slots::Slots;
use super::{MemberId, Row};

/// Two tables of row numbers; the keys stay in the rows.
#[derive(Debug)]
#[repr(C)] // Every message is looked up by instance.
pub(crate) struct Index {
    by_instance: Slots,
    seed: u64,
    by_name: Slots,
}

impl Index {
    /// `seed` keeps peers from choosing names that collide.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            by_instance: Slots::default(),
            seed,
            by_name: Slots::default(),
        }
    }

    pub(crate) fn instance(&self, rows: &[Option<Row>], instance: u64) -> Option<MemberId> {
        let hash = mix(instance ^ self.seed);
        let found = |id| has_instance(rows, id, instance);
        self.by_instance.find(hash, found).map(MemberId)
    }

    /// Probably the row of an instance.
    pub(crate) fn guess(&self, instance: u64) -> Option<MemberId> {
        self.by_instance
            .guess(mix(instance ^ self.seed))
            .map(MemberId)
    }

    pub(crate) fn name(&self, rows: &[Option<Row>], name: &str) -> Option<MemberId> {
        let hash = hash_name(name, self.seed);
        let found = |id| has_name(rows, id, name);
        self.by_name.find(hash, found).map(MemberId)
    }

    pub(crate) fn insert_instance(&mut self, rows: &[Option<Row>], id: MemberId) {
        self.by_instance.insert(id.0, instances(rows, self.seed));
    }

    pub(crate) fn insert_name(&mut self, rows: &[Option<Row>], id: MemberId) {
        self.by_name.insert(id.0, names(rows, self.seed));
    }

    pub(crate) fn remove_instance(&mut self, rows: &[Option<Row>], instance: u64) {
        let hash = mix(instance ^ self.seed);
        let found = |id| has_instance(rows, id, instance);
        self.by_instance
            .remove(hash, found, instances(rows, self.seed));
    }

    pub(crate) fn remove_name(&mut self, rows: &[Option<Row>], name: &str) {
        let hash = hash_name(name, self.seed);
        let found = |id| has_name(rows, id, name);
        self.by_name.remove(hash, found, names(rows, self.seed));
    }
}

/// The hash of any row's instance.
fn instances(rows: &[Option<Row>], seed: u64) -> impl Fn(u32) -> u64 + '_ {
    move |id| row(rows, id).map_or(0, |row| mix(row.instance ^ seed))
}

/// The hash of any row's name.
fn names(rows: &[Option<Row>], seed: u64) -> impl Fn(u32) -> u64 + '_ {
    move |id| row(rows, id).map_or(0, |row| hash_name(&row.identity.name, seed))
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
