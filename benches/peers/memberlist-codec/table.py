"""Prints our codec's times beside memberlist's, with ratios, from both runs' outputs."""

from __future__ import annotations

import re
import statistics
import sys
from pathlib import Path

OURS = re.compile(r"^test (\S.*?)(?:/(\d+)B)? \.\.\. bench:\s+([\d,]+)")
PEER = re.compile(r"^Benchmark(\w+)/(\S+?)-\d+\s+\d+\s+([\d.]+) ns/op(.*)$")

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
    """Nanoseconds of each repeat, and the rest of the line, by benchmark."""
    times: dict[str, list[float]] = {}
    rest: dict[str, str] = {}
    for line in text.splitlines():
        if match := PEER.match(line):
            name = f"{match[1]}/{match[2]}"
            times.setdefault(name, []).append(float(match[3]))
            rest[name] = match[4]
    return times, rest


def main() -> None:
    """Reads the two files named on the command line."""
    times, sizes = ours(Path(sys.argv[1]).read_text())
    peers, rest = peer(Path(sys.argv[2]).read_text())
    print("\n| | Shoal, ns | memberlist, ns (median, least to most) | ratio | allocations |")
    print("| --- | --- | --- | --- | --- |")
    for title, mine, theirs in ROWS:
        repeats = peers[theirs]
        median = statistics.median(repeats)
        allocations = re.search(r"(\d+) allocs/op", rest[theirs])
        spread = f"{median:.0f} ({min(repeats):.0f} to {max(repeats):.0f})"
        count = allocations[1] if allocations else "?"
        print(f"| {title} | {times[mine]:.0f} | {spread} | {median / times[mine]:.0f} | 0 : {count} |")
    size = re.search(r"([\d.]+) B/datagram", rest["Encode/ping+8"])
    if size:
        mine_bytes, peer_bytes = sizes["encode/ping+8/Plain"], float(size[1])
        print(f"\nping + 8: {mine_bytes} B, memberlist {peer_bytes:.0f} B: {mine_bytes / peer_bytes:.2f}")
    for way in ("encode", "decode"):
        for cipher in ("ChaCha20Poly1305", "Aes256Gcm"):
            added = times[f"{way}/ping+8/{cipher}"] - times[f"{way}/ping+8/Plain"]
            print(f"{cipher} adds {added:.0f} ns to {way} ping + 8")
    for name, title in (("Seal", "encrypt"), ("Unseal", "decrypt")):
        print(f"memberlist, AES-256-GCM, {title}: {statistics.median(peers[name + '/ping+8']):.0f} ns")


if __name__ == "__main__":
    main()
