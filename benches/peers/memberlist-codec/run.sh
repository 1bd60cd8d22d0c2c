#!/usr/bin/env bash
# Our codec beside memberlist's, on the same content and in the same run; prints both and
# the ratios. Needs cargo, go and python3.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

cd "$here/../../.."
cargo bench --quiet -p shoal-core --bench codec -- --output-format bencher | tee "$out/ours"
(cd "$here" && go test -run '^$' -bench . -benchtime 1s -count 3) | tee "$out/peer"
python3 "$here/table.py" "$out/ours" "$out/peer"
