//! More time for a suspect that proves progress, a bounded number of times.

use core::time::Duration;

use crate::Instant;

/// The longest reason that is kept, in bytes.
const REASON_BYTES: usize = 256;

/// How extensions are granted: each half as long as the one before, down to `shortest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionPolicy {
    /// The first grant.
    pub first: Duration,
    /// No grant is shorter.
    pub shortest: Duration,
    /// Grants for one suspicion; none after that.
    pub most: u32,
}

impl Default for ExtensionPolicy {
    /// 15, 7.5, 3.75, 1.875 and 1 second.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(15),
            shortest: Duration::from_secs(1),
            most: 5,
        }
    }
}

/// One extension that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// When.
    pub granted_at: Instant,
    /// By how much the deadline moved.
    pub by: Duration,
    /// The progress that was reported for it.
    pub progress: u64,
    /// Why it was asked for, cut to 256 bytes.
    pub reason: Box<str>,
}

/// The answer to a request for an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extension {
    /// The deadline moved later.
    Granted {
        /// By how much.
        by: Duration,
        /// The new deadline, which no confirmation undercuts.
        deadline: Instant,
        /// Grants that remain.
        left: u32,
    },
    /// Nothing is suspected under that name.
    NotSuspected,
    /// The reported value did not rise since the last grant.
    NoProgress,
    /// All grants are used up.
    Exhausted,
}

impl Extension {
    /// Whether to warn: true for the one grant that leaves exactly one.
    pub const fn is_last_but_one(&self) -> bool {
        matches!(self, Self::Granted { left: 1, .. })
    }
}

/// The grants of one suspicion.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// No deadline lies before this.
    pub(super) until: Instant,
    pub(super) log: Vec<Grant>,
}

impl Grants {
    /// Judges a request made while the suspicion is due at `deadline`.
    pub(super) fn request(
        &mut self,
        policy: &ExtensionPolicy,
        deadline: Instant,
        progress: u64,
        reason: &str,
        now: Instant,
    ) -> Extension {
        let granted = self.log.len() as u32;
        if granted >= policy.most {
            return Extension::Exhausted;
        }
        if self
            .log
            .last()
            .is_some_and(|last| progress <= last.progress)
        {
            return Extension::NoProgress;
        }
        let halved = policy.first / 2_u32.saturating_pow(granted);
        let by = halved.max(policy.shortest);
        self.until = deadline + by;
        self.log.push(Grant {
            granted_at: now,
            by,
            progress,
            reason: shortened(reason).into(),
        });
        Extension::Granted {
            by,
            deadline: self.until,
            left: policy.most - granted - 1,
        }
    }
}

fn shortened(reason: &str) -> &str {
    let end = (0..=reason.len().min(REASON_BYTES))
        .rev()
        .find(|&end| reason.is_char_boundary(end));
    &reason[..end.unwrap_or(0)]
}
