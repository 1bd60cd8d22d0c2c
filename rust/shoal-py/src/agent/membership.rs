//! One membership of the process, without names for its tuples: `distributed.membership.Node`
//! is its face.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use shoal_agent::{boot_epoch, random_seed, Handle, JobTimeout, Network, Setup};
use shoal_core::config::Limits;
use shoal_core::suspicion::{Standing, Verdict};
use shoal_core::wire::{Cipher, Key, Keyring, KEY_BYTES};
use shoal_core::{Instant, Node};

use super::guard::{agent, Birthplace};
use super::port::EventPort;
use super::settings;
use crate::convert;
use crate::error::{agent_error, config_error};

#[pyclass(frozen, module = "distributed._native")]
pub(crate) struct Membership {
    handle: Handle,
    born: Birthplace,
}

/// What `Membership` takes by keyword, beside the port.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Options<'py> {
    name: String,
    bind: String,
    advertise: Option<String>,
    towards: Option<String>,
    allow: Vec<String>,
    profile: String,
    overrides: Bound<'py, PyDict>,
    label: Vec<u8>,
    keys: Vec<[u8; KEY_BYTES]>,
    meta: Vec<u8>,
    job_min_seconds: f64,
    job_max_seconds: f64,
}

impl Options<'_> {
    fn setup(self, py: Python<'_>) -> PyResult<Setup> {
        let mut config = settings::profile(py, &self.profile, &self.name)?;
        settings::apply(py, &mut config, &self.overrides)?;
        config.boot_epoch = boot_epoch()?;
        config.label = self.label;
        config.keyring = keyring(py, &self.keys)?;
        config.meta = self.meta;
        let allow: Result<Vec<Network>, String> =
            self.allow.iter().map(|network| network.parse()).collect();
        Ok(Setup {
            bind: address(py, "bind", &self.bind)?,
            advertise: optional(py, "advertise", self.advertise.as_deref())?,
            towards: optional(py, "towards", self.towards.as_deref())?,
            allow: allow.map_err(|reason| config_error(py, "allow", &reason))?,
            config,
            jobs: JobTimeout {
                min: seconds(py, "job_min_seconds", self.job_min_seconds)?,
                max: seconds(py, "job_max_seconds", self.job_max_seconds)?,
                ..JobTimeout::default()
            },
            seed: random_seed(),
        })
    }
}

fn seconds(py: Python<'_>, field: &str, seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| config_error(py, field, "must be a number of seconds, zero or more"))
}

fn address(py: Python<'_>, field: &str, text: &str) -> PyResult<SocketAddr> {
    text.parse().map_err(|_| {
        config_error(
            py,
            field,
            &format!("{text:?} is not an address such as 10.0.0.1:7946"),
        )
    })
}

fn optional(py: Python<'_>, field: &str, text: Option<&str>) -> PyResult<Option<SocketAddr>> {
    text.map(|text| address(py, field, text)).transpose()
}

#[pymethods]
impl Membership {
    #[new]
    fn new(py: Python<'_>, port: &EventPort, options: Options<'_>) -> PyResult<Self> {
        let setup = options.setup(py)?;
        let (agent, events) = (agent(py)?, &port.port);
        let handle = py
            .detach(|| agent.open(setup, events))
            .map_err(|error| agent_error(py, &error))?;
        Ok(Self {
            handle,
            born: Birthplace::here(),
        })
    }

    #[getter]
    fn id(&self) -> u64 {
        self.handle.id().0
    }

    #[getter]
    fn bound(&self) -> String {
        self.handle.bound().to_string()
    }

    #[getter]
    fn advertise(&self) -> String {
        self.handle.advertise().to_string()
    }

    #[getter]
    fn version(&self, py: Python<'_>) -> PyResult<u64> {
        self.born.check(py)?;
        Ok(self.handle.snapshot().version)
    }

