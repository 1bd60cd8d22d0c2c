//! Many members.

use std::time::Duration;

use crate::net::Net;

#[test]
fn two_hundred_join_through_one_seed_at_once_and_agree_soon() {
    let mut net = Net::with_nodes(70, 200, |_| {});
    for index in 1..200 {
        net.join(index, 0);
    }
    assert!(net.run_until(Duration::from_secs(12), Net::is_one_view));
    assert!(net.count("suspected").is_empty());
}

#[test]
fn while_views_agree_no_stream_is_opened() {
    let mut net = Net::joined(71, 50, |_| {});
    net.run(Duration::from_secs(60));
    let before = (net.streams_opened, net.datagrams);
    net.run(Duration::from_secs(60));
    assert_eq!(net.streams_opened, before.0);
    let each = (net.datagrams - before.1) as f64 / 120.0 / 50.0;
    assert!(each < 2.3, "{each} datagrams a member a period");
    assert!(net.running().all(|node| node.stats().gossip_queue == 0));
}

#[test]
#[ignore = "two minutes of processor time"]
fn two_thousand_join_through_one_seed_at_once_and_agree_within_twenty_seconds() {
    let mut net = Net::with_nodes(72, 2_000, |_| {});
    for index in 1..2_000 {
        net.join(index, 0);
    }
    let start = net.now;
    assert!(net.run_until(Duration::from_secs(60), Net::is_one_view));
    let took = net.now - start;
    assert!(took < Duration::from_secs(20), "{took:?}");
}
