#!/usr/bin/env bash
# Our suspicion table beside memberlist's suspicion timer, in the same run; prints both and
# the ratios. Needs cargo, go and python3.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

cd "$here/../../.."
for _ in 1 2 3; do
  cargo bench --quiet -p shoal-core --bench suspicion -- --output-format bencher 'live$' | tee -a "$out/ours"
  (cd "$here" && go test -run '^$' -bench . -benchtime 1s) | tee -a "$out/peer"
done
python3 "$here/table.py" "$out/ours" "$out/peer"
