#!/usr/bin/env bash
# The tests on real Apache Kafka: starts a broker (or uses KAFKA_BOOTSTRAP), runs them, always stops what it started.
# Where Java or Maven cannot be had it says loudly what did not run; with CI set that is a failure.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ -z "${KAFKA_BOOTSTRAP:-}" ] && ! { "$here/setup.sh" test && "$here/kafka.sh" fetch; }; then
    echo "*** NOT RUN: the real-Kafka suite (tests/kafka), for want of Java, Maven or Apache Kafka: see above. ***" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
fi
exec "$here/kafka.sh" with cargo test --features fail-points --test kafka -- --test-threads=1 --nocapture "$@"
