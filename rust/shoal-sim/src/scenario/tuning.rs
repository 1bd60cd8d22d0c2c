//! The settings of an experiment.

use std::net::SocketAddr;
use std::time::Duration;

use shoal_core::Config;

use crate::simulation::address_of;

/// What all nodes of an experiment have in common.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// A configuration whose name and address mean nothing.
    pub template: Config,
}

impl Tuning {
    /// A profile as it is: [`Config::lan`] and the like.
    pub fn of(profile: fn(&'static str, SocketAddr) -> Config) -> Self {
        Self {
            template: profile("any", address_of(0)),
        }
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
