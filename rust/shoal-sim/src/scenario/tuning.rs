//! The settings of an experiment: a profile and what differs from it.

use std::net::SocketAddr;
use std::time::Duration;

use shoal_core::Config;

/// A profile of the core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// [`Config::lan`].
    #[default]
    Lan,
    /// [`Config::wan`].
    Wan,
    /// [`Config::local`].
    Local,
    /// [`Config::memberlist_lan`].
    Memberlist,
}

/// Which parts of Lifeguard run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// LHA-Probe.
    pub aware_probe: bool,
    /// LHA-Suspicion.
    pub aware_suspicion: bool,
    /// The buddy system.
    pub buddy: bool,
}

impl Parts {
    /// Plain SWIM.
    pub const NONE: Self = Self {
        aware_probe: false,
        aware_suspicion: false,
        buddy: false,
    };
    /// All of Lifeguard.
    pub const ALL: Self = Self {
        aware_probe: true,
        aware_suspicion: true,
        buddy: true,
    };
}

/// A profile and what differs from it; `None` keeps the profile's number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tuning {
    /// The profile.
    pub profile: Profile,
    /// Parts of Lifeguard.
    pub parts: Option<Parts>,
    /// The protocol period.
    pub probe_interval: Option<Duration>,
    /// Time allowed for a direct answer.
    pub probe_timeout: Option<Duration>,
    /// Members asked to probe in our stead.
    pub indirect: Option<usize>,
    /// Suspicion: `min = alpha * log10(n + 1) * probe interval`.
    pub alpha: Option<f64>,
    /// Suspicion: `max = beta * min`.
    pub beta: Option<f64>,
    /// Independent confirmations after which the time allowed is `min`.
    pub confirmations: Option<u32>,
    /// Time between rounds of gossip.
    pub gossip_interval: Option<Duration>,
    /// Members told in one round.
    pub fanout: Option<usize>,
    /// `lambda` of the number of sends of an update.
    pub retransmit: Option<u32>,
    /// Highest local health score.
    pub max_score: Option<u32>,
}

fn set<T: Copy>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

impl Tuning {
    /// A profile as it is.
    pub fn of(profile: Profile) -> Self {
        Self {
            profile,
            ..Self::default()
        }
    }

    /// The constants of the Lifeguard paper's section V: alpha 5, beta 6, three confirmations.
    pub fn paper(parts: Parts) -> Self {
        Self {
            parts: Some(parts),
            alpha: Some(5.0),
            beta: Some(6.0),
            confirmations: Some(3),
            ..Self::of(Profile::Memberlist)
        }
    }

    /// The configuration of one node.
    pub fn config(&self, name: String, address: SocketAddr) -> Config {
        let mut config = match self.profile {
            Profile::Lan => Config::lan(name, address),
            Profile::Wan => Config::wan(name, address),
            Profile::Local => Config::local(name, address),
            Profile::Memberlist => Config::memberlist_lan(name, address),
        };
        set(&mut config.probe.interval, self.probe_interval);
        set(&mut config.probe.timeout, self.probe_timeout);
        set(&mut config.probe.indirect, self.indirect);
        set(&mut config.suspicion.alpha, self.alpha);
        set(&mut config.suspicion.beta, self.beta);
        set(&mut config.suspicion.confirmations, self.confirmations);
        set(&mut config.gossip.interval, self.gossip_interval);
        set(&mut config.gossip.fanout, self.fanout);
        set(&mut config.gossip.retransmit, self.retransmit);
        set(&mut config.lifeguard.max_score, self.max_score);
        if let Some(parts) = self.parts {
            config.lifeguard.aware_probe = parts.aware_probe;
            config.lifeguard.aware_suspicion = parts.aware_suspicion;
            config.lifeguard.buddy = parts.buddy;
        }
        config
    }

    /// Time after which news of a cluster of this size are old.
    pub(crate) fn rest(&self, nodes: u32) -> Duration {
        let config = self.config(String::from("any"), crate::simulation::address_of(0));
        let sends = f64::from(config.gossip.retransmit) * (f64::from(nodes) + 1.0).log10().ceil();
        config.gossip.interval.mul_f64(2.0 * sends) + config.probe.interval * 2
    }
}
