//! The native I/O thread that runs the core on real sockets.
mod mmsg;
