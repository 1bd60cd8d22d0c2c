//! Bindings only: convert, release the GIL, raise by name.
#![allow(missing_docs, reason = "the Python stubs document this surface")]

use pyo3::prelude::*;

mod agent;
mod build;
mod columns;
mod convert;
mod error;
mod expiry;
mod frame;
mod scenarios;
mod sim_node;
mod simulator;
mod sketch;
mod suspicion;
mod wheel;

/// Python's allocator aligns objects to sixteen bytes, whatever a class asks for.
const PYTHON_ALIGNMENT: usize = 16;

/// Fails to compile where a class would be misaligned inside its Python object.
macro_rules! fit_for_python {
    ($($class:ty),+ $(,)?) => {
        $(const _: () = assert!(align_of::<$class>() <= PYTHON_ALIGNMENT);)+
    };
}

fit_for_python!(
    agent::EventPort,
    agent::Membership,
    expiry::SuspicionExpiry,
    frame::FrameDecoder,
    sim_node::CoreNode,
    simulator::Simulator,
    sketch::LatencySketch,
    suspicion::SuspicionTable,
    wheel::TimerWheel,
);

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::agent::{key_fingerprint, membership_profile, EventPort, Membership};
    #[pymodule_export]
    use super::build::{build_profile, compiler_version, version};
    #[pymodule_export]
    use super::expiry::SuspicionExpiry;
    #[pymodule_export]
    use super::frame::{encode_frame, encode_frames, FrameDecoder};
    #[pymodule_export]
    use super::scenarios::{
        simulate_blocked, simulate_boot, simulate_coordinates, simulate_detection,
        simulate_dissemination, simulate_impaired, simulate_quiet, simulate_stopped,
    };
    #[pymodule_export]
    use super::sim_node::CoreNode;
    #[pymodule_export]
    use super::simulator::Simulator;
    #[pymodule_export]
    use super::sketch::LatencySketch;
    #[pymodule_export]
    use super::suspicion::{lifeguard_bounds, SuspicionTable};
    #[pymodule_export]
    use super::wheel::TimerWheel;
}
