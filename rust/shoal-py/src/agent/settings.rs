//! Every setting of the protocol by its Python name, with its unit in the name.

use std::net::SocketAddr;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use shoal_core::Config;

use crate::error::config_error;

/// One field, as Python reads and writes it.
enum Field<'a> {
    Seconds(&'a mut Duration),
    Count(&'a mut usize),
    Count32(&'a mut u32),
    Share(&'a mut f64),
    Switch(&'a mut bool),
}

fn fields(c: &mut Config) -> Vec<(&'static str, Field<'_>)> {
    use Field::{Count, Count32, Seconds, Share, Switch};
    let (probe, suspicion, lifeguard) = (&mut c.probe, &mut c.suspicion, &mut c.lifeguard);
    let (gossip, sync, memory) = (&mut c.gossip, &mut c.sync, &mut c.memory);
    let (space, limits) = (&mut c.coordinates, &mut c.limits);
    vec![
        ("probe.interval_seconds", Seconds(&mut probe.interval)),
        ("probe.timeout_seconds", Seconds(&mut probe.timeout)),
        ("probe.patience_seconds", Seconds(&mut probe.patience)),
        ("probe.by_distance", Switch(&mut probe.by_distance)),
        ("probe.indirect", Count(&mut probe.indirect)),
        ("probe.nack_after", Share(&mut probe.nack_after)),
        ("probe.stream_fallback", Switch(&mut probe.stream_fallback)),
        ("suspicion.alpha", Share(&mut suspicion.alpha)),
        ("suspicion.floor_seconds", Seconds(&mut suspicion.floor)),
        ("suspicion.beta", Share(&mut suspicion.beta)),
        (
            "suspicion.confirmations",
            Count32(&mut suspicion.confirmations),
        ),
        (
            "suspicion.second_opinions",
            Count32(&mut suspicion.second_opinions),
        ),
        ("suspicion.last_look", Switch(&mut suspicion.last_look)),
        ("lifeguard.aware_probe", Switch(&mut lifeguard.aware_probe)),
        (
            "lifeguard.aware_suspicion",
            Switch(&mut lifeguard.aware_suspicion),
        ),
        ("lifeguard.buddy", Switch(&mut lifeguard.buddy)),
        ("lifeguard.pause_clock", Switch(&mut lifeguard.pause_clock)),
        ("lifeguard.stand_down", Switch(&mut lifeguard.stand_down)),
        ("lifeguard.max_score", Count32(&mut lifeguard.max_score)),
        (
            "lifeguard.lag_degraded_seconds",
            Seconds(&mut lifeguard.lag_degraded),
        ),
        (
            "lifeguard.lag_recovered_seconds",
            Seconds(&mut lifeguard.lag_recovered),
        ),
        ("gossip.interval_seconds", Seconds(&mut gossip.interval)),
        ("gossip.prompt", Switch(&mut gossip.prompt)),
        ("gossip.fanout", Count(&mut gossip.fanout)),
        ("gossip.burst", Count(&mut gossip.burst)),
        ("gossip.retransmit", Count32(&mut gossip.retransmit)),
        (
            "gossip.to_the_dead_seconds",
            Seconds(&mut gossip.to_the_dead),
        ),
        ("gossip.mtu_bytes", Count(&mut gossip.mtu)),
        ("sync.windows", Share(&mut sync.windows)),
        ("sync.min_interval_seconds", Seconds(&mut sync.min_interval)),
        ("sync.max_interval_seconds", Seconds(&mut sync.max_interval)),
        ("sync.timeout_seconds", Seconds(&mut sync.timeout)),
        (
            "sync.reconnect_interval_seconds",
            Seconds(&mut sync.reconnect_interval),
        ),
        ("memory.retention_seconds", Seconds(&mut memory.retention)),
        ("memory.reclaim_seconds", Seconds(&mut memory.reclaim)),
        ("coordinates.enabled", Switch(&mut space.enabled)),
        ("coordinates.error_gain", Share(&mut space.error_gain)),
        ("coordinates.position_gain", Share(&mut space.position_gain)),
        ("coordinates.gravity_seconds", Share(&mut space.gravity)),
        ("limits.members", Count(&mut limits.members)),
        ("limits.gone", Count(&mut limits.gone)),
        ("limits.gossip", Count(&mut limits.gossip)),
        ("limits.meta_bytes", Count(&mut limits.meta_bytes)),
        ("limits.event_bytes", Count(&mut limits.event_bytes)),
        ("limits.seen_events", Count(&mut limits.seen_events)),
        ("limits.relays", Count(&mut limits.relays)),
        ("limits.streams", Count(&mut limits.streams)),
        ("limits.outgoing", Count(&mut limits.outgoing)),
        ("limits.suspicions", Count(&mut limits.suspicions)),
    ]
}

/// The named profile, for a member called `name`.
pub(crate) fn profile(py: Python<'_>, profile: &str, name: &str) -> PyResult<Config> {
    // The address is filled in once the sockets are bound.
    let unbound = SocketAddr::from(([127, 0, 0, 1], 1));
    match profile {
        "lan" => Ok(Config::lan(name, unbound)),
        "wan" => Ok(Config::wan(name, unbound)),
        "local" => Ok(Config::local(name, unbound)),
        "memberlist_lan" => Ok(Config::memberlist_lan(name, unbound)),
        other => {
            let reason = format!("{other:?} is none of lan, wan, local, memberlist_lan");
            Err(config_error(py, "profile", &reason))
        }
    }
}

/// Sets what `overrides` names.
pub(crate) fn apply(
    py: Python<'_>,
    config: &mut Config,
    overrides: &Bound<'_, PyDict>,
) -> PyResult<()> {
    let mut fields = fields(config);
    for (name, value) in overrides {
        let name: String = name.extract()?;
        let Some((_, field)) = fields.iter_mut().find(|(known, _)| *known == name) else {
            return Err(config_error(py, &name, "is not a membership setting"));
        };
        set(field, &value).map_err(|reason| config_error(py, &name, &reason))?;
    }
    Ok(())
}

fn set(field: &mut Field<'_>, value: &Bound<'_, PyAny>) -> Result<(), String> {
    let wrong = |wanted: &str| format!("must be {wanted}, not {value}");
    match field {
        Field::Seconds(target) => {
            let wanted = "a number of seconds, zero or more";
            let seconds: f64 = value.extract().map_err(|_| wrong(wanted))?;
            **target = Duration::try_from_secs_f64(seconds).map_err(|_| wrong(wanted))?;
        }
        Field::Count(target) => {
            **target = value.extract().map_err(|_| wrong("a whole number"))?;
        }
        Field::Count32(target) => {
            **target = value.extract().map_err(|_| wrong("a whole number"))?;
        }
        Field::Share(target) => **target = value.extract().map_err(|_| wrong("a number"))?,
        Field::Switch(target) => {
            **target = value.extract().map_err(|_| wrong("True or False"))?;
        }
    }
    Ok(())
}

/// Every setting of a profile by name, for documentation and `shoal config`.
#[pyfunction]
#[pyo3(signature = (name))]
pub(crate) fn membership_profile<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyDict>> {
    let mut config = profile(py, name, "nobody")?;
    let listed = PyDict::new(py);
    for (name, field) in fields(&mut config) {
        match field {
            Field::Seconds(value) => listed.set_item(name, value.as_secs_f64())?,
            Field::Count(value) => listed.set_item(name, *value)?,
            Field::Count32(value) => listed.set_item(name, *value)?,
            Field::Share(value) => listed.set_item(name, *value)?,
            Field::Switch(value) => listed.set_item(name, *value)?,
        }
    }
    Ok(listed)
}
