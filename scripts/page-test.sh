#!/usr/bin/env bash
# The test of the live page in headless Chromium, with axe for accessibility. Where either cannot be had it says loudly
# what did not run; with CI set that is a failure. CHROMIUM names another program, AXE another axe.min.js.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
axe_version=4.14.1
axe_sum=29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c

# Brings axe.min.js from npm's registry, once.
axe() {
    local folder=${CARGO_TARGET_DIR:-$here/../target}/axe-core-$axe_version
    AXE=$(realpath -m "$folder")/package/axe.min.js
    [ -e "$AXE" ] && return 0
    mkdir -p "$folder"
    npm pack --silent --pack-destination "$folder" "axe-core@$axe_version" >/dev/null &&
        tar -xzf "$folder/axe-core-$axe_version.tgz" -C "$folder" package/axe.min.js &&
        echo "$axe_sum  $AXE" | sha256sum --check --quiet - || { rm -rf "$folder" && return 1; }
}

missing() {
    echo "*** NOT RUN: the test of the live page (tests/page), for want of $1: see above. ***" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
}

[ -n "${CHROMIUM:-}" ] && [ -n "${AXE:-}" ] || "$here/setup.sh" page || true
[ -n "${AXE:-}" ] || axe || missing axe
export AXE
for program in ${CHROMIUM:-chromium chromium-browser google-chrome}; do
    if command -v "$program" >/dev/null 2>&1; then
        export CHROMIUM=$program
        exec cargo test --test page "$@"
    fi
done
missing Chromium
