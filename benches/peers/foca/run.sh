#!/usr/bin/env bash
# Cost of a member a period in quiet clusters of 16 to 1,024: our core beside foca, in one
# harness and one run. Prints a table with ratios. Needs cargo alone.
set -euo pipefail
cd "$(dirname "$0")"
cargo run --quiet --release
