//! What a suspicion is about, and what became of an accusation.

/// What is suspected: a node, or a node as far as one job is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject<J, N> {
    /// The job of a job-layer suspicion, `None` on the node layer.
    pub job: Option<J>,
    /// The accused node.
    pub node: N,
}

impl<J, N> Subject<J, N> {
    /// A node: the node layer.
    pub const fn node(node: N) -> Self {
        Self { job: None, node }
    }

    /// A node as far as `job` is concerned: the job layer.
    pub const fn job(job: J, node: N) -> Self {
        Self {
            job: Some(job),
            node,
        }
    }
}

/// What became of an accusation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// A suspicion was opened.
    Opened,
    /// The accusation names a higher incarnation than the open suspicion: that one was dropped
    /// and a new one opened.
    Reopened,
    /// A suspicion was open at this incarnation and the accuser confirmed it.
    Confirmed,
    /// A suspicion is open at this incarnation and the accuser does not count: it accused or
    /// confirmed before, it is the accused, or all expected confirmations are in.
    Known,
    /// The accusation names an incarnation that has been refuted or overtaken. No change.
    Stale,
    /// The subject counts as dead already. No change.
    Dead,
    /// A limit is reached: nothing was opened, and [`super::Refusals`] counts it.
    Refused,
}
