//! What the host asks for, beside joining, leaving and events.

use std::sync::Arc;

use super::news::News;
use super::probe::Purpose;
use super::{MemberId, Node};
use crate::error::NodeError;
use crate::gossip::Urgency;
use crate::member::Identity;
use crate::time::Instant;

impl Node {
    /// Replaces our metadata and spreads the change.
    ///
    /// # Errors
    /// [`NodeError::MetaTooLarge`]; the old metadata stands.
    pub fn update_meta(&mut self, now: Instant, meta: &[u8]) -> Result<(), NodeError> {
        self.enter(now);
        let limit = self.config.limits.meta_bytes;
        if meta.len() > limit {
            return Err(NodeError::MetaTooLarge {
                size: meta.len(),
                limit,
            });
        }
        let old = &self.table.row(MemberId::LOCAL).identity;
        if *old.meta == *meta {
            return Ok(());
        }
        let identity = Identity {
            meta: Arc::from(meta),
            meta_version: old.meta_version + 1,
            ..Identity::clone(old)
        };
        self.table.set_identity(MemberId::LOCAL, Arc::new(identity));
        self.tell(News::Claim(MemberId::LOCAL), Urgency::Plain);
        Ok(())
    }

    /// Probes a member now, beside the usual round; silence is held against it as usual.
    ///
    /// # Errors
    /// [`NodeError::UnknownMember`], [`NodeError::HasLeft`].
    pub fn probe_now(&mut self, now: Instant, name: &str) -> Result<(), NodeError> {
        self.enter(now);
        if !self.is_here() {
            return Err(NodeError::HasLeft);
        }
        let living = self
            .table
            .by_name(name)
            .filter(|id| *id != MemberId::LOCAL && self.table.row(*id).state.is_living());
        let Some(id) = living else {
            return Err(NodeError::UnknownMember {
                name: name.to_owned(),
            });
        };
        self.probe(id, Purpose::Judge);
        Ok(())
    }
}
