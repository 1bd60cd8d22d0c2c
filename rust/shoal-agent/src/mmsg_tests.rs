//! Datagrams survive the batch calls, in both families and both implementations.

use super::{fallback, Batch, Inbox, Outbox, BATCH};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

fn pair(host: &str) -> Option<(UdpSocket, UdpSocket)> {
    let bind = || UdpSocket::bind((host, 0));
    let (a, b) = (bind().ok()?, bind().ok()?);
    b.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    Some((a, b))
}

fn wait_readable(socket: &UdpSocket) {
    let mut byte = [0; 1];
    socket
        .peek_from(&mut byte)
        .expect("a datagram arrives on loopback");
}

fn exchange(host: &str) {
    let Some((sender, receiver)) = pair(host) else {
        return;
    };
    let destination = receiver.local_addr().unwrap();
    let mut outbox = Outbox::default();
    let total = BATCH + 10;
    for i in 0..total {
        outbox.push(destination, format!("datagram {i}").as_bytes());
    }
    let sent = outbox.send(&sender);
    assert_eq!((sent.datagrams, sent.refused), (total as u64, 0));
    assert!(outbox.is_empty());

    let mut inbox = Inbox::new();
    let mut seen = Vec::new();
    for batch in [Batch::Few, Batch::Many].into_iter().cycle() {
        if seen.len() == total {
            break;
        }
        wait_readable(&receiver);
        inbox.receive(&receiver, batch).unwrap();
        for (source, bytes) in inbox.datagrams() {
            assert_eq!(source, sender.local_addr().unwrap());
            seen.push(String::from_utf8(bytes.to_vec()).unwrap());
        }
    }
    let expected: Vec<_> = (0..total).map(|i| format!("datagram {i}")).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_batch_arrives_whole_and_in_order_over_ipv4() {
    exchange("127.0.0.1");
}

#[test]
fn a_batch_arrives_whole_and_in_order_over_ipv6() {
    exchange("::1");
}

#[test]
fn a_refused_datagram_does_not_hold_up_the_others() {
    let (sender, receiver) = pair("127.0.0.1").unwrap();
    let mut outbox = Outbox::default();
    let good = receiver.local_addr().unwrap();
    let other_family: SocketAddr = "[::1]:9".parse().unwrap();
    outbox.push(good, b"first");
    outbox.push(other_family, b"refused");
    outbox.push(good, b"second");
    let sent = outbox.send(&sender);
    assert_eq!((sent.datagrams, sent.refused), (2, 1));
    assert_eq!(sent.refusal.unwrap().0, other_family);
}

#[test]
fn an_empty_datagram_and_an_oversized_one_are_skipped() {
    let (sender, receiver) = pair("127.0.0.1").unwrap();
    let destination = receiver.local_addr().unwrap();
    sender.send_to(b"", destination).unwrap();
    sender
        .send_to(&vec![7; super::SLOT + 1], destination)
        .unwrap();
    sender.send_to(b"whole", destination).unwrap();
    let mut inbox = Inbox::new();
    let mut seen = Vec::new();
    while seen.is_empty() {
        wait_readable(&receiver);
        inbox.receive(&receiver, Batch::Many).unwrap();
        seen.extend(inbox.datagrams().map(|(_, bytes)| bytes.to_vec()));
    }
    assert_eq!(seen, [b"whole".to_vec()]);
    assert_eq!(inbox.unreadable, 1);
}

#[test]
fn the_fallback_moves_the_same_datagrams() {
    let (sender, receiver) = pair("127.0.0.1").unwrap();
    receiver.set_nonblocking(true).unwrap();
    let destination = receiver.local_addr().unwrap();
    let bytes = b"onetwo";
    let sent = fallback::send(&sender, bytes, &[(destination, 0, 3), (destination, 3, 6)]);
    assert_eq!(sent.unwrap(), 2);
    receiver.set_nonblocking(false).unwrap();
    wait_readable(&receiver);
    receiver.set_nonblocking(true).unwrap();
    let mut inbox = Inbox::new();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        if fallback::receive::<BATCH>(&mut inbox, &receiver).is_ok() {
            seen.extend(inbox.datagrams().map(|(_, bytes)| bytes.to_vec()));
            inbox.arrived.clear();
        }
    }
    assert_eq!(seen, [b"one".to_vec(), b"two".to_vec()]);
}