    fn members<'py>(&self, py: Python<'py>) -> PyResult<(u64, Bound<'py, PyList>)> {
        self.born.check(py)?;
        let snapshot = self.handle.snapshot();
        let members = snapshot
            .members
            .iter()
            .map(|member| convert::member(py, member));
        Ok((
            snapshot.version,
            PyList::new(py, members.collect::<Vec<_>>())?,
        ))
    }

    fn join(&self, py: Python<'_>, seeds: Vec<String>, request: u64) -> PyResult<()> {
        self.born.check(py)?;
        let mut addresses = Vec::with_capacity(seeds.len());
        for seed in &seeds {
            addresses.push(address(py, "seeds", seed)?);
        }
        self.raise(py, self.handle.join(addresses, request))
    }

    fn leave(&self, py: Python<'_>, request: u64) -> PyResult<()> {
        self.born.check(py)?;
        self.raise(py, self.handle.leave(request))
    }

    fn stop(&self, py: Python<'_>, request: u64) -> PyResult<()> {
        self.born.check(py)?;
        self.raise(py, self.handle.stop(request))
    }

    fn update_meta(&self, py: Python<'_>, meta: Vec<u8>) -> PyResult<()> {
        self.born.check(py)?;
        within(py, "meta", meta.len(), self.limits().meta_bytes)?;
        // Its size was the only thing that the core could refuse.
        self.raise(py, self.handle.update_meta(meta))
    }

    fn broadcast(&self, py: Python<'_>, name: String, payload: Vec<u8>) -> PyResult<()> {
        self.born.check(py)?;
        within(
            py,
            "event",
            name.len() + payload.len(),
            self.limits().event_bytes,
        )?;
        // A member that has left says nothing any more, this included.
        let told = self.handle.tell(move |node, now| {
            drop(node.broadcast(now, &name, &payload));
        });
        self.raise(py, told)
    }

    fn probe_now(&self, py: Python<'_>, name: String) -> PyResult<()> {
        self.born.check(py)?;
        let probed = self.ask(py, move |node, now| node.probe_now(now, &name))?;
        self.raise(py, probed.map_err(Into::into))
    }

    fn rtt(&self, py: Python<'_>, a: String, b: String) -> PyResult<Option<(f64, f64)>> {
        self.born.check(py)?;
        let found = self.ask(py, move |node, _| node.rtt(&a, &b))?;
        Ok(found.map(|(rtt, error)| (rtt.as_secs_f64(), error.as_secs_f64())))
    }

    fn rtts(&self, py: Python<'_>, origin: String) -> PyResult<HashMap<String, f64>> {
        self.ask(py, move |node, _| {
            let names: Vec<_> = node
                .members()
                .map(|member| member.name().to_owned())
                .collect();
            let estimate = |name: &str| node.rtt(&origin, name).map(|(rtt, _)| rtt.as_secs_f64());
            let known = names
                .iter()
                .filter_map(|name| Some((name.to_string(), estimate(name)?)));
            known.collect()
        })
    }

    fn reach(
        &self,
        py: Python<'_>,
        address: &str,
        instance: u64,
        timeout_seconds: f64,
    ) -> PyResult<(Option<f64>, String, Option<f64>, String)> {
        self.born.check(py)?;
        let to = self::address(py, "address", address)?;
        let patience = seconds(py, "timeout_seconds", timeout_seconds)?;
        let reached = py.detach(|| self.handle.reach(to, instance, patience));
        let reach = self.raise(py, reached)?;
        let (udp, udp_error) = leg(reach.udp);
        let (tcp, tcp_error) = leg(reach.tcp);
        Ok((udp, udp_error, tcp, tcp_error))
    }

    fn suspect_for_job(&self, py: Python<'_>, job: &str, node: &str) -> PyResult<bool> {
        self.born.check(py)?;
        let verdict = self.raise(py, self.handle.suspect_for_job(job, node))?;
        Ok(matches!(verdict, Verdict::Opened | Verdict::Reopened))
    }

    fn confirm_for_job(
        &self,
        py: Python<'_>,
        job: &str,
        node: &str,
        confirmer: &str,
    ) -> PyResult<bool> {
        self.born.check(py)?;
        self.raise(py, self.handle.confirm_for_job(job, node, confirmer))
    }

    fn refute_for_job(&self, py: Python<'_>, job: &str, node: &str) -> PyResult<bool> {
        self.born.check(py)?;
        Ok(self.handle.refute_for_job(job, node))
    }

    fn extend_for_job(
        &self,
        py: Python<'_>,
        job: &str,
        node: &str,
        progress: u64,
        reason: &str,
    ) -> PyResult<bool> {
        self.born.check(py)?;
        self.raise(py, self.handle.extend_for_job(job, node, progress, reason))
    }

    fn end_job(&self, py: Python<'_>, job: &str) -> PyResult<usize> {
        self.born.check(py)?;
        Ok(self.handle.end_job(job))
    }

    fn is_well_for_job(&self, py: Python<'_>, job: &str, node: &str) -> PyResult<bool> {
        self.born.check(py)?;
        Ok(self.handle.standing_for_job(job, node) == Standing::Alive)
    }

    fn figures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.born.check(py)?;
        let asked = py.detach(|| self.handle.figures());
        convert::figures(py, &self.raise(py, asked)?)
    }
}

impl Membership {
    fn limits(&self) -> &Limits {
        self.handle.limits()
    }

    /// Asks the core on the agent's thread, with the GIL released meanwhile.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&mut Node, Instant) -> T + Send + 'static,
    ) -> PyResult<T> {
        self.born.check(py)?;
        let asked = py.detach(|| self.handle.ask(question));
        self.raise(py, asked)
    }

    fn raise<T>(&self, py: Python<'_>, result: Result<T, shoal_agent::AgentError>) -> PyResult<T> {
        result.map_err(|error| agent_error(py, &error))
    }
}

fn leg(outcome: Result<Duration, String>) -> (Option<f64>, String) {
    match outcome {
        Ok(rtt) => (Some(rtt.as_secs_f64()), String::new()),
        Err(reason) => (None, reason),
    }
}

fn keyring(py: Python<'_>, keys: &[[u8; KEY_BYTES]]) -> PyResult<Keyring> {
    let mut keyring = Keyring::new();
    for key in keys {
        let added = keyring.add(Key::new(*key, Cipher::ChaCha20Poly1305));
        added.map_err(|error| config_error(py, "keys", &error.to_string()))?;
    }
    Ok(keyring)
}

fn within(py: Python<'_>, field: &str, size: usize, limit: usize) -> PyResult<()> {
    if size <= limit {
        return Ok(());
    }
    Err(config_error(
        py,
        field,
        &format!("takes {size} bytes, the limit is {limit}"),
    ))
}
