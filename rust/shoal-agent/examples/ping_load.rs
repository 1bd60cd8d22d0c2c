//! Pings one member as fast as it answers, 64 in flight, and tells how many it answered.
//!
//! `cargo run --release -p shoal-agent --example ping_load -- ADDRESS INSTANCE SECONDS`
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot be set up fails"
)]

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use shoal_core::wire::{Codec, Keyring, Message, Ping, Session};

const IN_FLIGHT: u32 = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, instance, seconds] = &arguments[..] else {
        panic!("usage: ping_load ADDRESS INSTANCE SECONDS");
    };
    let target: u64 = instance.parse().unwrap();
    let lasting = Duration::from_secs_f64(seconds.parse().unwrap());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let session = Session {
        instance: 1,
        salt: 1,
        label: b"",
    };
    let mut codec = Codec::new(&session, Keyring::new());
    let mut nonce = 0_u32;
    let mut datagram = Vec::new();
    let mut send = |codec: &mut Codec| {
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
        drop(socket.send(&datagram));
    };
    let (started, mut answered, mut lost) = (Instant::now(), 0_u64, 0_u64);
    (0..IN_FLIGHT).for_each(|_| send(&mut codec));
    let mut answer = [0; 2_048];
    while started.elapsed() < lasting {
        match socket.recv(&mut answer) {
            Ok(_) => {
                answered += 1;
                send(&mut codec);
            }
            Err(_) => {
                lost += u64::from(IN_FLIGHT);
                (0..IN_FLIGHT).for_each(|_| send(&mut codec));
            }
        }
    }
    println!(
        "{{\"kind\": \"pinged\", \"answered\": {answered}, \"lost\": {lost}, \"seconds\": {:.3}}}",
        started.elapsed().as_secs_f64()
    );
}
