#!/usr/bin/env bash
# A throw-away PostgreSQL for tests and benchmarks: loopback only, nothing is synced to disk.
#   scripts/postgres.sh install           install the server where it is absent (Debian, as root)
#   scripts/postgres.sh start DIR PORT    make a cluster in DIR, unless there is one, and serve it; user and database: postgres
#   scripts/postgres.sh stop DIR
#   scripts/postgres.sh kill DIR          kill -9 of the server and all its processes
#   scripts/postgres.sh bin               print where the server's programs are, or fail
# The password is that of PGPASSWORD, else "gardener". As root the server runs as the user postgres.
# With POSTGRES_COMMITS=on what is committed outlives kill (of the server, not of the machine).
set -euo pipefail

usage() { sed -n '2,7p' "$0" >&2; exit 2; }

find_bin() {
    local initdb
    initdb=$(command -v initdb || ls -v /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb 2>/dev/null | tail -1)
    [ -n "$initdb" ] || { echo "no PostgreSQL server here: run $0 install, or install it by hand" >&2; return 1; }
    initdb=$(python3 -c 'import os, sys; print(os.path.realpath(sys.argv[1]))' "$initdb")
    dirname "$initdb"
}

as_postgres() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

install_server() {
    find_bin >/dev/null 2>&1 && return
    [ "$(id -u)" = 0 ] || { echo "only root can install PostgreSQL" >&2; exit 1; }
    apt-get update -qq
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -qq -y --no-install-recommends postgresql-common
    # the package would start a server of its own
    echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf
    apt-get install -qq -y --no-install-recommends postgresql
}

start() {
    local dir=$1 port=$2 bin
    bin=$(find_bin)
    mkdir -p "$dir"
    cd "$dir"
    if [ ! -e data/PG_VERSION ]; then
        (umask 077; printf '%s\n' "${PGPASSWORD:-gardener}" > password)
        if [ "$(id -u)" = 0 ]; then chown postgres . password; fi
        as_postgres "$bin/initdb" --pgdata=data --username=postgres --pwfile=password \
            --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >initdb.log
    fi
    # no Unix socket: its path may be too long, and nobody else is to connect
    as_postgres "$bin/pg_ctl" start --wait --silent --pgdata=data --log=data/server.log --options="\
-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' \
-c fsync=off -c synchronous_commit=${POSTGRES_COMMITS:-off} -c full_page_writes=off"
}

stop() {
    cd "$1"
    as_postgres "$(find_bin)/pg_ctl" stop --wait --silent --mode=immediate --pgdata=data
}

kill_all() {
    local server processes
    server=$(head -1 "$1/data/postmaster.pid")
    kill -STOP "$server"  # it would start anew what serves its clients
    processes="$server $(ps -o pid= --ppid "$server")"
    kill -KILL $processes
    for _ in $(seq 300); do  # while one is there, even as a zombie, no other starts in its folder
        kill -0 $processes 2>/dev/null || return 0
        sleep 0.1
    done
    echo "killed, and still there: $processes" >&2
    return 1
}

case "${1:-}:$#" in
    install:1) install_server ;;
    start:3) start "$2" "$3" ;;
    stop:2) stop "$2" ;;
    kill:2) kill_all "$2" ;;
    bin:1) find_bin ;;
    *) usage ;;
esac
