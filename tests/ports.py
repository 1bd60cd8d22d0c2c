"""Ports for processes that must be told theirs."""

from __future__ import annotations

import random
import socket

#: Below what Linux gives to outgoing connections and to port 0 (`ip_local_port_range`), so that
#: nothing takes the port between its choice and its use.
LOWEST, HIGHEST = 12000, 32000


def free_port() -> int:
    """A loopback port that nothing holds, neither TCP nor UDP."""
    choice = random.SystemRandom()
    while True:
        port = choice.randint(LOWEST, HIGHEST)
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            try:
                stream.bind(("127.0.0.1", port))
                datagrams.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
