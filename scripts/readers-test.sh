#!/usr/bin/env bash
# Every reader of examples/readers, tried on real Apache Kafka and a real schema registry (Apicurio): dateline publishes
# the samples as JSON, Avro and JSON with a JSON Schema, and each reader must see what was published, all of it.
# Brings what it needs by Maven and pip into target/; PostgreSQL is Debian's (without it that reader is left out, loudly).
#
#   scripts/readers-test.sh [PART...]     parts: registry json clickhouse postgres opensearch flink streams traces; all without any
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
home="$root/target/readers"
readers="$root/examples/readers"
[ $# -gt 0 ] || set -- registry json clickhouse postgres opensearch flink streams traces

if [ -z "${READERS_TEST_INSIDE:-}" ]; then
    cargo build --manifest-path "$root/Cargo.toml" --bin dateline
    mkdir -p "$home"
    if [ ! -x "$home/python/bin/python" ]; then
        python3 -m venv "$home/python"
        "$home/python/bin/pip" install -q -r "$readers/python/requirements.txt" \
            -r "$readers/postgres/requirements.txt" -r "$here/readers/requirements.txt"
    fi
    READERS_TEST_INSIDE=1 exec "$here/kafka.sh" with "$here/registry.sh" with "${BASH_SOURCE[0]}" "$@"
fi

dateline=${DATELINE:-${CARGO_TARGET_DIR:-$root/target}/debug/dateline}
exec "$home/python/bin/python" "$here/readers/check.py" --dateline "$dateline" --work "$home" "$@"
