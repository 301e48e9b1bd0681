#!/usr/bin/env bash
# Dashboard and alerts for real: Apache Kafka, workers under load and in trouble, Prometheus with the rules' times
# shortened. Each query of the dashboard must find something, and each alert must fire. Some eight minutes. Where
# Prometheus, Java, Maven or Python cannot be had it says loudly what did not run; with CI set that is a failure.
# DATELINE names another binary; what went on is left in target/observe.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
venv=target/observe/venv

prepare() {
    unset KAFKA_BOOTSTRAP
    "$here/setup.sh" observe && "$here/kafka.sh" fetch || return 1
    promtool check rules deploy/prometheus/alerts.yaml && promtool test rules deploy/prometheus/alerts.test.yaml || exit 1
    promtool check config deploy/prometheus/prometheus.yaml || exit 1
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import confluent_kafka' 2>/dev/null && return 0
    python3 -m venv "$venv" && "$venv/bin/pip" -q install confluent-kafka==2.11.1
}

if ! prepare; then
    echo "*** NOT RUN: dashboard and alerts on a real Prometheus (scripts/observe.py): see above. ***" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
fi
if [ -z "${DATELINE:-}" ]; then
    cargo build --release --bin dateline
    export DATELINE=${CARGO_TARGET_DIR:-target}/release/dateline
fi
exec "$venv/bin/python" scripts/observe.py "$@"
