//! The agent's memberships and readers.

mod guard;
mod membership;
mod port;
mod settings;

pub(crate) use membership::Membership;
pub(crate) use port::EventPort;
pub(crate) use settings::membership_profile;
