//! The way out: notices for one reader, behind one descriptor that becomes readable.
//!
//! The reader (an asyncio loop, a thread) is woken once for each batch. Membership events are
//! bounded: past the bound they are counted instead of kept, and the reader is told how many
//! it missed so that it can start again from the snapshot. Replies and timers are never
//! dropped; the reader itself bounds them by what it asked for.

use core::time::Duration;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shoal_core::{Event, Instant};

use crate::command::{MembershipId, Outcome, RequestId, TimerToken};
use crate::jobs::JobDeath;
use crate::stalls::{StallLog, Stalls};

/// One thing to tell the reader.
#[derive(Debug)]
pub enum Notice {
    /// A membership changed.
    Event(MembershipId, Event),
    /// A node is dead for one job.
    JobDeath(MembershipId, JobDeath),
    /// A request has its answer.
    Reply(RequestId, Outcome),
    /// A timer of the reader is due.
    Timer(TimerToken),
    /// Events of a membership were dropped, since the reader was behind.
    Lost(MembershipId, Lost),
    /// A membership is gone; nothing about it follows.
    Stopped(MembershipId),
}

/// How many events a slow reader missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Changes of members: the snapshot holds their outcome.
    pub changes: u64,
    /// User events, which nothing brings back.
    pub user_events: u64,
}

#[derive(Default)]
struct Queue {
    notices: VecDeque<Notice>,
    events: usize,
    lost: BTreeMap<MembershipId, Lost>,
    signalled: bool,
}

/// A queue of notices with its descriptor and its reader's pulse.
pub struct EventPort {
    queue: Mutex<Queue>,
    capacity: usize,
    signal: UnixStream,
    watched: UnixStream,
    pulse: AtomicU64,
    closed: AtomicBool,
    stalls: StallLog,
}

impl EventPort {
    /// A port that keeps at most `capacity` membership events.
    ///
    /// # Errors
    /// The process is out of descriptors.
    pub fn new(capacity: usize) -> io::Result<Self> {
        let (signal, watched) = UnixStream::pair()?;
        signal.set_nonblocking(true)?;
        watched.set_nonblocking(true)?;
        Ok(Self {
            queue: Mutex::default(),
            capacity,
            signal,
            watched,
            pulse: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            stalls: StallLog::default(),
        })
    }

    /// The descriptor that is readable while notices wait. It stays the port's own.
    pub fn descriptor(&self) -> RawFd {
        self.watched.as_raw_fd()
    }

    /// Takes everything that waits and quiets the descriptor.
    pub fn drain(&self) -> Vec<Notice> {
        self.take(usize::MAX)
    }

    /// Takes the `most` notices that wait the longest; while more wait, the descriptor stays
    /// readable. What was lost is told behind the last of them.
    pub fn take(&self, most: usize) -> Vec<Notice> {
        let mut queue = self.lock();
        if queue.notices.len() > most {
            let taken: Vec<_> = queue.notices.drain(..most).collect();
            queue.events -= events_among(&taken);
            return taken;
        }
        // Under the lock, as signals are given: none is lost.
        let mut scratch = [0; 64];
        while matches!((&self.watched).read(&mut scratch), Ok(n) if n == scratch.len()) {}
        let Queue { notices, lost, .. } = std::mem::take(&mut *queue);
        drop(queue);
        let mut taken = Vec::from(notices);
        taken.extend(lost.into_iter().map(|(id, lost)| Notice::Lost(id, lost)));
        taken
    }

    /// The reader runs: its event loop came round at `now`.
    pub fn beat(&self, now: Instant) {
        self.pulse.store(now.as_micros().max(1), Ordering::Relaxed);
    }

    /// When the reader last came round; `None` before its first beat, or once it closed.
    pub fn last_beat(&self) -> Option<Instant> {
        match self.pulse.load(Ordering::Relaxed) {
            0 => None,
            micros => Some(Instant::from_micros(micros)),
        }
    }

    /// Its silences so far.
    pub fn stalls(&self) -> Stalls {
        self.stalls.read()
    }

    /// Somebody who wanted the interpreter's lock while the reader was silent waited for it.
    pub fn note_lock_wait(&self, wait: Duration) {
        self.stalls.note_lock_wait(wait);
    }

    pub(crate) fn note_silence(&self, lag: Duration) {
        self.stalls.note_silence(lag);
    }

    /// The reader is going: nothing more is kept for it, and its silence means nothing.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.pulse.store(0, Ordering::Relaxed);
        *self.lock() = Queue::default();
    }

    /// Whether the reader has gone.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn push(&self, notice: Notice) {
        if self.is_closed() {
            return;
        }
        let mut queue = self.lock();
        match notice {
            Notice::Event(id, event) if queue.events >= self.capacity => {
                let lost = queue.lost.entry(id).or_default();
                if matches!(event, Event::UserEvent { .. }) {
                    lost.user_events += 1;
                } else {
                    lost.changes += 1;
                }
            }
            notice => {
                queue.events += usize::from(matches!(notice, Notice::Event(..)));
                queue.notices.push_back(notice);
            }
        }
    }

    /// Makes the descriptor readable, once for each batch.
    pub(crate) fn signal(&self) {
        let mut queue = self.lock();
        let waits = !queue.notices.is_empty() || !queue.lost.is_empty();
        if !waits || queue.signalled {
            return;
        }
        // A full pipe is readable already.
        queue.signalled = (&self.signal).write(&[1]).is_ok();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn events_among(notices: &[Notice]) -> usize {
    let is_event = |notice: &&Notice| matches!(notice, Notice::Event(..));
    notices.iter().filter(is_event).count()
}

#[cfg(test)]
#[path = "port_tests.rs"]
mod tests;
