//! foca 1.0 in the harness, with its LAN numbers and a hand-written codec of seven bytes a
//! member: four of identity, two of incarnation, one of state.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::{Buf, BufMut};
use foca::{
    Codec, Config, Foca, Header, Identity, Member, Message, NoCustomBroadcast, Notification,
    Runtime, State, Timer,
};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::harness::{Net, Peer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(u32);

impl Identity for Id {
    type Addr = u32;

    fn renew(&self) -> Option<Self> {
        None
    }

    fn addr(&self) -> u32 {
        self.0
    }

    fn win_addr_conflict(&self, _: &Self) -> bool {
        false
    }
}

pub struct Compact;

/// A member does not fit any more.
#[derive(Debug)]
pub struct Full;

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no room")
    }
}

impl std::error::Error for Full {}

fn put_message(message: &Message<Id>, buf: &mut impl BufMut) {
    let (code, id, probe) = match message {
        Message::Ping(n) => (0, None, Some(*n)),
        Message::Ack(n) => (1, None, Some(*n)),
        Message::PingReq {
            target,
            probe_number,
        } => (2, Some(*target), Some(*probe_number)),
        Message::IndirectPing {
            origin,
            probe_number,
        } => (3, Some(*origin), Some(*probe_number)),
        Message::IndirectAck {
            target,
            probe_number,
        } => (4, Some(*target), Some(*probe_number)),
        Message::ForwardedAck {
            origin,
            probe_number,
        } => (5, Some(*origin), Some(*probe_number)),
        Message::Announce => (6, None, None),
        Message::Feed => (7, None, None),
        Message::Gossip => (8, None, None),
        Message::Broadcast => (9, None, None),
        Message::TurnUndead => (10, None, None),
    };
    buf.put_u8(code);
    if let Some(Id(id)) = id {
        buf.put_u32(id);
    }
    if let Some(probe) = probe {
        buf.put_u8(probe);
    }
}

fn message(buf: &mut impl Buf) -> Message<Id> {
    match buf.get_u8() {
        0 => Message::Ping(buf.get_u8()),
        1 => Message::Ack(buf.get_u8()),
        2 => Message::PingReq {
            target: Id(buf.get_u32()),
            probe_number: buf.get_u8(),
        },
        3 => Message::IndirectPing {
            origin: Id(buf.get_u32()),
            probe_number: buf.get_u8(),
        },
        4 => Message::IndirectAck {
            target: Id(buf.get_u32()),
            probe_number: buf.get_u8(),
        },
        5 => Message::ForwardedAck {
            origin: Id(buf.get_u32()),
            probe_number: buf.get_u8(),
        },
        6 => Message::Announce,
        7 => Message::Feed,
        8 => Message::Gossip,
        9 => Message::Broadcast,
        _ => Message::TurnUndead,
    }
}

impl Codec<Id> for Compact {
    type Error = Full;

    fn encode_header(&mut self, header: &Header<Id>, mut buf: impl BufMut) -> Result<(), Full> {
        buf.put_u32(header.src.0);
        buf.put_u16(header.src_incarnation);
        buf.put_u32(header.dst.0);
        put_message(&header.message, &mut buf);
        Ok(())
    }

    fn decode_header(&mut self, mut buf: impl Buf) -> Result<Header<Id>, Full> {
        Ok(Header {
            src: Id(buf.get_u32()),
            src_incarnation: buf.get_u16(),
            dst: Id(buf.get_u32()),
            message: message(&mut buf),
        })
    }

    fn encode_member(&mut self, member: &Member<Id>, mut buf: impl BufMut) -> Result<(), Full> {
        if buf.remaining_mut() < 7 {
            return Err(Full);
        }
        buf.put_u32(member.id().0);
        buf.put_u16(member.incarnation());
        buf.put_u8(match member.state() {
            State::Alive => 0,
            State::Suspect => 1,
            State::Down => 2,
        });
        Ok(())
    }

    fn decode_member(&mut self, mut buf: impl Buf) -> Result<Member<Id>, Full> {
        let (id, incarnation) = (Id(buf.get_u32()), buf.get_u16());
        let state = match buf.get_u8() {
            0 => State::Alive,
            1 => State::Suspect,
            _ => State::Down,
        };
        Ok(Member::new(id, incarnation, state))
    }
}

struct OnNet<'a>(&'a mut Net<Timer<Id>>);

impl Runtime<Id> for OnNet<'_> {
    fn notify(&mut self, _: Notification<'_, Id>) {}

    fn send_to(&mut self, to: Id, data: &[u8]) {
        self.0.send(to.0, data);
    }

    fn submit_after(&mut self, event: Timer<Id>, after: Duration) {
        let at = self.0.now + after.as_micros() as u64;
        self.0.wake(self.0.me, at, event);
    }
}

pub struct Theirs {
    foca: Foca<Id, Compact, SmallRng, NoCustomBroadcast>,
}

impl Theirs {
    /// A cluster in which everybody knows everybody, at rest.
    pub fn cluster(count: u32) -> (Vec<Self>, Net<Timer<Id>>) {
        let mut net = Net::new();
        let size = NonZeroU32::new(count).expect("not empty");
        let mut peers: Vec<Self> = (0..count)
            .map(|i| {
                let rng = SmallRng::seed_from_u64(u64::from(i));
                Self {
                    foca: Foca::new(Id(i), Config::new_lan(size), rng, Compact),
                }
            })
            .collect();
        for i in 0..count {
            net.me = i;
            let others = (0..count)
                .filter(|other| *other != i)
                .map(|i| Member::alive(Id(i)));
            let applied = peers[i as usize]
                .foca
                .apply_many(others, false, OnNet(&mut net));
            applied.expect("all are new");
            net.run(&mut peers, 10_000);
        }
        net.run(&mut peers, 120_000_000);
        assert!(
            peers
                .iter()
                .all(|peer| peer.foca.iter_members().count() == count as usize - 1)
        );
        assert!(peers.iter().all(|peer| peer.foca.updates_backlog() == 0));
        (peers, net)
    }
}

impl Peer for Theirs {
    type Timer = Timer<Id>;

    fn datagram(&mut self, _: u32, bytes: &mut [u8], net: &mut Net<Timer<Id>>) {
        self.foca
            .handle_data(bytes, OnNet(net))
            .expect("well formed");
    }

    fn timer(&mut self, timer: Timer<Id>, net: &mut Net<Timer<Id>>) {
        self.foca.handle_timer(timer, OnNet(net)).expect("on time");
    }
}
