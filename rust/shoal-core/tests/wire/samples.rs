//! One message of each type, and lists to borrow from.

use shoal_core::wire::*;

pub(crate) const COORDINATES: Coordinates = Coordinates {
    position: [0.001, -0.002, 0.003, -0.004, 0.005, -0.006, 0.007, -0.008],
    height: 0.000_1,
    error: 0.25,
    adjustment: -0.000_5,
};

pub(crate) const DIGEST: [DigestEntry; 2] = [
    DigestEntry {
        instance: 7,
        incarnation: 300,
        state: State::Alive,
        meta_version: 2,
    },
    DigestEntry {
        instance: 9,
        incarnation: 0,
        state: State::Left,
        meta_version: 0,
    },
];

pub(crate) const WANTED: [Instance; 2] = [7, 9];

pub(crate) const HASHES: [u64; 2] = [u64::MAX, 1];

pub(crate) fn record() -> Record<'static> {
    Record {
        name: "api-1",
        instance: 0x0102_0304_0506_0708,
        incarnation: 300,
        addr: ([10, 0, 0, 7], 7_946).into(),
        meta_version: 2,
        meta: b"role=api",
        versions: Versions { min: 1, max: 3 },
    }
}

pub(crate) fn record_v6() -> Record<'static> {
    Record {
        addr: ([0xfd00, 0, 0, 0, 0, 0, 0, 1], 1).into(),
        name: "\u{fc}",
        ..record()
    }
}

pub(crate) fn entries() -> [RecordEntry<'static>; 2] {
    [
        RecordEntry {
            state: State::Suspect,
            record: record(),
        },
        RecordEntry {
            state: State::Dead,
            record: record_v6(),
        },
    ]
}

/// Every message type at least once, by the name of its golden vector.
pub(crate) fn all<'a>(entries: &'a [RecordEntry<'a>]) -> Vec<(&'static str, Message<'a>)> {
    let mut all = probes();
    all.extend(rumours());
    all.extend(syncs(entries));
    all.extend(joins());
    all
}

fn probes() -> Vec<(&'static str, Message<'static>)> {
    let addr = ([10, 0, 0, 7], 7_946).into();
    let ping = Ping {
        nonce: 1,
        target: 2,
        incarnation: 3,
        coordinates: None,
    };
    let ack = Ack {
        nonce: 1,
        incarnation: 3,
        belief: None,
        coordinates: None,
    };
    let belief = Belief {
        state: State::Suspect,
        incarnation: 1 << 40,
    };
    let coordinates = Some(COORDINATES);
    vec![
        ("ping", ping.into()),
        (
            "ping-coordinates",
            Ping {
                coordinates,
                ..ping
            }
            .into(),
        ),
        (
            "ping-req",
            PingReq {
                nonce: 1,
                target: 2,
                addr,
            }
            .into(),
        ),
        ("ack", ack.into()),
        (
            "ack-belief",
            Ack {
                belief: Some(belief),
                coordinates,
                ..ack
            }
            .into(),
        ),
        ("nack", Nack { nonce: 1 }.into()),
        (
            "stream-ping",
            StreamPing {
                nonce: 1,
                target: 2,
            }
            .into(),
        ),
        ("stream-ack", StreamAck { nonce: 1 }.into()),
    ]
}

fn rumours() -> Vec<(&'static str, Message<'static>)> {
    let (subject, incarnation, accuser) = (2, 3, 4);
    let event = UserEvent {
        name: "deploy",
        payload: b"v7",
        lamport: 128,
        origin: 2,
    };
    vec![
        ("alive", record().into()),
        ("alive-v6", record_v6().into()),
        (
            "suspect",
            Suspect {
                subject,
                incarnation,
                accuser,
            }
            .into(),
        ),
        (
            "dead",
            Dead {
                subject,
                incarnation,
                accuser,
            }
            .into(),
        ),
        (
            "leave",
            Leave {
                subject,
                incarnation,
            }
            .into(),
        ),
        (
            "degraded",
            Degraded {
                subject,
                incarnation,
                sequence: 5,
                level: 2,
            }
            .into(),
        ),
        (
            "coordinate",
            Coordinate {
                instance: 2,
                coordinates: COORDINATES,
            }
            .into(),
        ),
        ("user-event", event.into()),
    ]
}

fn syncs<'a>(entries: &'a [RecordEntry<'a>]) -> Vec<(&'static str, Message<'a>)> {
    let (exchange, last) = (6, true);
    let wanted = Entries::new(&WANTED);
    let hashes = Entries::new(&HASHES);
    vec![
        ("summary", Summary { exchange, hashes }.into()),
        (
            "digest",
            Digest {
                exchange,
                last,
                entries: Entries::new(&DIGEST),
            }
            .into(),
        ),
        (
            "digest-request",
            DigestRequest {
                exchange,
                last: false,
                wanted,
            }
            .into(),
        ),
        (
            "records",
            Records {
                exchange,
                last,
                entries: Entries::new(entries),
            }
            .into(),
        ),
    ]
}

fn joins() -> Vec<(&'static str, Message<'static>)> {
    let versions = Versions { min: 1, max: 2 };
    let conflict = Refusal::NameConflict {
        holder: 7,
        addr: ([10, 0, 0, 7], 7_946).into(),
    };
    let refuse = |refusal| Refuse { nonce: 1, refusal }.into();
    vec![
        ("hello", Hello { nonce: 1, versions }.into()),
        ("hello-reply", HelloReply { nonce: 1, versions }.into()),
        (
            "join",
            Join {
                nonce: 1,
                record: record(),
            }
            .into(),
        ),
        (
            "welcome",
            Welcome {
                nonce: 1,
                version: 1,
                record: record(),
            }
            .into(),
        ),
        ("refuse-version", refuse(Refusal::Version(versions))),
        ("refuse-label", refuse(Refusal::Label(0xdead_beef))),
        ("refuse-name", refuse(conflict)),
        ("refuse-unavailable", refuse(Refusal::Unavailable)),
        ("refuse-other", refuse(Refusal::Other(200))),
    ]
}
