//! Whether the interpreter's lock is what keeps a silent event loop from running.
//!
//! A thread that sleeps; only while some loop is silent does it ask for the lock, as any Python
//! thread would, and notes how long that took. A loop that waits for a slow call lets others
//! have the lock; a call into C that never lets go does not.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use pyo3::Python;
use shoal_agent::{Agent, EventPort, PULSE_INTERVAL};

const ROUND: Duration = Duration::from_millis(250);
/// Silence of a loop from which on the lock is asked for.
const SILENCE: Duration = PULSE_INTERVAL.saturating_add(Duration::from_millis(250));
/// A wait that is worth noting: the interpreter hands the lock over every 5 ms where it can.
const LONG_WAIT: Duration = Duration::from_millis(250);

struct Watched {
    process: u32,
    ports: Vec<Weak<EventPort>>,
}

static WATCHED: Mutex<Option<Watched>> = Mutex::new(None);

/// Watches a port from now on; the first one of a process starts the thread.
pub(super) fn watch(agent: &Agent, port: &Arc<EventPort>) -> std::io::Result<()> {
    let process = std::process::id();
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(watched) = watched
        .as_mut()
        .filter(|watched| watched.process == process)
    {
        watched.ports.push(Arc::downgrade(port));
        return Ok(());
    }
    let agent = agent.clone();
    std::thread::Builder::new()
        .name("shoal-lock".into())
        .spawn(move || run(&agent))?;
    let ports = vec![Arc::downgrade(port)];
    *watched = Some(Watched { process, ports });
    Ok(())
}

fn run(agent: &Agent) {
    loop {
        std::thread::sleep(ROUND);
        let silent = silent_ports(agent);
        if silent.is_empty() {
            continue;
        }
        let asked = Instant::now();
        if Python::try_attach(|_| ()).is_none() {
            return;
        }
        let waited = asked.elapsed();
        if waited >= LONG_WAIT {
            silent.iter().for_each(|port| port.note_lock_wait(waited));
        }
    }
}

fn silent_ports(agent: &Agent) -> Vec<Arc<EventPort>> {
    let now = agent.now();
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(watched) = watched.as_mut() else {
        return Vec::new();
    };
    watched
        .ports
        .retain(|port| port.upgrade().is_some_and(|port| !port.is_closed()));
    let is_silent = |port: &Arc<EventPort>| {
        port.last_beat()
            .is_some_and(|beat| now.saturating_since(beat) > SILENCE)
    };
    watched
        .ports
        .iter()
        .filter_map(Weak::upgrade)
        .filter(is_silent)
        .collect()
}
