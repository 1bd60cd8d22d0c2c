//! The settings of an experiment.

use std::net::SocketAddr;
use std::time::Duration;

use shoal_core::Config;

use crate::simulation::address_of;

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

/// What all nodes of an experiment have in common.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// A configuration whose name and address mean nothing.
    pub template: Config,
}

impl Tuning {
    /// A profile as it is.
    pub fn of(profile: Profile) -> Self {
        let (name, address) = ("any", address_of(0));
        let template = match profile {
            Profile::Lan => Config::lan(name, address),
            Profile::Wan => Config::wan(name, address),
            Profile::Local => Config::local(name, address),
            Profile::Memberlist => Config::memberlist_lan(name, address),
        };
        Self { template }
    }

    /// The constants of the Lifeguard paper's section V: alpha 5, beta 6, three confirmations.
    pub fn paper(parts: Parts) -> Self {
        let Self { mut template } = Self::of(Profile::Memberlist);
        template.suspicion.alpha = 5.0;
        template.suspicion.beta = 6.0;
        template.suspicion.confirmations = 3;
        template.lifeguard.aware_probe = parts.aware_probe;
        template.lifeguard.aware_suspicion = parts.aware_suspicion;
        template.lifeguard.buddy = parts.buddy;
        Self { template }
    }

    /// The configuration of one node.
    pub fn config(&self, name: String, advertise: SocketAddr) -> Config {
        Config {
            name,
            advertise,
            ..self.template.clone()
        }
    }

    /// Time after which news of a cluster of this size are old.
    pub(crate) fn rest(&self, nodes: u32) -> Duration {
        let gossip = &self.template.gossip;
        let sends = f64::from(gossip.retransmit) * (f64::from(nodes) + 1.0).log10().ceil();
        gossip.interval.mul_f64(2.0 * sends) + self.template.probe.interval * 2
    }
}
