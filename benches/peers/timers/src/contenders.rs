//! One face over every timer structure, each with a payload of eight bytes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hierarchical_hash_wheel_timer::IdOnlyTimerEntry;
use hierarchical_hash_wheel_timer::wheels::cancellable::QuadWheelWithOverflow;
use shoal_core::Instant;
use shoal_core::wheel::{TimerKey, Wheel};
use tokio::runtime::{Builder, Runtime};
use tokio_util::time::delay_queue::{DelayQueue, Key};

/// Times are milliseconds since the structure was made, later than `now` of it.
pub trait Timers {
    const NAME: &'static str;
    type Key: Copy;

    fn new() -> Self;
    /// Runs `work` where inserting and cancelling are possible.
    fn within(work: impl FnOnce()) {
        work();
    }
    fn insert(&mut self, at: u64, id: u64) -> Self::Key;
    fn cancel(&mut self, key: Self::Key);
    /// The key that the moved timer has now.
    fn reschedule(&mut self, key: Self::Key, at: u64) -> Self::Key;
    /// Fires everything up to `to`, one millisecond after the other; how many fired.
    fn step_to(&mut self, to: u64) -> usize;
    /// Fires everything up to `to` as after a stall; how many fired. `None`: cannot.
    fn jump_to(&mut self, to: u64) -> Option<usize>;
}

pub struct Ours {
    wheel: Wheel<u64>,
    due: Vec<(TimerKey, u64)>,
    now: u64,
}

impl Timers for Ours {
    const NAME: &'static str = "shoal wheel";
    type Key = TimerKey;

    fn new() -> Self {
        Self {
            wheel: Wheel::new(Instant::ZERO),
            due: Vec::new(),
            now: 0,
        }
    }

    fn insert(&mut self, at: u64, id: u64) -> TimerKey {
        self.wheel.insert(Instant::from_millis(at), id)
    }

    fn cancel(&mut self, key: TimerKey) {
        self.wheel.cancel(key);
    }

    fn reschedule(&mut self, key: TimerKey, at: u64) -> TimerKey {
        self.wheel.reschedule(key, Instant::from_millis(at));
        key
    }

    fn step_to(&mut self, to: u64) -> usize {
        let mut fired = 0;
        for now in self.now + 1..=to {
            self.wheel.advance(Instant::from_millis(now), &mut self.due);
            fired += self.due.len();
            self.due.clear();
        }
        self.now = to;
        fired
    }

    fn jump_to(&mut self, to: u64) -> Option<usize> {
        self.wheel.advance(Instant::from_millis(to), &mut self.due);
        let fired = self.due.len();
        self.due.clear();
        self.now = to;
        Some(fired)
    }
}

/// Driven by a paused runtime, since the queue waits on tokio's own timer: stepping it includes
/// moving tokio's clock.
pub struct Delays {
    queue: DelayQueue<u64>,
    origin: tokio::time::Instant,
    now: u64,
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O");
}

impl Delays {
    async fn advance(&mut self, to: u64) -> usize {
        tokio::time::advance(Duration::from_millis(to - self.now)).await;
        self.now = to;
        let mut context = Context::from_waker(Waker::noop());
        let mut fired = 0;
        loop {
            match self.queue.poll_expired(&mut context) {
                Poll::Ready(Some(_)) => fired += 1,
                Poll::Pending if self.is_due() => tokio::task::yield_now().await,
                Poll::Pending | Poll::Ready(None) => return fired,
            }
        }
    }

    /// Whether the queue only waits for tokio's driver to look at the clock again.
    fn is_due(&self) -> bool {
        let next = self.queue.peek().map(|key| self.queue.deadline(&key));
        next.is_some_and(|next| next <= tokio::time::Instant::now())
    }
}

impl Timers for Delays {
    const NAME: &'static str = "tokio-util DelayQueue";
    type Key = Key;

