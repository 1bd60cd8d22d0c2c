//! What the agent counts for a membership: its sockets, and its own late wake-ups.

/// Counters since the membership was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Datagrams the kernel took.
    pub datagrams_sent: u64,
    /// Datagrams the kernel refused: no route, full buffer, a filter's rule.
    pub datagrams_refused: u64,
    /// Datagrams from a source outside the allow list.
    pub datagrams_not_allowed: u64,
    /// Datagrams longer than any of ours can be.
    pub datagrams_unreadable: u64,
    /// System calls that received datagrams.
    pub receive_calls: u64,
    /// Streams accepted.
    pub streams_accepted: u64,
    /// Streams opened.
    pub streams_opened: u64,
    /// Connections turned away: not allowed, or too many open.
    pub streams_turned_away: u64,
    /// Streams that broke, timed out or said something unreadable.
    pub streams_failed: u64,
    /// Times that the agent's thread woke 50 ms or more after a timer was due.
    pub timers_late: u64,
    /// Streams open. A gauge.
    pub streams_open: u64,
}
