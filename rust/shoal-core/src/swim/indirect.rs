//! Probing for others, and asking others to.

use core::net::SocketAddr;

use rand_core::Rng;

use super::inbound::Sender;
use super::outgoing::Outgoing;
use super::timers::Rare;
use super::{MemberId, Node};
use crate::event::MemberState;
use crate::wheel::TimerKey;
use crate::wire::{Ack, PingReq};

/// A probe that we make for somebody else.
#[derive(Debug)]
pub(super) struct Relay {
    /// Ours, in the ping.
    nonce: u32,
    /// The requester's, in its request.
    request: u32,
    requester: Sender,
    target: u64,
    timer: TimerKey,
    nacked: bool,
}

impl Node {
    /// A nonce that no open probe or relay has.
    pub(super) fn fresh_nonce(&mut self) -> u32 {
        self.rng.next_u32()
    }

    /// Asks healthy members to probe `target`; returns how many were asked.
    pub(super) fn ask_relays(&mut self, target: MemberId, nonce: u32) -> u32 {
        let wanted = self.config.probe.indirect;
        let mut asked = [MemberId::NONE; 16];
        let mut count = 0;
        for _ in 0..wanted * 4 {
            if count == wanted {
                break;
            }
            let Some(relay) = self.table.random_living(&mut self.rng) else {
                break;
            };
            let row = self.table.row(relay);
            let fit = row.state == MemberState::Alive && !row.degraded;
            if relay == target || !fit || asked[..count].contains(&relay) {
                continue;
            }
            asked[count] = relay;
            count += 1;
            self.send(Outgoing::PingReq {
                relay,
                target,
                nonce,
            });
        }
        count as u32
    }

    /// Probes for a member that asks. Only members may ask, and the answer goes to where the
    /// request came from.
    pub(super) fn relay(&mut self, sender: &Sender, request: &PingReq) {
        if self.table.by_instance(sender.instance).is_none() {
            self.stats.dropped.unasked += 1;
            return;
        }
        if self.relays.len() >= self.config.limits.relays {
            self.stats.dropped.over_limit += 1;
            return;
        }
        let nonce = self.fresh_nonce();
        let patience = self
            .config
            .probe
            .timeout
            .mul_f64(self.config.probe.nack_after);
        let timer = self
            .agenda
            .arm_rare(self.now, self.now + patience, Rare::Relay(nonce));
        self.relays.push(Relay {
            nonce,
            request: request.nonce,
            requester: *sender,
            target: request.target,
            timer,
            nacked: false,
        });
        self.stats.relayed += 1;
        self.send_relayed_ping(request.addr, request.target, nonce);
    }

    fn send_relayed_ping(&mut self, to: SocketAddr, instance: u64, nonce: u32) {
        self.send(Outgoing::RelayedPing {
            to,
            instance,
            nonce,
        });
    }

    /// The target kept silent: first we say so, then we stop waiting.
    pub(super) fn relay_overdue(&mut self, nonce: u32) {
        let Some(index) = self.relays.iter().position(|relay| relay.nonce == nonce) else {
            return;
        };
        if self.relays[index].nacked {
            self.relays.swap_remove(index);
            return;
        }
        let until = self.now + self.config.probe.patience;
        let timer = self.agenda.arm_rare(self.now, until, Rare::Relay(nonce));
        let relay = &mut self.relays[index];
        relay.nacked = true;
        relay.timer = timer;
        let (to, request) = (relay.requester, relay.request);
        self.send(Outgoing::Nack {
            to: to.address,
            instance: to.instance,
            nonce: request,
        });
    }

    /// An ack to no probe of ours: to one that we relay, or to nothing.
    pub(super) fn read_relayed_ack(&mut self, sender: &Sender, ack: &Ack) {
        let open = self
            .relays
            .iter()
            .position(|relay| relay.nonce == ack.nonce && relay.target == sender.instance);
        let Some(index) = open else {
            self.stats.dropped.unasked += 1;
            return;
        };
        let relay = self.relays.swap_remove(index);
        self.agenda.cancel_rare(relay.timer);
        if let Some(id) = self.table.by_instance(sender.instance) {
            self.heard_from(id, ack.incarnation);
        }
        self.send(Outgoing::ForwardedAck {
            to: relay.requester.address,
            instance: relay.requester.instance,
            nonce: relay.request,
            incarnation: ack.incarnation,
        });
    }
}
