#!/usr/bin/env bash
# Runs the container image as it is meant to run (not root, read-only, no capabilities) against a real Kafka on this machine,
# and prints its size. Needs Docker and the image: scripts/image-test.sh [IMAGE], default dateline:VERSION.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
image=${1:-dateline:$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)}
port=${PORT:-19464}

if [ -z "${KAFKA_BOOTSTRAP:-}" ]; then
    exec "$here/kafka.sh" with "$here/image-test.sh" "$image"
fi

fail() {
    echo "image-test.sh: $*" >&2
    docker logs "$worker" >&2 || true
    exit 1
}

until_true() { # WHAT COMMAND...
    local what=$1 deadline=$((SECONDS + 60))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || fail "not within a minute: $what"
        sleep 0.5
    done
}

for topic in articles.raw articles.enriched articles.dead; do
    "$here/kafka.sh" tool topics --create --if-not-exists --topic "$topic" --partitions 2 >/dev/null
done
hardened=(--read-only --cap-drop=all --security-opt no-new-privileges --network host)
worker=$(docker run -d "${hardened[@]}" --stop-timeout 30 -e DATELINE__KAFKA__BOOTSTRAP_SERVERS="$KAFKA_BOOTSTRAP" \
    -e DATELINE__ADMIN__LISTEN="127.0.0.1:$port" "$image")
trap 'docker rm -f "$worker" >/dev/null' EXIT

healthy() { docker exec "$worker" /usr/local/bin/dateline health --config /etc/dateline/dateline.toml; }
until_true "it is healthy" healthy 2>/dev/null
docker run --rm "${hardened[@]}" "$image" feed --kafka "$KAFKA_BOOTSTRAP" --rate 50 --for 5s
enriched() { curl -fsS "http://127.0.0.1:$port/metrics" | awk '$1 == "dateline_records_enriched_total" && $2 >= 200 {ok = 1} END {exit !ok}'; }
until_true "200 articles are enriched" enriched
docker top "$worker" -o pid,uid | awk 'NR > 1 && $2 == 0 {root = 1} END {exit root}' || fail "it runs as root"
docker stop "$worker" >/dev/null
code=$(docker inspect -f '{{.State.ExitCode}}' "$worker")
[ "$code" = 0 ] || fail "exit code $code after a stop"
docker history --format '{{.Size}}	{{.CreatedBy}}' --no-trunc "$image" | awk -F '\t' '$1 != "0B"' | cut -c1-120
echo "image-test.sh: $image runs; $(docker image inspect -f '{{.Size}}' "$image" | awk '{printf "%.1f MB", $1 / 1e6}') in all"
