//! Core values as plain Python tuples; `distributed.membership` gives them their names.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use shoal_agent::{Figures, Notice, Outcome};
use shoal_core::{Event, Member, MemberState};

/// name, address, instance, incarnation, state, metadata, degraded
pub(crate) type MemberTuple<'py> = (
    String,
    String,
    u64,
    u64,
    &'static str,
    Bound<'py, PyBytes>,
    bool,
);

pub(crate) fn member<'py>(py: Python<'py>, member: &Member) -> MemberTuple<'py> {
    let state = match member.state() {
        MemberState::Alive => "alive",
        MemberState::Suspect => "suspect",
        MemberState::Dead => "dead",
        MemberState::Left => "left",
    };
    (
        member.name().to_owned(),
        member.address().to_string(),
        member.instance(),
        member.incarnation(),
        state,
        PyBytes::new(py, member.meta()),
        member.is_degraded(),
    )
}

/// A notice as a tuple whose first item says what the others are.
pub(crate) fn notice<'py>(py: Python<'py>, notice: &Notice) -> PyResult<Bound<'py, PyAny>> {
    match notice {
        Notice::Event(id, event) => self::event(py, id.0, event),
        Notice::Reply(request, outcome) => reply(py, *request, outcome),
        Notice::JobDeath(id, death) => tuple(
            py,
            ("job_death", id.0, &*death.job, &*death.node, &*death.reason),
        ),
        Notice::Timer(token) => tuple(py, ("timer", *token)),
        Notice::Lost(id, lost) => tuple(py, ("lost", id.0, lost.changes, lost.user_events)),
        Notice::Stopped(id) => tuple(py, ("stopped", id.0)),
    }
}

/// An event of membership `id`; None for one that roles need not know.
pub(crate) fn event<'py>(py: Python<'py>, id: u64, event: &Event) -> PyResult<Bound<'py, PyAny>> {
    if let Event::UserEvent {
        from,
        lamport,
        name,
        payload,
    } = event
    {
        let payload = PyBytes::new(py, payload);
        return tuple(py, ("user_event", id, &**name, payload, *lamport, &**from));
    }
    let Some(subject) = event.member() else {
        return Ok(py.None().into_bound(py));
    };
    let reason = match event {
        Event::Suspected { by, .. } => format!("accused by {by}"),
        Event::Died { reason, .. } => reason.to_string(),
        Event::NameConflict { claimed_from, .. } => format!("also claimed from {claimed_from}"),
        _ => String::new(),
    };
    tuple(py, (event.kind(), id, member(py, subject), reason))
}

fn reply<'py>(py: Python<'py>, request: u64, outcome: &Outcome) -> PyResult<Bound<'py, PyAny>> {
    match outcome {
        Outcome::Joined { seed, .. } => tuple(py, ("reply", request, seed.to_string())),
        Outcome::JoinFailed(failures) => {
            let reasons = PyDict::new(py);
            for (seed, reason) in failures {
                reasons.set_item(seed.to_string(), reason)?;
            }
            tuple(py, ("reply", request, reasons))
        }
        Outcome::Done => tuple(py, ("reply", request, py.None())),
        Outcome::Refused(error) => tuple(py, ("reply", request, error.to_string())),
    }
}

fn tuple<'py, T: IntoPyObject<'py, Error = PyErr>>(
    py: Python<'py>,
    values: T,
) -> PyResult<Bound<'py, PyAny>>
where
    T::Output: pyo3::BoundObject<'py, T::Target>,
{
    use pyo3::BoundObject;
    Ok(values.into_pyobject(py)?.into_any().into_bound())
}

/// Every counter and gauge by name.
pub(crate) fn figures<'py>(py: Python<'py>, figures: &Figures) -> PyResult<Bound<'py, PyDict>> {
    let named = PyDict::new(py);
    let (core, traffic) = (&figures.core, &figures.traffic);
    for (name, value) in [
        ("datagrams_in", core.datagrams_in),
        ("datagrams_out", core.datagrams_out),
        ("bytes_in", core.bytes_in),
        ("bytes_out", core.bytes_out),
        ("stream_messages_in", core.stream_messages_in),
        ("stream_messages_out", core.stream_messages_out),
        ("probes", core.probes),
        ("probes_answered", core.probes_answered),
        ("probes_rescued", core.probes_rescued),
        ("probes_failed", core.probes_failed),
        ("relayed", core.relayed),
        ("suspicions_started", core.suspicions_started),
        ("suspicions_refuted", core.suspicions_refuted),
        ("deaths_declared", core.deaths_declared),
        ("refutations", core.refutations),
        ("stood_down", core.stood_down),
        ("syncs_alike", core.syncs_alike),
        ("syncs_different", core.syncs_different),
        ("sync_rows_out", core.sync_rows_out),
        ("members", core.members),
        ("suspects", core.suspects),
        ("gone", core.gone),
        ("gossip_queue", core.gossip_queue),
        ("health_score", core.health_score),
        ("wheel_timers", core.wheel_timers),
        ("datagrams_sent", traffic.datagrams_sent),
        ("datagrams_refused", traffic.datagrams_refused),
        ("datagrams_not_allowed", traffic.datagrams_not_allowed),
        ("datagrams_unreadable", traffic.datagrams_unreadable),
        ("receive_calls", traffic.receive_calls),
        ("streams_accepted", traffic.streams_accepted),
        ("streams_opened", traffic.streams_opened),
        ("streams_turned_away", traffic.streams_turned_away),
        ("streams_failed", traffic.streams_failed),
        ("streams_open", traffic.streams_open),
        ("timers_late", traffic.timers_late),
    ] {
        named.set_item(name, value)?;
    }
    for (level, slots) in core.wheel_slots.iter().enumerate() {
        named.set_item(format!("wheel_level_{level}_slots"), slots)?;
    }
    for (reason, value) in core.dropped.by_reason() {
        named.set_item(format!("dropped_{reason}"), value)?;
    }
    Ok(named)
}
