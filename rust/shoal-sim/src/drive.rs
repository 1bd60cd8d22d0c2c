//! Time goes by: what arrives reaches its node, and what the node wants is carried on.

use shoal_core::{Instant, Node, Transmit};

use crate::host::{Arrival, Host, Stall};
use crate::sighting::{Kind, Sighting};
use crate::simulation::{Delivery, Simulation};

impl Simulation {
    /// Runs until a moment.
    pub(crate) fn step(&mut self, until: Instant) {
        loop {
            if self.queue.refill() {
                self.look_ahead();
            }
            let Some((at, delivery)) = self.queue.pop(until) else {
                break;
            };
            self.now = at;
            let Delivery {
                host,
                life,
                arrival,
            } = delivery;
            if self.hosts[host as usize].life == life {
                self.arrive(host, arrival);
            }
        }
        self.now = self.now.max(until);
    }

    /// Lets something reach a host at a moment, if the process that is there now still is.
    pub(crate) fn deliver(&mut self, host: u32, at: Instant, arrival: Arrival) {
        let life = self.hosts[host as usize].life;
        let delivery = Delivery {
            host,
            life,
            arrival,
        };
        self.queue.push(at.max(self.now), delivery);
    }

    fn arrive(&mut self, index: u32, arrival: Arrival) {
        let now = self.now;
        match arrival {
            Arrival::Resume => return self.resume(index),
            Arrival::Relapse => return self.relapse(index),
            _ => {}
        }
        let host = &mut self.hosts[index as usize];
        if host.node.is_none() {
            return;
        }
        match (host.stall, &arrival) {
            (None, _) | (Some(Stall::Blocked), Arrival::Wake) => {}
            (Some(_), _) => return host.keep(arrival),
        }
        if let (Arrival::Datagram { .. }, false) = (&arrival, host.work.is_zero()) {
            let at = host.busy_until.max(now) + host.work;
            host.busy_until = at;
            let Arrival::Datagram { from, bytes } = arrival else {
                return;
            };
            return self.deliver(index, at, Arrival::Read { from, bytes });
        }
        self.hand_over(index, arrival);
    }

    /// Gives an arrival to the node.
    fn hand_over(&mut self, index: u32, arrival: Arrival) {
        let Self {
            hosts, trace, now, ..
        } = self;
        let host = &mut hosts[index as usize];
        let local = host.local(*now);
        let Host { node, streams, .. } = host;
        let Some(node) = node else { return };
        match arrival {
            Arrival::Datagram { from, mut bytes } | Arrival::Read { from, mut bytes } => {
                trace.note(*now, index, "datagram", &bytes);
                node.handle_datagram(local, from, &mut bytes);
                self.spare.push(bytes);
            }
            Arrival::Message { stream, mut bytes } => {
                trace.note(*now, index, "message", &bytes);
                node.handle_stream_message(local, stream, &mut bytes);
            }
            Arrival::Closed { stream } => {
                trace.note(*now, index, "closed", &[]);
                streams.remove(&stream);
                node.handle_stream_closed(local, stream);
            }
            Arrival::Failed { stream, reason } => {
                trace.note(*now, index, "failed", &[]);
                streams.remove(&stream);
                node.handle_stream_failed(local, stream, reason);
            }
            Arrival::Wake => {
                host.wakes_at = None;
                if node.poll_timeout().is_none_or(|due| due > local) {
                    return self.ask_for_wake(index);
                }
                trace.note(*now, index, "timeout", &[]);
                node.handle_timeout(local);
            }
            Arrival::Resume | Arrival::Relapse => {}
        }
        self.drain(index);
    }

    /// The end of a stall: what arrived meanwhile is read, what was to be sent is sent.
    fn resume(&mut self, index: u32) {
        let host = &mut self.hosts[index as usize];
        if host.stall.is_none() || self.now < host.stalled_until {
            return;
        }
        host.stall = None;
        host.inbox_bytes = 0;
        let (inbox, outbox) = (
            core::mem::take(&mut host.inbox),
            core::mem::take(&mut host.outbox),
        );
        if let Some(again) = host.intermittent {
            if self.now + again.running < again.until {
                self.deliver(index, self.now + again.running, Arrival::Relapse);
            }
        }
        for (transmit, bytes) in outbox {
            self.transmit(index, transmit, &bytes);
        }
        // What came in is read before the timers run, as every host of a node should.
        let (wakes, messages): (Vec<_>, Vec<_>) = inbox
            .into_iter()
            .partition(|arrival| matches!(arrival, Arrival::Wake));
        for arrival in messages.into_iter().chain(wakes) {
            self.hand_over(index, arrival);
        }
    }

    /// Drains a node: carries what it sends, notes what it tells, and sees to its waking.
    pub(crate) fn drain(&mut self, index: u32) {
        let mut buffer = core::mem::take(&mut self.buffer);
        loop {
            let host = &mut self.hosts[index as usize];
            let Some(transmit) = host
                .node
                .as_mut()
                .and_then(|n| n.poll_transmit(&mut buffer))
            else {
                break;
            };
            if host.stall.is_some() {
                host.outbox.push((transmit, buffer.clone()));
            } else {
                self.transmit(index, transmit, &buffer);
            }
        }
        self.buffer = buffer;
        let Self {
            hosts,
            sightings,
            now,
            note_joins,
            ..
        } = self;
        let host = &mut hosts[index as usize];
        let Some(node) = host.node.as_mut() else {
            return;
        };
        while let Some(event) = node.poll_event() {
            if let Some(sighting) = Sighting::of(*now, index, &event) {
                if *note_joins || sighting.kind != Kind::Joined {
                    sightings.push(sighting);
                }
            }
        }
        self.ask_for_wake(index);
    }

    /// Sees to it that a node is called when it is due.
    fn ask_for_wake(&mut self, index: u32) {
        let host = &mut self.hosts[index as usize];
        let Some(due) = host.node.as_ref().and_then(Node::poll_timeout) else {
            return;
        };
        let due = host.global(due).max(self.now);
        if host.wakes_at.is_none_or(|at| due < at) {
            host.wakes_at = Some(due);
            self.deliver(index, due, Arrival::Wake);
        }
    }

    /// Carries one thing that a node sends.
    fn transmit(&mut self, from: u32, transmit: Transmit, bytes: &[u8]) {
        match transmit {
            Transmit::Datagram { to } => self.send_datagram(from, to, bytes),
            Transmit::OpenStream { to, stream } => self.open_stream(from, to, stream, bytes),
            Transmit::StreamReply { stream } => self.send_on_stream(from, stream, bytes),
            Transmit::CloseStream { stream } => self.close_stream(from, stream),
        }
    }
}
