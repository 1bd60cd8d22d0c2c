//! The job layer as its owner calls it; see [`shoal_core::suspicion`] for the rules.

use shoal_core::suspicion::{Standing, Verdict};

use crate::error::AgentError;
use crate::handle::Handle;

impl Handle {
    /// This node finds that `node` does not answer for `job`.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn suspect_for_job(&self, job: &str, node: &str) -> Result<Verdict, AgentError> {
        let verdict = self.jobs().suspect(job, node, self.name(), self.now());
        self.judge_jobs().map(|()| verdict)
    }

    /// `confirmer` finds the same; true if it counted.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn confirm_for_job(
        &self,
        job: &str,
        node: &str,
        confirmer: &str,
    ) -> Result<bool, AgentError> {
        let counted = self.jobs().confirm(job, node, confirmer, self.now());
        self.judge_jobs().map(|()| counted)
    }

    /// `node` answered for `job`; true if that ended a suspicion or a death.
    pub fn refute_for_job(&self, job: &str, node: &str) -> bool {
        self.jobs().refute(job, node)
    }

    /// `node` proves progress on `job`; true if its suspicion was extended.
    ///
    /// # Errors
    /// [`AgentError::Stopped`].
    pub fn extend_for_job(
        &self,
        job: &str,
        node: &str,
        progress: u64,
        reason: &str,
    ) -> Result<bool, AgentError> {
        let granted = self.jobs().extend(job, node, progress, reason, self.now());
        self.judge_jobs().map(|()| granted)
    }

    /// Drops all that is held against anybody for `job`; returns how much that was.
    pub fn end_job(&self, job: &str) -> usize {
        self.jobs().end_job(job)
    }

    /// How `node` stands for `job` on the job layer alone.
    pub fn standing_for_job(&self, job: &str, node: &str) -> Standing {
        self.jobs().standing(job, node)
    }
}
