#!/usr/bin/env bash
# The programs that `make clients` runs against the server: each in an environment of its own, installed once under a cache folder.
#   scripts/clients.sh install       install those that are absent, and print their folder
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${1:-}" = install ] || { sed -n '2,3p' "$0" >&2; exit 2; }
folder="${GARDENER_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/codebase-gardener-tests}/clients"
python="${PYTHON:-$(command -v python3.11 || command -v python3)}"

venv() { # NAME PACKAGE…: an environment with these packages; made anew where others are asked for
    local name=$1 stamp="$folder/$1/.stamp"
    shift
    if [ "$(cat "$stamp" 2>/dev/null)" != "$*" ]; then
        "$python" -m venv --clear "$folder/$name"
        "$folder/$name/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
        echo "$*" > "$stamp"
    fi
}

node() { # PACKAGE…: npm packages; no scripts of theirs are run
    local stamp="$folder/node/.stamp"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$*" ]; then
        command -v node >/dev/null && command -v npm >/dev/null || { echo "node and npm are not here" >&2; exit 1; }
        rm -rf "$folder/node" && mkdir -p "$folder/node"
        echo '{"private": true, "type": "module"}' > "$folder/node/package.json"
        npm install --prefix "$folder/node" --ignore-scripts --no-audit --no-fund --loglevel=error "$@" >&2
        echo "$*" > "$stamp"
    fi
}

venv llm llm==0.36
venv litellm litellm==1.83.0 # 1.82.7 and 1.82.8 were malware
venv aider aider-chat==0.86.2
# its other side, --model hf, needs torch: the versions of this project, any other torch is large
venv lm_eval --constraint constraints.txt "lm_eval[api]==0.4.13" torch transformers peft
node ai@7.0.173 @ai-sdk/openai-compatible@3.0.92
echo "$folder"
