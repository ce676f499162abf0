#!/usr/bin/env bash
# The browser in which tests look at the site of a wiki; the tests start and stop it themselves, without a window.
#   scripts/chromium.sh install           install it where it is absent (Debian, as root)
set -euo pipefail
[ "${1:-}" = install ] || { sed -n '2,3p' "$0" >&2; exit 2; }
if command -v chromium || command -v chromium-browser || command -v google-chrome; then exit; fi
[ "$(id -u)" = 0 ] || { echo "only root can install chromium" >&2; exit 1; }
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium
