//! What a configuration must satisfy before a node runs on it.

use core::time::Duration;

use super::Config;
use crate::error::ConfigError;
use crate::wire::{MAX_EVENT_BYTES, MAX_META_BYTES};

/// Checks in the order in which the fields are declared; the first that fails is named.
impl Config {
    /// Whether a node could run on this.
    ///
    /// # Errors
    /// [`ConfigError`] names the field and says why it cannot stand.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_identity()?;
        self.validate_detection()?;
        self.validate_dissemination()?;
        self.validate_limits()
    }

    fn validate_identity(&self) -> Result<(), ConfigError> {
        check(
            (1..=255).contains(&self.name.len()),
            "name",
            "must have 1 to 255 bytes",
        )?;
        check(
            !self.advertise.ip().is_unspecified() && self.advertise.port() != 0,
            "advertise",
            "must be an address and port that others can reach",
        )?;
        check(
            self.meta.len() <= self.limits.meta_bytes,
            "meta",
            "is longer than limits.meta_bytes",
        )?;
        check(
            self.limits.meta_bytes <= MAX_META_BYTES,
            "limits.meta_bytes",
            "must be at most 512, which is what the wire carries",
        )?;
        check(
            self.limits.event_bytes <= MAX_EVENT_BYTES,
            "limits.event_bytes",
            "must be at most 1024, which is what the wire carries",
        )?;
        check(
            self.boot_epoch < 1 << 42,
            "boot_epoch",
            "must be below 2^42",
        )?;
        check(
            self.label.len() <= 255,
            "label",
            "must have at most 255 bytes",
        )
    }

    fn validate_detection(&self) -> Result<(), ConfigError> {
        let (probe, suspicion, lifeguard) = (&self.probe, &self.suspicion, &self.lifeguard);
        positive(probe.interval, "probe.interval")?;
        positive(probe.timeout, "probe.timeout")?;
        check(
            probe.timeout < probe.patience,
            "probe.timeout",
            "must be shorter than probe.patience, or relays have no time to answer",
        )?;
        check(probe.indirect <= 16, "probe.indirect", "must be at most 16")?;
        check(
            probe.nack_after > 0.0 && probe.nack_after < 1.0,
            "probe.nack_after",
            "must lie between 0 and 1",
        )?;
        finite_from(
            suspicion.alpha,
            0.1,
            "suspicion.alpha",
            "must be at least 0.1",
        )?;
        check(
            suspicion.second_opinions <= 64,
            "suspicion.second_opinions",
            "must be at most 64",
        )?;
        finite_from(suspicion.beta, 1.0, "suspicion.beta", "must be at least 1")?;
        check(
            lifeguard.max_score <= 32,
            "lifeguard.max_score",
            "must be at most 32",
        )?;
        check(
            lifeguard.lag_recovered <= lifeguard.lag_degraded,
            "lifeguard.lag_recovered",
            "must not exceed lifeguard.lag_degraded",
        )
    }

    fn validate_dissemination(&self) -> Result<(), ConfigError> {
        let (gossip, sync, space) = (&self.gossip, &self.sync, &self.coordinates);
        positive(gossip.interval, "gossip.interval")?;
        check(
            (1..=32).contains(&gossip.fanout),
            "gossip.fanout",
            "must be 1 to 32",
        )?;
        check(
            (1..=64).contains(&gossip.burst),
            "gossip.burst",
            "must be 1 to 64",
        )?;
        check(
            (1..=32).contains(&gossip.retransmit),
            "gossip.retransmit",
            "must be 1 to 32",
        )?;
        let largest = 512 + self.limits.meta_bytes.max(self.limits.event_bytes);
        check(
            gossip.mtu >= largest && gossip.mtu <= 65_507,
            "gossip.mtu",
            "must hold the largest metadata or event and 512 bytes, and be at most 65507",
        )?;
        finite_from(sync.windows, 0.1, "sync.windows", "must be at least 0.1")?;
        positive(sync.min_interval, "sync.min_interval")?;
        check(
            sync.max_interval >= sync.min_interval,
            "sync.max_interval",
            "must be at least sync.min_interval",
        )?;
        positive(sync.timeout, "sync.timeout")?;
        positive(sync.reconnect_interval, "sync.reconnect_interval")?;
        let share = |gain: f64| gain > 0.0 && gain <= 1.0;
        check(
            share(space.error_gain),
            "coordinates.error_gain",
            "must lie between 0 and 1",
        )?;
        check(
            share(space.position_gain),
            "coordinates.position_gain",
            "must lie between 0 and 1",
        )?;
        finite_from(
            space.gravity,
            1e-3,
            "coordinates.gravity",
            "must be at least 0.001",
        )
    }

    fn validate_limits(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        let fields = [
            (limits.members, "limits.members"),
            (limits.gossip, "limits.gossip"),
            (limits.seen_events, "limits.seen_events"),
            (limits.relays, "limits.relays"),
            (limits.streams, "limits.streams"),
            (limits.outgoing, "limits.outgoing"),
            (limits.suspicions, "limits.suspicions"),
        ];
        for (value, field) in fields {
            check(value > 0, field, "must be at least 1")?;
        }
        check(
            limits.members < 1 << 24,
            "limits.members",
            "must be below 16777216",
        )?;
        check(
            limits.gone < 1 << 24,
            "limits.gone",
            "must be below 16777216",
        )
    }
}

fn check(holds: bool, field: &'static str, reason: &'static str) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError { field, reason })
    }
}

fn positive(value: Duration, field: &'static str) -> Result<(), ConfigError> {
    check(!value.is_zero(), field, "must be longer than zero")
}

fn finite_from(
    value: f64,
    least: f64,
    field: &'static str,
    reason: &'static str,
) -> Result<(), ConfigError> {
    check(value.is_finite() && value >= least, field, reason)
}
