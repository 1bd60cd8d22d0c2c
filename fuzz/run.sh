#!/usr/bin/env bash
# Every decoder against libFuzzer for SECONDS each: fuzz/run.sh [SECONDS]
#
# Works with the stable toolchain: RUSTC_BOOTSTRAP lets it build the sanitizer's hooks. New
# inputs are kept under fuzz/found; an input that matters goes into fuzz/corpus by
# `cargo fuzz cmin`, where the tests replay it.
set -euo pipefail
seconds=${1:-30}
cd "$(dirname "$0")/.."
command -v cargo-fuzz >/dev/null || cargo install --locked --quiet cargo-fuzz
export RUSTC_BOOTSTRAP=1

for target in messages datagram sealed frame; do
    mkdir -p "fuzz/found/$target"
    echo "== $target, $seconds s"
    cargo fuzz run "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=1024 -print_final_stats=1 2>&1 |
        grep -E 'Done|stat::(number_of_executed|average_exec|peak)|SUMMARY|panicked|ERROR' ||
        { echo "$target: failed; the input is in fuzz/artifacts/$target"; exit 1; }
done
