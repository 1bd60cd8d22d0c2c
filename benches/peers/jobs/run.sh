#!/usr/bin/env bash
# Empty tasks: ours beside Dask distributed, Celery with Redis, and Ray, in turn, in one run.
# Each peer has a virtual environment of its own below build/peers; a peer that cannot be
# installed is left out and said so. Prints a table with ratios to ours.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
: "${VENV:=.venv}" "${PYTHON:=python3}" "${ROUNDS:=2}"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
cd "$here"

peer() { # name, requirements…
    local name=$1 venv="$root/build/peers/$1"
    shift
    if [ ! -x "$venv/bin/python" ]; then
        "$PYTHON" -m venv "$venv"
        "$venv/bin/python" -m pip install -q "$@" || { rm -rf "$venv"; echo "left out: $name" >&2; return 1; }
    fi
}

peer dask distributed || true
peer ray ray || true
command -v redis-server >/dev/null && peer celery "celery[redis]" || echo "left out: celery needs redis-server" >&2
for _ in $(seq "$ROUNDS"); do
    for ledger in memory sqlite; do
        PYTHONPATH="$root:$here" "$root/$VENV/bin/python" shoal_peer.py "$ledger" | tee -a "$out"
    done
    for name in dask ray celery; do
        venv="$root/build/peers/$name"
        [ -x "$venv/bin/python" ] || continue
        "$venv/bin/python" "${name}_peer.py" 2>/dev/null | tee -a "$out" || echo "$name did not finish" >&2
    done
done
"$root/$VENV/bin/python" table.py "$out"
