//! The agent's memberships and readers.

mod guard;
mod keys;
mod lock_probe;
mod membership;
mod port;
mod settings;

pub(crate) use keys::key_fingerprint;
pub(crate) use membership::Membership;
pub(crate) use port::EventPort;
pub(crate) use settings::{apply as apply_settings, membership_profile, profile as named_profile};
