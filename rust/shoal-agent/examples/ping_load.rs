//! Pings one member as fast as it answers, 64 in flight, and tells how many it answered.
//!
//! `cargo run --release -p shoal-agent --example ping_load -- ADDRESS INSTANCE SECONDS`
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot be set up fails"
)]

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use shoal_core::wire::{Codec, Keyring, Message, Ping, Session};

use mmsg::{Batch, Inbox, Outbox};

/// The agent's own batches: one call for each ping would be what is measured.
#[allow(dead_code, reason = "a load needs less of it than the agent")]
#[path = "../src/mmsg.rs"]
mod mmsg;

const IN_FLIGHT: usize = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, instance, seconds] = &arguments[..] else {
        panic!("usage: ping_load ADDRESS INSTANCE SECONDS");
    };
    let target: u64 = instance.parse().unwrap();
    let lasting = Duration::from_secs_f64(seconds.parse().unwrap());
    let server: SocketAddr = address.parse().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let patience = Duration::from_millis(20);
    let session = Session {
        instance: 1,
        salt: 1,
        label: b"",
    };
    let mut codec = Codec::new(&session, Keyring::new());
    let (mut inbox, mut outbox) = (Inbox::new(), Outbox::default());
    let mut nonce = 0_u32;
    let mut datagram = Vec::new();
    let mut send = |count: usize| {
        for _ in 0..count {
            nonce = nonce.wrapping_add(1);
            datagram.clear();
            let mut packer = codec.datagram(&mut datagram, Some(target));
            packer.push(&Message::Ping(Ping {
                nonce,
                target,
                incarnation: 0,
                coordinates: None,
            }));
            codec.seal(packer);
            outbox.push(server, &datagram);
        }
        outbox.send(&socket);
    };
    let (started, mut answered, mut lost) = (Instant::now(), 0_u64, 0_u64);
    let mut heard_at = started;
    send(IN_FLIGHT);
    while started.elapsed() < lasting {
        let came = match inbox.receive(&socket, Batch::Many) {
            Ok(_) => inbox.datagrams().count(),
            Err(_) => 0,
        };
        if came > 0 {
            heard_at = Instant::now();
            answered += came as u64;
            send(came);
        } else if heard_at.elapsed() >= patience {
            lost += IN_FLIGHT as u64;
            send(IN_FLIGHT);
            heard_at = Instant::now();
        }
    }
    println!(
        "{{\"kind\": \"pinged\", \"answered\": {answered}, \"lost\": {lost}, \"seconds\": {:.3}}}",
        started.elapsed().as_secs_f64()
    );
}
