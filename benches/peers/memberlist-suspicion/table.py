"""Prints the least of each row of two bench outputs beside each other."""

import re
import sys
from pathlib import Path

ROWS = [
    ("start, 2 confirmations, stop; none live", "BenchmarkLife/live=0"),
    ("start, 2 confirmations, stop; 100,000 live", "BenchmarkLife/live=100000"),
    ("repeated confirmation; none live", "BenchmarkRepeatedConfirmation"),
]


def ours(text: str, row: str) -> float:
    found = re.findall(rf"{re.escape(row)} \.\.\. bench:\s+([\d,]+) ns/iter", text)
    return min(float(ns.replace(",", "")) for ns in found)


def peer(text: str, row: str) -> float:
    return min(float(ns) for ns in re.findall(rf"{row}(?:-\d+)?\s+\d+\s+([\d.]+) ns/op", text))


def main() -> None:
    mine, theirs = (Path(path).read_text() for path in sys.argv[1:3])
    print("| operation | shoal, ns | memberlist, ns | ratio |\n| --- | --- | --- | --- |")
    for row, name in ROWS:
        a, b = ours(mine, row), peer(theirs, name)
        print(f"| {row} | {a:.0f} | {b:.0f} | {b / a:.1f} |")


main()
