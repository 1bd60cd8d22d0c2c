#!/usr/bin/env bash
# Empty tasks: ours beside Dask distributed, Celery with Redis, and Ray, in turn, in one run.
# Each peer has a virtual environment of its own below build/peers; a peer that cannot be
# installed is left out and said so. Redis is the system's, or Debian's packages unpacked below
# build/peers without being installed. Prints a table with ratios to ours.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
: "${VENV:=.venv}" "${PYTHON:=python3}" "${ROUNDS:=2}"
case $VENV in /*) ours=$VENV ;; *) ours=$root/$VENV ;; esac
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

redis() {
    local folder="$root/build/peers/redis"
    command -v redis-server >/dev/null && return
    if [ ! -x "$folder/bin/redis-server" ]; then
        rm -rf "$folder" && mkdir -p "$folder/bin" || return 1
        (cd "$folder" && apt-get download -qq redis-server redis-tools libatomic1 libjemalloc2 liblzf1 &&
            for package in *.deb; do dpkg -x "$package" . || exit 1; done) || return 1
        printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' \
            "$(echo "$folder"/usr/lib/*-linux-gnu)" "$folder/usr/bin/redis-server" >"$folder/bin/redis-server"
        chmod +x "$folder/bin/redis-server"
    fi
    PATH="$folder/bin:$PATH"
    redis-server --version >/dev/null
}

peer dask distributed || true
peer ray ray || true
if redis; then
    peer celery "celery[redis]" || true
else
    echo "left out: celery needs redis-server" >&2
fi
for _ in $(seq "$ROUNDS"); do
    for ledger in memory sqlite; do
        PYTHONPATH="$root:$here" "$ours/bin/python" shoal_peer.py "$ledger" | tee -a "$out"
    done
    for name in dask ray celery; do
        venv="$root/build/peers/$name"
        [ -x "$venv/bin/python" ] || continue
        "$venv/bin/python" "${name}_peer.py" 2>/dev/null | tee -a "$out" || echo "$name did not finish" >&2
    done
done
"$ours/bin/python" table.py "$out"
