#!/usr/bin/env bash
# The test of the live page in headless Chromium. Where Chromium cannot be had it says loudly what did not run; with CI
# set that is a failure. CHROMIUM names another program.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

[ -n "${CHROMIUM:-}" ] || "$here/setup.sh" page || true
for program in ${CHROMIUM:-chromium chromium-browser google-chrome}; do
    if command -v "$program" >/dev/null 2>&1; then
        export CHROMIUM=$program
        exec cargo test --test page "$@"
    fi
done
echo "*** NOT RUN: the test of the live page (tests/page), for want of Chromium: see above. ***" >&2
[ -z "${CI:-}" ] || exit 1
