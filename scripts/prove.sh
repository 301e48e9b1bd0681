#!/usr/bin/env bash
# The long proofs of delivery, on real Apache Kafka. Brings Toxiproxy for the proof `network`, builds the worker that the
# proof `upgrade` begins with: that of the last commit whose src/ is not this tree's (DATELINE_OLDER names another program).
#
#   scripts/prove.sh [PROOF]     kills, members, upgrade, ...; all without one
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
proof=${1:-}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

last_other_commit() {
    local commit
    while read -r commit; do
        git diff --quiet "$commit" -- src || { echo "$commit" && return; }
    done < <(git log --format=%H -- src)
    echo "prove.sh: no commit of this clone has another src/; \`git fetch --unshallow\` brings the history" >&2
    return 1
}

# Prints the program's path. What it depends on is built already, where the two versions share it: with a test beside it
# the features are those of the tests. The crate itself is built without debug information: Cargo then takes the two for two
# things, and never one's objects for the other's.
build_older() {
    local commit home
    commit=$(last_other_commit) || return 1
    home=$target/older/$commit
    if [ ! -x "$home/dateline" ]; then
        echo "prove.sh: building the worker of $(git log -1 --format='%h (%s)' "$commit")" >&2
        mkdir -p "$home/tree"
        # As new as can be, so that Cargo takes no older build of an older commit for it.
        git archive "$commit" | tar -x -m -C "$home/tree" || return 1
        (cd "$home/tree" && CARGO_TARGET_DIR=$target cargo build --locked --bin dateline --test tidy \
            --config profile.dev.package.dateline.debug=false >&2) || return 1
        cp "$target/debug/dateline" "$home/dateline" || return 1
    fi
    echo "$home/dateline"
}

case $proof in
"" | network*) GOBIN=$PWD/target/toxiproxy go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0 ;;
esac
skip=()
case "${DATELINE_OLDER:-}$proof" in
"" | upgrade*)
    if ! DATELINE_OLDER=$(build_older); then
        echo "*** NOT RUN: the rolling upgrade (proofs/upgrade.rs), for want of an older worker: see above. ***" >&2
        [ -z "${CI:-}" ] && [ -z "$proof" ] || exit 1
        skip=(--skip proofs::upgrade)
    fi
    export DATELINE_OLDER
    ;;
esac
DATELINE_PROVE=1 exec "$here/kafka-suite.sh" "proofs::$proof" "${skip[@]}"
