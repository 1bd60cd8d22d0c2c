//! The members of one membership as readers on other threads see them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use shoal_core::Member;

/// All members at one moment, this node first.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Rises with every publication, so that a reader knows whether its copy is the newest.
    pub version: u64,
    /// The members, the gone that are remembered included.
    pub members: Vec<Member>,
}

/// Where the agent publishes snapshots; reading never waits for it.
#[derive(Debug, Default)]
pub(crate) struct Published(ArcSwap<Snapshot>);

impl Published {
    pub(crate) fn load(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// `count` is how many members there are: a table of thousands is not grown step by step.
    pub(crate) fn publish(&self, count: usize, members: impl Iterator<Item = Member>) {
        let mut fresh = Vec::with_capacity(count);
        fresh.extend(members);
        let version = self.0.load().version + 1;
        self.0.store(Arc::new(Snapshot {
            version,
            members: fresh,
        }));
    }
}
