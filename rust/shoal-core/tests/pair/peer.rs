//! A peer that says whatever it likes, and a node that it says it to.

use std::time::Duration;

use shoal_core::wire::{Codec, Keyring, Message, Record, Session, Suspect, Versions};
use shoal_core::{Config, Instant, Node};

use crate::net::address;

pub(crate) const NOW: Instant = Instant::from_millis(1_000);

/// Says whatever it likes, as this instance.
pub(crate) struct Peer {
    codec: Codec,
    instance: u64,
}

impl Peer {
    pub(crate) fn new(instance: u64) -> Self {
        let session = Session {
            instance,
            salt: 1,
            label: b"",
        };
        Self {
            codec: Codec::new(&session, Keyring::new()),
            instance,
        }
    }

    pub(crate) fn datagram(&mut self, messages: &[Message<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut packer = self.codec.packer(&mut bytes, None, 1_400);
        assert!(messages.iter().all(|message| packer.push(message)));
        self.codec.seal(packer);
        bytes
    }

    /// One datagram with one message.
    pub(crate) fn say<'a>(&mut self, node: &mut Node, message: impl Into<Message<'a>>) {
        let mut bytes = self.datagram(&[message.into()]);
        node.handle_datagram(NOW, address(77), &mut bytes);
    }

    /// Introduces `m1`, `m2` and so on, of the instances of those numbers.
    pub(crate) fn introduce(&mut self, node: &mut Node, count: u64) {
        for instance in 1..=count {
            let name = format!("m{instance}");
            self.say(node, record(&name, instance));
        }
    }

    /// Says that `subject` does not answer.
    pub(crate) fn accuse(&mut self, node: &mut Node, subject: u64, incarnation: u64) {
        let accuser = self.instance;
        self.say(
            node,
            Suspect {
                subject,
                incarnation,
                accuser,
            },
        );
    }
}

pub(crate) fn record(name: &str, instance: u64) -> Record<'_> {
    Record {
        name,
        instance,
        incarnation: 0,
        addr: address(instance as usize % 60_000),
        meta_version: 0,
        meta: b"",
        versions: Versions::OURS,
    }
}

pub(crate) fn node(tune: impl FnOnce(&mut Config)) -> Node {
    let mut config = Config::lan("me", address(1));
    tune(&mut config);
    Node::new(config, 1, NOW).expect("valid")
}

/// Lets a node do what is due until `span` after [`NOW`]; `look` sees it after each time.
pub(crate) fn pass(node: &mut Node, span: Duration, mut look: impl FnMut(&Node)) {
    let mut now = NOW;
    while now < NOW + span {
        now = node
            .poll_timeout()
            .expect("a period is always due")
            .max(now);
        node.handle_timeout(now);
        look(node);
    }
}
