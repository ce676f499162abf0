#!/usr/bin/env bash
# The npm packages that tests use, editors' clients, mermaid's parser and axe: installed once under a cache folder.
#   scripts/node_clients.sh install       install them where they are absent, and print their folder
set -euo pipefail
packages="@continuedev/openai-adapters@1.37.0 mermaid@11.17.2 jsdom@26.1.0 axe-core@4.10.3"
folder="${GARDENER_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/codebase-gardener-tests}/node/${packages//[^A-Za-z0-9.]/-}"
[ "${1:-}" = install ] || { sed -n '2,3p' "$0" >&2; exit 2; }
if [ ! -e "$folder/.stamp" ]; then
    command -v node >/dev/null && command -v npm >/dev/null || { echo "node and npm are not here" >&2; exit 1; }
    mkdir -p "$folder"
    echo '{"private": true, "type": "module"}' > "$folder/package.json"
    # no scripts of theirs are run
    npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error $packages >&2
    touch "$folder/.stamp"
fi
echo "$folder"
