use core::net::{IpAddr, SocketAddr};

use proptest::prelude::*;
use shoal_core::wire::*;

use crate::samples;

#[test]
fn every_message_type_comes_back_as_it_was_11_54() {
    let entries = samples::entries();
    let all = samples::all(&entries);
    let mut out = Vec::new();
    for (_, message) in &all {
        message.encode(&mut out);
    }
    let read: Result<Vec<_>, _> = Messages::new(&out, 0).collect();
    let sent: Vec<_> = all.into_iter().map(|(_, message)| message).collect();
    assert_eq!(read, Ok(sent));
}

prop_compose! {
    fn address()(ip in any::<IpAddr>(), port in 1..=u16::MAX) -> SocketAddr {
        let addr = SocketAddr::new(ip, port);
        if is_reachable(addr) { addr } else { ([10, 0, 0, 1], port).into() }
    }
}

prop_compose! {
    fn coordinates()(
        position in prop::array::uniform8(-MAX_SECONDS..=MAX_SECONDS),
        height in 0.0..=MAX_SECONDS,
        error in 0.0..=MAX_ERROR,
        adjustment in -MAX_SECONDS..=MAX_SECONDS,
    ) -> Coordinates {
        Coordinates { position, height, error, adjustment }
    }
}

fn state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![State::Alive, State::Suspect, State::Dead, State::Left])
}

fn versions() -> impl Strategy<Value = Versions> {
    (1..=255u8, 1..=255u8).prop_map(|(a, b)| Versions {
        min: a.min(b),
        max: a.max(b),
    })
}

#[derive(Clone, Debug)]
struct OwnedRecord {
    name: String,
    numbers: (Instance, Incarnation, u32),
    addr: SocketAddr,
    meta: Vec<u8>,
    versions: Versions,
    state: State,
}

prop_compose! {
    fn owned_record()(
        name in "\\PC{1,60}",
        numbers in any::<(Instance, Incarnation, u32)>(),
        addr in address(),
        meta in prop::collection::vec(any::<u8>(), 0..300),
        versions in versions(),
        state in state(),
    ) -> OwnedRecord {
        OwnedRecord { name, numbers, addr, meta, versions, state }
    }
}

impl OwnedRecord {
    fn borrow(&self) -> Record<'_> {
        let (instance, incarnation, meta_version) = self.numbers;
        let Self {
            name,
            addr,
            meta,
            versions,
            ..
        } = self;
        Record {
            name,
            instance,
            incarnation,
            addr: *addr,
            meta_version,
            meta,
            versions: *versions,
        }
    }
}

fn comes_back(message: &Message<'_>) -> Result<(), TestCaseError> {
    let mut out = Vec::new();
    message.encode(&mut out);
    let read: Vec<_> = Messages::new(&out, 0).collect();
    prop_assert_eq!(read, vec![Ok(*message)]);
    Ok(())
}

proptest! {
    #[test]
    fn a_record_comes_back_whatever_it_holds(owned in owned_record(), nonce: u32, version: u8) {
        let record = owned.borrow();
        comes_back(&record.into())?;
        comes_back(&Join { nonce, record }.into())?;
        comes_back(&Welcome { nonce, version, record }.into())?;
    }

    #[test]
    fn a_probe_comes_back_whatever_it_holds(
        (nonce, target, incarnation) in any::<(u32, Instance, Incarnation)>(),
        coordinates in prop::option::of(coordinates()),
        belief in prop::option::of((state(), any::<Incarnation>())),
        addr in address(),
    ) {
        let belief = belief.map(|(state, incarnation)| Belief { state, incarnation });
        comes_back(&Ping { nonce, target, incarnation, coordinates }.into())?;
        comes_back(&PingReq { nonce, target, addr }.into())?;
        comes_back(&Ack { nonce, incarnation, belief, coordinates }.into())?;
    }

    #[test]
    fn a_rumour_comes_back_whatever_it_holds(
        (subject, incarnation, accuser) in any::<(Instance, Incarnation, Instance)>(),
        (sequence, level, lamport) in any::<(u32, u8, u64)>(),
        name in "\\PC{1,60}",
        payload in prop::collection::vec(any::<u8>(), 0..20_000),
    ) {
        comes_back(&Suspect { subject, incarnation, accuser }.into())?;
        comes_back(&Dead { subject, incarnation, accuser }.into())?;
        comes_back(&Leave { subject, incarnation }.into())?;
        comes_back(&Degraded { subject, incarnation, sequence, level }.into())?;
        let event = UserEvent { name: &name, payload: &payload, lamport, origin: accuser };
        comes_back(&event.into())?;
    }

    #[test]
    fn an_exchange_comes_back_whatever_it_holds(
        owned in prop::collection::vec(owned_record(), 0..20),
        exchange: u32,
        last: bool,
    ) {
        let records: Vec<_> = owned
            .iter()
            .map(|owned| RecordEntry { state: owned.state, record: owned.borrow() })
            .collect();
        let digest: Vec<_> = records
            .iter()
            .map(|RecordEntry { state, record }| DigestEntry {
                instance: record.instance,
                incarnation: record.incarnation,
                state: *state,
                meta_version: record.meta_version,
            })
            .collect();
        let wanted: Vec<_> = digest.iter().map(|entry| entry.instance).collect();
        comes_back(&Digest { exchange, last, entries: Entries::new(&digest) }.into())?;
        comes_back(&DigestRequest { exchange, last, wanted: Entries::new(&wanted) }.into())?;
        comes_back(&Records { exchange, last, entries: Entries::new(&records) }.into())?;
    }

    #[test]
    fn frames_come_back_however_they_are_cut(
        frames in prop::collection::vec(
            (1..=MAX_KIND, 0..=USER_FLAGS, any::<u64>(), prop::collection::vec(any::<u8>(), 0..400)),
            0..20,
        ),
        threshold in prop::option::of(0..300usize),
        piece in 1..1_000usize,
    ) {
        let mut stream = Vec::new();
        for (kind, flags, correlation, payload) in &frames {
            encode_frame(&mut stream, *kind, *flags, *correlation, payload, threshold).unwrap();
        }
        let mut decoder = FrameDecoder::new(400);
        let mut seen = Vec::new();
        for bytes in stream.chunks(piece) {
            decoder
                .feed(bytes, |f| seen.push((f.kind, f.flags, f.correlation, f.payload.to_vec())))
                .unwrap();
        }
        prop_assert_eq!(seen, frames);
        prop_assert_eq!(decoder.buffered(), 0);
    }
}
