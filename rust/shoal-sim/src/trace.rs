//! What happened, in one hash: equal hashes mean equal runs.

use std::fmt::Write as _;

use shoal_core::Instant;

/// A running hash over everything that was delivered, each with its time, its receiver and
/// its bytes; and, where asked for, the same as lines of text.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    hash: u64,
    entries: u64,
    text: Option<String>,
}

impl Trace {
    /// The hash of all entries so far.
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// How many entries there are so far.
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// The lines so far; empty unless [`Trace::keep_text`] was called.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Keeps every entry as a line from now on.
    pub fn keep_text(&mut self) {
        self.text.get_or_insert_with(String::new);
    }

    pub(crate) fn note(&mut self, at: Instant, host: u32, what: &'static str, bytes: &[u8]) {
        let digest = hash_bytes(bytes);
        let tag = u64::from(what.as_bytes()[0]) << 56 | u64::from(host) << 16;
        self.hash = mix(self.hash ^ mix(at.as_micros() ^ tag) ^ digest);
        self.entries += 1;
        if let Some(text) = &mut self.text {
            let length = bytes.len();
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{at} n{host} {what} {length} {digest:016x}");
        }
    }
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 32;
    }
    hash
}

/// The finalizer of splitmix64.
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
