//! The thread: one poller, one wheel, any number of memberships.

use core::time::Duration;
use std::collections::HashMap;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use mio::{Events, Poll, Token};
use shoal_core::wheel::{TimerKey, Wheel};
use shoal_core::Instant;

use crate::alarm::{coarse, rearm};
use crate::clock::Clock;
use crate::command::{Command, MembershipId, TimerToken};
use crate::exchange::Desk;
use crate::lag::{reader_lag, Lateness, SAMPLE_INTERVAL};
use crate::membership::{Membership, Opened};
use crate::mmsg::Inbox;
use crate::port::{EventPort, Notice};

/// The waker's token; memberships use the ones from their slot's base on.
pub(crate) const WAKER: Token = Token(usize::MAX);
/// Poller tokens of one membership: two sockets and its streams.
pub(crate) const TOKENS: usize = 1 << 20;
const EVENTS: usize = 1_024;
/// Readers are woken at most this often, unless somebody waits for an answer.
const TELL_INTERVAL: Duration = Duration::from_millis(5);
/// Making snapshots takes at most this share of the thread: one part in fifty.
const TELL_SHARE: u32 = 50;

/// What the wheel reminds the agent of.
pub(crate) enum Due {
    Node(usize),
    /// The slot may have gone to another membership by then, hence its name.
    Stream(usize, MembershipId, Opened),
    Jobs(usize),
    Reader(Arc<EventPort>, TimerToken),
    Sample,
    Tell,
}

pub(crate) struct Thread {
    pub(crate) poll: Poll,
    clock: Clock,
    pub(crate) commands: Receiver<Command>,
    pub(crate) woken: Arc<AtomicBool>,
    /// Boxed: a membership takes four kilobytes, and the list grows by copying.
    pub(crate) slots: Vec<Option<Box<Membership>>>,
    pub(crate) by_id: HashMap<MembershipId, usize>,
    pub(crate) wheel: Wheel<Due>,
    pub(crate) timers: HashMap<TimerToken, TimerKey>,
    pub(crate) ports: Vec<Arc<EventPort>>,
    inbox: Inbox,
    desk: Desk,
    lateness: Lateness,
    /// Slots that were touched since they were last settled, each once.
    pub(crate) touched: Vec<usize>,
    /// Slots whose socket holds more than one turn may take.
    unread: Vec<usize>,
    /// Slots with something to tell.
    news: Vec<usize>,
    tell_at: Instant,
    tell_armed: bool,
    pub(crate) sampling: bool,
}

impl Thread {
    pub(crate) fn new(
        poll: Poll,
        clock: Clock,
        commands: Receiver<Command>,
        woken: Arc<AtomicBool>,
    ) -> Self {
        Self {
            poll,
            clock,
            commands,
            woken,
            slots: Vec::new(),
            by_id: HashMap::new(),
            wheel: Wheel::new(clock.now()),
            timers: HashMap::new(),
            ports: Vec::new(),
            inbox: Inbox::new(),
            desk: Desk::default(),
            lateness: Lateness::default(),
            touched: Vec::new(),
            unread: Vec::new(),
            news: Vec::new(),
            tell_at: Instant::ZERO,
            tell_armed: false,
            sampling: false,
        }
    }

