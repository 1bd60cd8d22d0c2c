"""Connections, frames, requests and replies: TCP, and the router of messages to handlers."""

from distributed.transport.interface import (
    Connection,
    Context,
    Handlers,
    Identity,
    Listener,
    Pool,
    Reply,
    Service,
    Transport,
)

__all__ = [
    "Connection",
    "Context",
    "Handlers",
    "Identity",
    "Listener",
    "Pool",
    "Reply",
    "Service",
    "Transport",
]
