//! Questions that change nothing.

use core::time::Duration;

use super::{MemberId, Node};
use crate::config::Config;
use crate::coordinates::estimate;
use crate::member::Member;
use crate::stats::{Dropped, Stats};
use crate::wire::{Coordinates, DropReason, Keyring};

impl Node {
    /// Ourselves, as others should see us.
    pub fn local(&self) -> Member {
        self.table.row(MemberId::LOCAL).member()
    }

    /// Our local health multiplier: 1 is healthy, `max_score + 1` the worst.
    pub fn health_multiplier(&self) -> u32 {
        self.health.multiplier()
    }

    /// Every member known, the gone that are remembered included, ourselves first.
    pub fn members(&self) -> impl Iterator<Item = Member> + '_ {
        self.table.iter().map(|id| self.table.row(id).member())
    }

    /// One member by name.
    pub fn member(&self, name: &str) -> Option<Member> {
        self.table
            .by_name(name)
            .map(|id| self.table.row(id).member())
    }

    /// Living members, ourselves included.
    pub fn living(&self) -> usize {
        self.table.living()
    }

    /// A hash of who lives, at which incarnation and with which metadata: two nodes with equal
    /// views have equal hashes.
    pub fn view_hash(&self) -> u64 {
        self.table.root()
    }

    /// Estimated round trip between two members by name, and the bound within which it is
    /// trusted, from their coordinates. `None` while either has none.
    pub fn rtt(&self, a: &str, b: &str) -> Option<(Duration, Duration)> {
        Some(estimate(self.coordinates_of(a)?, self.coordinates_of(b)?))
    }

    /// Where a member lies; `None` while that is not known.
    pub fn coordinates_of(&self, name: &str) -> Option<&Coordinates> {
        let id = self.table.by_name(name)?;
        if id == MemberId::LOCAL {
            return self.config.coordinates.enabled.then(|| self.space.here());
        }
        self.contacts
            .find(self.table.row(id).contact)
            .map(|contact| &contact.coordinates)
    }

    /// Counters and gauges.
    pub fn stats(&self) -> Stats {
        let drops = self.codec.drops();
        let of = |reasons: &[DropReason]| reasons.iter().map(|reason| drops.of(*reason)).sum();
        let dropped = Dropped {
            malformed: of(&[
                DropReason::Malformed,
                DropReason::Oversized,
                DropReason::Checksum,
            ]),
            label: of(&[DropReason::Label]),
            key: of(&[
                DropReason::Encryption,
                DropReason::UnknownKey,
                DropReason::Unauthentic,
            ]),
            version: of(&[DropReason::Version]),
            replayed: of(&[DropReason::Replayed]),
            misdirected: self.stats.dropped.misdirected + drops.of(DropReason::Receiver),
            ..self.stats.dropped
        };
        Stats {
            dropped,
            members: self.table.living() as u64,
            suspects: self.suspicions.len() as u64,
            gone: self.table.gone() as u64,
            gossip_queue: (self.news.len() + self.shouts.len()) as u64,
            streams: self.streams.len() as u64,
            health_score: u64::from(self.health.score()),
            wheel_timers: self.agenda.len() as u64,
            wheel_slots: self.agenda.slots_in_use(),
            ..self.stats
        }
    }

    /// The configuration that runs.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The keys.
    pub fn keyring(&self) -> &Keyring {
        self.codec.keyring()
    }

    /// The keys, to rotate them.
    pub fn keyring_mut(&mut self) -> &mut Keyring {
        self.codec.keyring_mut()
    }
}
