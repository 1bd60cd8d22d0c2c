//! What a node knows of the members: who they are, which claim about each is the newest, and
//! in which order they are probed.
//!
//! Nothing here costs more with more members, save growing.

mod digest;
mod gone;
mod identity;
mod index;
mod ring;
mod slots;
mod table;
mod told;

#[cfg(test)]
mod tests;

pub use identity::Pool;
pub use told::Member;

pub(crate) use digest::{bucket_of, Digest, BUCKETS};
pub(crate) use identity::{instance_of, Identity};
pub(crate) use table::{Row, Table};

use crate::event::MemberState;

/// A member's place in the table; ourselves is [`MemberId::LOCAL`].
///
/// Valid until the row is forgotten; whoever keeps one longer than a call must drop it then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MemberId(pub(crate) u32);

impl MemberId {
    /// Ourselves.
    pub(crate) const LOCAL: Self = Self(0);
    /// Nobody.
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The highest incarnation that is accepted; beyond it a member starts a new instance.
pub(crate) const MAX_INCARNATION: u32 = 1 << 31;

/// The largest step of one instance's incarnation that is believed. Refutations are paced, so
/// that no honest member comes near.
pub(crate) const MAX_STEP: u32 = 1 << 20;

/// The order of claims about one name: a later life beats an earlier one, a higher
/// incarnation a lower one, and at equal incarnation left beats dead beats suspect beats
/// alive (SWIM section 4.2, with the boot epoch in front).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claim {
    pub(crate) instance: u64,
    pub(crate) incarnation: u32,
    pub(crate) state: MemberState,
}
