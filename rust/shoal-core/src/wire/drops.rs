//! What was dropped, by reason.

/// Why input was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DropReason {
    /// Truncated, an impossible length, a value out of range.
    Malformed,
    /// Longer than a datagram or stream message may be.
    Oversized,
    /// A wire version that is not spoken.
    Version,
    /// Another cluster's label.
    Label,
    /// Encrypted where nothing should be, or the reverse.
    Encryption,
    /// A key that is not held.
    UnknownKey,
    /// The checksum does not fit.
    Checksum,
    /// Forged or damaged under encryption.
    Unauthentic,
    /// Sealed for another process, or bound to none.
    Receiver,
    /// Seen before.
    Replayed,
}

/// Counters of dropped input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    counts: [u64; DropReason::ALL.len()],
}

impl DropReason {
    /// Every reason, in the order of the counters.
    pub const ALL: [Self; 10] = [
        Self::Malformed,
        Self::Oversized,
        Self::Version,
        Self::Label,
        Self::Encryption,
        Self::UnknownKey,
        Self::Checksum,
        Self::Unauthentic,
        Self::Receiver,
        Self::Replayed,
    ];

    /// The reason in one word, as metrics label it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Oversized => "oversized",
            Self::Version => "version",
            Self::Label => "label",
            Self::Encryption => "encryption",
            Self::UnknownKey => "unknown_key",
            Self::Checksum => "checksum",
            Self::Unauthentic => "unauthentic",
            Self::Receiver => "receiver",
            Self::Replayed => "replayed",
        }
    }
}

impl Drops {
    /// Counts one drop.
    pub fn count(&mut self, reason: DropReason) {
        self.counts[reason as usize] += 1;
    }

    /// How many were dropped for `reason` since the last reset.
    pub fn of(&self, reason: DropReason) -> u64 {
        self.counts[reason as usize]
    }

    /// How many were dropped in all.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Each reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL
            .into_iter()
            .map(|reason| (reason, self.of(reason)))
    }

    /// Sets one counter to zero and returns what it held.
    pub fn take(&mut self, reason: DropReason) -> u64 {
        core::mem::take(&mut self.counts[reason as usize])
    }
}