    fn new() -> Self {
        let origin =
            RUNTIME.with(|runtime| runtime.block_on(async { tokio::time::Instant::now() }));
        Self {
            queue: DelayQueue::new(),
            origin,
            now: 0,
        }
    }

    fn within(work: impl FnOnce()) {
        RUNTIME.with(|runtime| runtime.block_on(async { work() }));
    }

    fn insert(&mut self, at: u64, id: u64) -> Key {
        self.queue
            .insert_at(id, self.origin + Duration::from_millis(at))
    }

    fn cancel(&mut self, key: Key) {
        self.queue.remove(&key);
    }

    fn reschedule(&mut self, key: Key, at: u64) -> Key {
        self.queue
            .reset_at(&key, self.origin + Duration::from_millis(at));
        key
    }

    fn step_to(&mut self, to: u64) -> usize {
        RUNTIME.with(|runtime| {
            runtime.block_on(async {
                let mut fired = 0;
                for now in self.now + 1..=to {
                    fired += self.advance(now).await;
                }
                fired
            })
        })
    }

    fn jump_to(&mut self, to: u64) -> Option<usize> {
        Some(RUNTIME.with(|runtime| runtime.block_on(self.advance(to))))
    }
}

/// The crate's cancellable form; it knows delays only, so `at` counts from its own time.
pub struct HashWheel {
    wheel: QuadWheelWithOverflow<IdOnlyTimerEntry<u64>>,
    now: u64,
}

impl Timers for HashWheel {
    const NAME: &'static str = "hierarchical_hash_wheel_timer";
    type Key = u64;

    fn new() -> Self {
        Self {
            wheel: QuadWheelWithOverflow::new(),
            now: 0,
        }
    }

    fn insert(&mut self, at: u64, id: u64) -> u64 {
        let delay = Duration::from_millis(at - self.now);
        let entry = Rc::new(IdOnlyTimerEntry::new(id, delay));
        assert!(
            self.wheel.insert_ref(entry).is_ok(),
            "delays are at least a tick"
        );
        id
    }

    fn cancel(&mut self, key: u64) {
        assert!(self.wheel.cancel(&key).is_ok(), "cancelled once");
    }

    fn reschedule(&mut self, key: u64, at: u64) -> u64 {
        self.cancel(key);
        self.insert(at, key)
    }

    fn step_to(&mut self, to: u64) -> usize {
        let ticks = to - self.now;
        self.now = to;
        (0..ticks).map(|_| self.wheel.tick().len()).sum()
    }

    fn jump_to(&mut self, _: u64) -> Option<usize> {
        None
    }
}

/// Cancelling leaves a mark that is looked up when the timer comes out.
pub struct Heap {
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    cancelled: HashSet<u64>,
    next: u64,
    now: u64,
}

impl Timers for Heap {
    const NAME: &'static str = "std BinaryHeap, lazy cancel";
    type Key = u64;

    fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            cancelled: HashSet::new(),
            next: 0,
            now: 0,
        }
    }

    fn insert(&mut self, at: u64, _: u64) -> u64 {
        self.next += 1;
        self.heap.push(Reverse((at, self.next)));
        self.next
    }

    fn cancel(&mut self, key: u64) {
        self.cancelled.insert(key);
    }

    fn reschedule(&mut self, key: u64, at: u64) -> u64 {
        self.cancel(key);
        self.insert(at, key)
    }

    fn step_to(&mut self, to: u64) -> usize {
        (self.now + 1..=to)
            .map(|now| self.jump_to(now).unwrap_or(0))
            .sum()
    }

    fn jump_to(&mut self, to: u64) -> Option<usize> {
        let mut fired = 0;
        while self.heap.peek().is_some_and(|Reverse((at, _))| *at <= to) {
            let id = self.heap.pop().map(|Reverse((_, id))| id);
            fired += usize::from(id.is_some_and(|id| !self.cancelled.remove(&id)));
        }
        self.now = to;
        Some(fired)
    }
}
