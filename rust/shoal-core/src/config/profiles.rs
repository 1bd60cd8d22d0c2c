//! The profiles: numbers that fit together.

use core::net::SocketAddr;
use core::time::Duration;

use crate::wire::Keyring;

use super::{Config, Coordinates, Gossip, Lifeguard, Limits, Memory, Probe, Suspicion, Sync};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Config {
    /// Members of one datacenter: round trips well below a hundred milliseconds.
    pub fn lan(name: impl Into<String>, advertise: SocketAddr) -> Self {
        Self {
            name: name.into(),
            advertise,
            boot_epoch: 1,
            meta: Vec::new(),
            label: Vec::new(),
            keyring: Keyring::new(),
            probe: Probe {
                interval: ms(500),
                timeout: ms(500),
                patience: ms(1_000),
                by_distance: true,
                indirect: 3,
                nack_after: 0.8,
                stream_fallback: true,
            },
            // By search in the simulator (docs/performance/detection.md): the probe's second,
            // the floor and the last look are what a process that is stopped for three
            // seconds needs to live to refute.
            suspicion: Suspicion {
                alpha: 2.8,
                floor: ms(2_350),
                beta: 6.0,
                confirmations: 4,
                second_opinions: 5,
                last_look: true,
            },
            lifeguard: Lifeguard {
                aware_probe: true,
                aware_suspicion: true,
                buddy: true,
                pause_clock: true,
                stand_down: true,
                max_score: 8,
                lag_degraded: ms(250),
                lag_recovered: ms(100),
            },
            gossip: Gossip {
                interval: ms(200),
                prompt: true,
                fanout: 3,
                burst: 4,
                retransmit: 4,
                to_the_dead: ms(30_000),
                mtu: 1_400,
            },
            sync: Sync {
                windows: 4.0,
                min_interval: ms(1_000),
                max_interval: ms(60_000),
                timeout: ms(10_000),
                reconnect_interval: ms(10_000),
            },
            memory: Memory {
                retention: ms(3_600_000),
                reclaim: ms(30_000),
            },
            coordinates: Coordinates {
                enabled: true,
                error_gain: 0.25,
                position_gain: 0.25,
                gravity: 40.0,
            },
            limits: Limits::default(),
        }
    }

    /// Members across continents: round trips of hundreds of milliseconds, some loss.
    pub fn wan(name: impl Into<String>, advertise: SocketAddr) -> Self {
        let mut config = Self::lan(name, advertise);
        config.probe.interval = ms(5_000);
        config.probe.timeout = ms(3_000);
        config.probe.patience = ms(5_000);
        config.suspicion.alpha = 6.0;
        config.suspicion.floor = Duration::ZERO;
        config.gossip.interval = ms(500);
        config.gossip.fanout = 4;
        config.gossip.to_the_dead = ms(60_000);
        config.sync.min_interval = ms(3_000);
        config.sync.max_interval = ms(120_000);
        config.sync.timeout = ms(30_000);
        config.sync.reconnect_interval = ms(30_000);
        config.memory.reclaim = ms(60_000);
        config.lifeguard.lag_degraded = ms(1_000);
        config.lifeguard.lag_recovered = ms(400);
        config
    }

    /// Members of one host, over loopback.
    pub fn local(name: impl Into<String>, advertise: SocketAddr) -> Self {
        let mut config = Self::lan(name, advertise);
        config.probe.timeout = ms(200);
        config.probe.indirect = 1;
        config.gossip.interval = ms(100);
        config.gossip.retransmit = 2;
        config.gossip.to_the_dead = ms(15_000);
        config.sync.max_interval = ms(30_000);
        config.sync.timeout = ms(2_000);
        config.sync.reconnect_interval = ms(5_000);
        config.memory.reclaim = ms(15_000);
        config
    }

    /// The constants of hashicorp/memberlist's LAN defaults, for comparison: two
    /// confirmations, nacks at the full probe timeout as nearly as the bound allows.
    pub fn memberlist_lan(name: impl Into<String>, advertise: SocketAddr) -> Self {
        let mut config = Self::lan(name, advertise);
        config.probe.interval = ms(1_000);
        config.suspicion = Suspicion {
            alpha: 4.0,
            floor: Duration::ZERO,
            beta: 6.0,
            confirmations: 2,
            second_opinions: 0,
            last_look: false,
        };
        config.probe.by_distance = false;
        config.lifeguard.pause_clock = false;
        config.lifeguard.stand_down = false;
        config.gossip.burst = 1;
        config.gossip.prompt = false;
        config.probe.nack_after = 0.999;
        config.sync.min_interval = ms(30_000);
        config.sync.max_interval = ms(30_000);
        config
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: 65_536,
            gone: 8_192,
            gossip: 4_096,
            meta_bytes: 512,
            event_bytes: 512,
            seen_events: 1_024,
            relays: 256,
            streams: 4_096,
            outgoing: 4_096,
            suspicions: 8_192,
        }
    }
}
