#!/usr/bin/env bash
# Runs the tests that need no torch on Python 3.12 and 3.13, where they are present: one process each, at once.
set -euo pipefail
cd "$(dirname "$0")/.."
tests="tests/dataset tests/documents tests/languages tests/manifests tests/registry tests/repository tests/retrieval tests/utils tests/config"

tested() {  # VERSION PYTHON
    venv=".venv-$1"
    stamp="$venv/.stamp"
    if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ] || [ constraints.txt -nt "$stamp" ]; then
        "$2" -m venv "$venv"
        # torch's one small build is for 3.11, so what needs it is left out with it
        "$2" - > "$venv/requirements.txt" <<'EOS'
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
rows = project["dependencies"] + project["optional-dependencies"]["postgresql"] + ["pytest", "pytest-timeout", "hypothesis"]
heavy = ("torch", "transformers", "peft", "accelerate", "matplotlib")
print("\n".join(row for row in rows if not row.startswith(heavy)))
EOS
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            --constraint constraints.txt --requirement "$venv/requirements.txt"
        # both would write this tree's metadata at once
        flock "$logs" "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --editable .
        touch "$stamp"
    fi
    "$venv/bin/python" -m pytest -p no:cacheprovider -m "not slow" $tests
}

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
running=()
for version in 3.12 3.13; do
    python=""
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
        if "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then python=$candidate; break; fi
    done
    if [ -z "$python" ]; then
        echo "Python $version is not here: its tests are left out"
        continue
    fi
    (tested "$version" "$python") > "$logs/$version" 2>&1 &
    running+=("$version:$!")
done
failed=0
for each in ${running[@]+"${running[@]}"}; do
    wait "${each#*:}" || failed=1
    echo "Python ${each%%:*}:"
    cat "$logs/${each%%:*}"
done
exit $failed
