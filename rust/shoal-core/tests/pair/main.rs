//! Two or several nodes on a fake network: the conversations, as whole.

mod dissemination;
mod dying;
mod hastening;
mod joining;
mod leaving;
mod lifeguard;
mod limits;
mod net;
mod partitions;
mod peer;
mod random;
mod restarting;
mod scale;
mod steady;
