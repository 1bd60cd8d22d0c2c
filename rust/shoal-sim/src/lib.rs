//! A deterministic network of core nodes under virtual time.
#![forbid(unsafe_code)]