    /// Runs until it is told to shut down.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut due = Vec::new();
        loop {
            let deadline = self.wheel.next_deadline();
            if self.wait(&mut events, deadline).is_err() {
                return;
            }
            let now = self.clock.now();
            if let Some(deadline) = deadline {
                self.lateness.note(deadline, now);
            }
            self.report_stall(deadline, now);
            self.serve(&events, now);
            if self.obey(now).is_break() {
                return;
            }
            self.wheel.advance(now, &mut due);
            for (_, due) in due.drain(..) {
                self.fire(due, now);
            }
            self.settle(now);
            self.tell(now);
        }
    }

    fn wait(&mut self, events: &mut Events, deadline: Option<Instant>) -> io::Result<()> {
        let timeout = if self.unread.is_empty() {
            // The poller counts whole milliseconds and must not wake before the deadline.
            deadline.map(|deadline| deadline.saturating_since(self.clock.now()))
        } else {
            Some(Duration::ZERO)
        };
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            other => other,
        }
    }

    /// After a long stall the core hears of it before it judges by what it missed.
    fn report_stall(&mut self, deadline: Option<Instant>, now: Instant) {
        let late = deadline.map_or(Duration::ZERO, |deadline| now.saturating_since(deadline));
        if late >= SAMPLE_INTERVAL {
            for slot in 0..self.slots.len() {
                if let Some(membership) = &mut self.slots[slot] {
                    membership.report_lag(late, now);
                    self.touched.push(slot);
                }
            }
        }
    }

    fn serve(&mut self, events: &Events, now: Instant) {
        for slot in std::mem::take(&mut self.unread) {
            self.ready(slot, 0, now);
        }
        for event in events {
            if event.token() != WAKER {
                let token = event.token().0;
                self.ready(token / TOKENS, token % TOKENS, now);
            }
        }
    }

    fn ready(&mut self, slot: usize, offset: usize, now: Instant) {
        let Some(membership) = self.slots.get_mut(slot).and_then(Option::as_deref_mut) else {
            return;
        };
        let base = slot * TOKENS;
        let registry = self.poll.registry();
        if membership.ready(offset, base, registry, &mut self.inbox, now) {
            self.unread.push(slot);
        }
        self.touched.push(slot);
    }

    fn fire(&mut self, due: Due, now: Instant) {
        match due {
            Due::Node(slot) => {
                if let Some(membership) = self.slots.get_mut(slot).and_then(Option::as_deref_mut) {
                    membership.timer = None;
                    membership.node.handle_timeout(now);
                    self.touched.push(slot);
                }
            }
            Due::Stream(slot, id, opened) => {
                let membership = self.slots.get_mut(slot).and_then(Option::as_deref_mut);
                if let Some(membership) = membership.filter(|membership| membership.id == id) {
                    membership.expire_stream(opened, now);
                    self.touched.push(slot);
                }
            }
            Due::Jobs(slot) => {
                if let Some(membership) = self.slots.get_mut(slot).and_then(Option::as_deref_mut) {
                    membership.jobs_timer = None;
                    membership.jobs_blocked = !membership.judge_jobs(now);
                    self.touched.push(slot);
                }
            }
            Due::Reader(port, token) => {
                self.timers.remove(&token);
                port.push(Notice::Timer(token));
                port.signal();
            }
            Due::Sample => self.sample(now),
            Due::Tell => self.tell_armed = false,
        }
    }

    /// Tells each core how late its host and its reader run, while there is something to say.
    fn sample(&mut self, now: Instant) {
        let (own, late) = (self.lateness.take(), self.lateness.take_late());
        self.ports.retain(|port| !port.is_closed());
        for port in &self.ports {
            port.note_silence(reader_lag(port.last_beat(), now));
        }
        for slot in 0..self.slots.len() {
            let Some(membership) = &mut self.slots[slot] else {
                continue;
            };
            membership.traffic.timers_late += late;
            let lag = own.max(reader_lag(membership.port.last_beat(), now));
            if membership.report_lag(lag, now) {
                self.touched.push(slot);
            }
        }
        self.sampling = !self.ports.is_empty();
        if self.sampling {
            let next = coarse(now + SAMPLE_INTERVAL, now);
            self.wheel.insert(next, Due::Sample);
        }
    }

    /// Sends, collects and re-arms for everything that was touched.
    fn settle(&mut self, now: Instant) {
        self.touched.sort_unstable();
        self.touched.dedup();
        for slot in std::mem::take(&mut self.touched) {
            let Some(membership) = &mut self.slots[slot] else {
                continue;
            };
            membership.transmit(self.poll.registry(), slot * TOKENS, &mut self.desk, now);
            membership.collect();
            let (id, patience) = (membership.id, membership.node.config().sync.timeout);
            for opened in membership.take_opened() {
                let due = Due::Stream(slot, id, opened);
                self.wheel.insert(now + patience, due);
            }
            let wanted = membership.node.poll_timeout();
            let slack = |deadline| coarse(deadline, now);
            let (wheel, timer) = (&mut self.wheel, &mut membership.timer);
            rearm(wheel, timer, wanted, slack, Due::Node(slot));
            let wanted = membership.jobs_deadline(now);
            let timer = &mut membership.jobs_timer;
            rearm(wheel, timer, wanted, |exactly| exactly, Due::Jobs(slot));
            if membership.has_news() {
                self.news.push(slot);
            }
        }
    }

    /// Wakes readers, at most once for each interval unless somebody waits for an answer.
    fn tell(&mut self, now: Instant) {
        if self.news.is_empty() {
            return;
        }
        let slots = &self.slots;
        let urgent = |slot: &usize| slots[*slot].as_ref().is_some_and(|m| m.urgent);
        if now < self.tell_at && !self.news.iter().any(urgent) {
            if !std::mem::replace(&mut self.tell_armed, true) {
                self.wheel.insert(self.tell_at, Due::Tell);
            }
            return;
        }
        self.news.sort_unstable();
        self.news.dedup();
        for slot in self.news.drain(..) {
            if let Some(membership) = &mut self.slots[slot] {
                membership.tell();
            }
        }
        let took = self.clock.now().saturating_since(now);
        self.tell_at = now + TELL_INTERVAL.max(took * TELL_SHARE);
    }
}

/// Also while unwinding: whoever waits for a membership learns that nothing more will come.
impl Drop for Thread {
    fn drop(&mut self) {
        for membership in self.slots.drain(..).flatten() {
            membership.port.push(Notice::Stopped(membership.id));
            membership.port.signal();
        }
    }
}
