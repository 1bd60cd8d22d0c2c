//! The order of arrivals.

use super::{Queue, AHEAD};
use shoal_core::Instant;

#[test]
fn arrivals_come_in_order_of_time_and_equal_ones_as_they_were_pushed() {
    let mut queue = Queue::new();
    let (mut pushed, mut popped) = (Vec::new(), Vec::new());
    let mut state = 7_u64;
    let mut now = 0;
    for number in 0..5_000_u64 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let at = now + (state >> 33) % 40;
        queue.push(Instant::from_micros(at), number);
        pushed.push((at, number));
        if number % 3 == 0 {
            queue.refill();
            if let Some((at, number)) = queue.pop(Instant::from_micros(now + 20)) {
                now = at.as_micros();
                popped.push((now, number));
            }
        }
    }
    loop {
        queue.refill();
        let Some((at, number)) = queue.pop(Instant::from_micros(u64::MAX)) else {
            break;
        };
        popped.push((at.as_micros(), number));
    }
    pushed.sort_unstable();
    assert_eq!(popped, pushed);
}

#[test]
fn what_is_ahead_is_what_comes_next() {
    let mut queue = Queue::new();
    for number in 0..100_u64 {
        queue.push(Instant::from_micros(1_000 - number), number);
    }
    assert!(queue.refill());
    let mut ahead: Vec<_> = queue.ahead().map(|(_, number)| *number).collect();
    ahead.reverse();
    assert_eq!(ahead.len(), AHEAD);
    let mut came = Vec::new();
    while !queue.refill() {
        came.extend(queue.pop(Instant::from_micros(u64::MAX)).map(|(_, n)| n));
    }
    assert_eq!(came, ahead);
}
