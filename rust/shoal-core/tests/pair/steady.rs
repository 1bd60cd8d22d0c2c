//! The quiet hours.

use std::time::Duration;

use shoal_core::{Instant, Node, Transmit};

use crate::net::Net;

/// Runs two nodes for a span; counts what they themselves allocate.
fn allocations(pair: &mut [Node; 2], now: &mut Instant, span: Duration) -> u64 {
    let end = *now + span;
    let mut buffer = Vec::with_capacity(2_048);
    let mut total = 0;
    loop {
        let next = pair
            .iter()
            .filter_map(Node::poll_timeout)
            .min()
            .expect("always busy");
        if next > end {
            return total;
        }
        *now = next.max(*now);
        let at = *now;
        for node in pair.iter_mut() {
            total += allocation_counter::measure(|| node.handle_timeout(at)).count_total;
        }
        for sender in [0, 1, 0, 1] {
            loop {
                let mut sent = None;
                let poll = || sent = pair[sender].poll_transmit(&mut buffer);
                total += allocation_counter::measure(poll).count_total;
                let Some(Transmit::Datagram { .. }) = sent else {
                    break;
                };
                let from = pair[sender].config().advertise;
                let receiver = &mut pair[1 - sender];
                let read = || receiver.handle_datagram(at, from, &mut buffer);
                total += allocation_counter::measure(read).count_total;
            }
        }
    }
}

#[test]
fn a_quiet_cluster_allocates_nothing() {
    let mut net = Net::joined(90, 2, |_| {});
    net.run(Duration::from_secs(120));
    let mut now = net.now;
    let mut take = |index: usize| net.hosts[index].node.take().expect("the host runs");
    let mut pair = [take(0), take(1)];
    allocations(&mut pair, &mut now, Duration::from_secs(120));
    let probes = pair[0].stats().probes;
    assert_eq!(
        allocations(&mut pair, &mut now, Duration::from_secs(600)),
        0
    );
    assert!(pair[0].stats().probes >= probes + 590);
    assert_eq!(pair[0].stats().probes_failed, 0);
}
