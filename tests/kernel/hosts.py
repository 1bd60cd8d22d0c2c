"""Several hosts on one machine: network namespaces joined by a bridge, rules by nftables."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

PREFIX = f"sh{os.getpid() % 10_000}"
SWITCH = f"{PREFIX}-switch"
NETWORK = "10.77.0"


def call(*command: str, given: str | None = None) -> None:
    """Run a command; its complaint is the error."""
    done = subprocess.run(command, input=given, text=True, capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


class Hosts:
    """Hosts with one address each; every one reaches every other until a rule says otherwise."""

    def __init__(self, count: int) -> None:
        self.names = [f"{PREFIX}-h{number}" for number in range(count)]
        self.addresses = [f"{NETWORK}.{number + 1}" for number in range(count)]

    def make(self) -> None:
        call("ip", "netns", "add", SWITCH)
        inside = ("ip", "-n", SWITCH)
        call(*inside, "link", "add", "bridge", "type", "bridge")
        call(*inside, "link", "set", "bridge", "up")
        for number, (name, address) in enumerate(zip(self.names, self.addresses, strict=True)):
            call("ip", "netns", "add", name)
            port = f"port{number}"
            call(*inside, "link", "add", port, "type", "veth", "peer", "name", "eth0")
            call(*inside, "link", "set", "eth0", "netns", name)
            call(*inside, "link", "set", port, "master", "bridge", "up")
            call("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                call("ip", "-n", name, "link", "set", device, "up")

    def remove(self) -> None:
        for name in (*self.names, SWITCH):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def enter(self, host: int) -> list[str]:
        """The words before a command that runs on that host."""
        return ["ip", "netns", "exec", self.names[host]]

    def rules(self, host: int, *rules: str) -> None:
        """Replace the rules for what arrives at a host."""
        lines = [
            "table inet shoal",
            "delete table inet shoal",
            "table inet shoal {",
            "chain arriving {",
            "type filter hook input priority 0; policy accept;",
            'iifname "lo" accept',
            *rules,
            "}",
            "}",
        ]
        call(*self.enter(host), "nft", "-f", "-", given="\n".join(lines) + "\n")

    def lose(self, percent: int) -> None:
        """Drop a share of all that arrives, everywhere."""
        for host in range(len(self.names)):
            self.rules(host, f"numgen random mod 100 < {percent} drop")

    def deafen(self, host: int, to: Sequence[int]) -> None:
        """Let a host hear nothing of some others; they still hear it."""
        sources = ", ".join(self.addresses[other] for other in to)
        self.rules(host, f"ip saddr {{ {sources} }} drop")

    def heal(self) -> None:
        """No rules any more."""
        for host in range(len(self.names)):
            self.rules(host)


@contextmanager
def hosts(count: int) -> Iterator[Hosts]:
    """Hosts for the length of a test; skips where the machine does not permit them."""
    for tool in ("ip", "nft"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    made = Hosts(count)
    try:
        try:
            made.make()
            made.lose(1)
            made.heal()
        except OSError as error:
            pytest.skip(f"network namespaces or nftables are not permitted here: {error}")
        yield made
    finally:
        made.remove()
