//! Application events: to every member, once.

use std::sync::Arc;

use super::news::Shout;
use super::Node;
use crate::error::NodeError;
use crate::event::Event;
use crate::gossip::EventKey;
use crate::time::Instant;
use crate::wire::UserEvent;

impl Node {
    /// Spreads an application event to every member, ourselves included; returns its Lamport
    /// time.
    ///
    /// # Errors
    /// [`NodeError::EventTooLarge`], [`NodeError::EventUnnamed`], [`NodeError::HasLeft`];
    /// nothing is sent.
    pub fn broadcast(
        &mut self,
        now: Instant,
        name: &str,
        payload: &[u8],
    ) -> Result<u64, NodeError> {
        self.enter(now);
        let (size, limit) = (name.len() + payload.len(), self.config.limits.event_bytes);
        if size > limit || name.len() > crate::wire::MAX_NAME_BYTES {
            return Err(NodeError::EventTooLarge { size, limit });
        }
        if name.is_empty() {
            return Err(NodeError::EventUnnamed);
        }
        if !self.is_here() {
            return Err(NodeError::HasLeft);
        }
        let lamport = self.event_log.tick();
        let origin = self.instance();
        self.deliver(UserEvent {
            name,
            payload,
            lamport,
            origin,
        });
        Ok(lamport)
    }

    pub(super) fn read_user_event(&mut self, event: &UserEvent<'_>) {
        let size = event.name.len() + event.payload.len();
        if size > self.config.limits.event_bytes {
            self.stats.dropped.over_limit += 1;
        } else if !self.event_log.is_plausible(event.lamport) {
            self.stats.dropped.implausible += 1;
        } else {
            self.deliver(*event);
        }
    }

    /// Hands an event on to the host and to others, unless it was seen before.
    fn deliver(&mut self, event: UserEvent<'_>) {
        let UserEvent {
            lamport, origin, ..
        } = event;
        if self.event_log.has_seen(origin, lamport, event.name) {
            return;
        }
        let name: Arc<str> = Arc::from(event.name);
        let payload: Arc<[u8]> = Arc::from(event.payload);
        self.event_log.witness(EventKey {
            origin,
            lamport,
            name: Arc::clone(&name),
        });
        let from = self.name_of(origin);
        self.shout(Shout {
            name: Arc::clone(&name),
            payload: Arc::clone(&payload),
            lamport,
            origin,
        });
        self.events.push_back(Event::UserEvent {
            from,
            lamport,
            name,
            payload,
        });
    }
}
