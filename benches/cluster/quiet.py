"""A quiet cluster in one process: processor time for each probe, resident memory for each member.

Memory is told in three ways. The whole process counts what a runtime costs before it has a
member; beyond leaves that out for everybody alike; and the native agent without Python is what
memberlist, which is native too, compares with.
"""

from __future__ import annotations

from collections.abc import Sequence

import peers

PEERS = ("shoal", "agent", "memberlist", "kinship", "swimprotocol")
MOST_OF_SWIMPROTOCOL = 30


def run(peer: str, count: int, seconds: float) -> list[peers.Told]:
    """What one cluster at rest told; nothing where it never had one view."""
    if peer == "agent":
        command = [str(peers.example("quiet")), str(count), f"{seconds:.0f}"]
        return peers.only(peers.run(command), "quiet")
    return peers.only(peers.cluster(peer, count, seconds=seconds), "quiet")


def compare(sizes: Sequence[int], seconds: float) -> None:
    """Everybody at every size, then our memory as a share of memberlist's."""
    print(f"\n## quiet cluster, LAN intervals, {seconds:g} s")
    for count in sizes:
        told: dict[str, peers.Told] = {}
        for peer in PEERS:
            if peer == "swimprotocol" and count > MOST_OF_SWIMPROTOCOL:
                continue
            if not (lines := run(peer, count, seconds)):
                print(f"N={count:4d} {peer:13s} never had one view")
                continue
            told[peer] = lines[0]
            print(f"N={count:4d} {peer:13s} {_figures(lines[0], told.get('shoal', lines[0]))}")
        if "memberlist" in told:
            print(f"N={count:4d} memory, of memberlist's: {_shares(told)}")


def _figures(told: peers.Told, ours: peers.Told) -> str:
    cpu, whole, beyond = told["cpu_us_per_probe"], _whole(told), _beyond(told)
    return (
        f"{cpu:8.1f} us a probe ({cpu / ours['cpu_us_per_probe']:5.1f} x ours)"
        f"  KiB a member: whole {whole:6.1f} ({whole / _whole(ours):4.1f} x)"
        f"  beyond {beyond:6.1f} ({beyond / _beyond(ours):4.1f} x)"
        f"  false deaths {told['false_deaths']}"
    )


def _shares(told: dict[str, peers.Told]) -> str:
    theirs = told["memberlist"]
    whole, beyond = _whole(theirs), _beyond(theirs)
    shares = [
        f"{name} {_whole(of) / whole:.2f} whole, {_beyond(of) / beyond:.2f} beyond"
        for name, of in told.items()
        if name != "memberlist"
    ]
    return "; ".join(shares)


def _whole(told: peers.Told) -> float:
    return float(told["rss_bytes_per_member"]) / 1024


def _beyond(told: peers.Told) -> float:
    return float(told["rss_growth_per_member"]) / 1024
