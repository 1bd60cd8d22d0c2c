"""Prints our codec's processor times beside memberlist's, with ratios, from both outputs."""

from __future__ import annotations

import re
import statistics
import sys
from pathlib import Path

OURS = re.compile(r"^test (\S.*?)(?:/(\d+)B)? \.\.\. bench:\s+([\d,]+)")
PEER = re.compile(r"^Benchmark(\w+)/(\S+?)-\d+\s.*?([\d.]+) cpu-ns/op")
ALLOCATIONS = re.compile(r"(\d+) allocs/op")
SIZE = re.compile(r"([\d.]+) B/datagram")

ROWS = [
    ("encode ping", "encode/ping/Plain", "Encode/ping"),
    ("decode ping", "decode/ping/Plain", "Decode/ping"),
    ("encode ping + 8", "encode/ping+8/Plain", "Encode/ping+8"),
    ("decode ping + 8", "decode/ping+8/Plain", "Decode/ping+8"),
    ("encode ping, 8 ready", "encode ready/ping+8/Plain", "EncodeReady/ping+8"),
]


def ours(text: str) -> tuple[dict[str, float], dict[str, int]]:
    """Nanoseconds and datagram bytes by benchmark."""
    times: dict[str, float] = {}
    sizes: dict[str, int] = {}
    for line in text.splitlines():
        if match := OURS.match(line):
            name, size, nanoseconds = match.groups()
            times[name] = float(nanoseconds.replace(",", ""))
            if size:
                sizes[name] = int(size)
    return times, sizes


def peer(text: str) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Nanoseconds of each repeat, and the last line, by benchmark."""
    times: dict[str, list[float]] = {}
    lines: dict[str, str] = {}
    for line in text.splitlines():
        if match := PEER.match(line):
            name = f"{match[1]}/{match[2]}"
            times.setdefault(name, []).append(float(match[3]))
            lines[name] = line
    return times, lines


def main() -> None:
    """Reads the two files named on the command line."""
    times, sizes = ours(Path(sys.argv[1]).read_text())
    peers, lines = peer(Path(sys.argv[2]).read_text())
    print("\n| | Shoal, ns | memberlist, ns (median, least to most) | ratio | allocations |")
    print("| --- | --- | --- | --- | --- |")
    for title, mine, theirs in ROWS:
        repeats = peers[theirs]
        median = statistics.median(repeats)
        allocations = ALLOCATIONS.search(lines[theirs])
        spread = f"{median:.0f} ({min(repeats):.0f} to {max(repeats):.0f})"
        count = allocations[1] if allocations else "?"
        ratio = f"{median / times[mine]:.0f}"
        print(f"| {title} | {times[mine]:.0f} | {spread} | {ratio} | 0 : {count} |")
    size = SIZE.search(lines["Encode/ping+8"])
    if size:
        bytes_ours, bytes_peer = sizes["encode/ping+8/Plain"], float(size[1])
        share = bytes_ours / bytes_peer
        print(f"\nping + 8: {bytes_ours} B, memberlist {bytes_peer:.0f} B: {share:.2f}")
    for way in ("encode", "decode"):
        for cipher in ("ChaCha20Poly1305", "Aes256Gcm"):
            added = times[f"{way}/ping+8/{cipher}"] - times[f"{way}/ping+8/Plain"]
            print(f"{cipher} adds {added:.0f} ns to {way} ping + 8")
    for name, title in (("Seal", "encrypt"), ("Unseal", "decrypt")):
        median = statistics.median(peers[f"{name}/ping+8"])
        print(f"memberlist, AES-256-GCM, {title}: {median:.0f} ns")


if __name__ == "__main__":
    main()
