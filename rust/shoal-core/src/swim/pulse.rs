//! The few numbers of the configuration that every period needs.

use core::time::Duration;

use crate::config::Config;

/// Copies out of [`Config`], which is large and otherwise rests.
#[derive(Debug)]
pub(super) struct Pulse {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) patience: Duration,
    pub(super) by_distance: bool,
    pub(super) mtu: usize,
    pub(super) aware_probe: bool,
    pub(super) coordinates: bool,
    pub(super) stand_down: bool,
}

impl Pulse {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            interval: config.probe.interval,
            timeout: config.probe.timeout,
            patience: config.probe.patience,
            by_distance: config.probe.by_distance && config.coordinates.enabled,
            mtu: config.gossip.mtu,
            aware_probe: config.lifeguard.aware_probe,
            coordinates: config.coordinates.enabled,
            stand_down: config.lifeguard.stand_down,
        }
    }
}
