#!/usr/bin/env bash
# A real, single-node Apache Kafka for tests and the Kafka demo. Needs Java 17+ and Maven; touches nothing outside
# target/kafka, and ends only the broker that it started itself, by its pid.
#
#   scripts/kafka.sh fetch            bring the jars (once)
#   scripts/kafka.sh start            start a broker; prints KAFKA_BOOTSTRAP=host:port
#   scripts/kafka.sh stop             stop the broker that `start` started and delete its data
#   scripts/kafka.sh env              print KAFKA_BOOTSTRAP of the broker that runs
#   scripts/kafka.sh with COMMAND...  start, run COMMAND with KAFKA_BOOTSTRAP set, always stop
#   scripts/kafka.sh serve FILE ...   run one more broker with the properties of FILE until standard input ends;
#                                     prints `ready`; what follows FILE goes to the storage tool (--add-scram ...).
#                                     With KAFKA_SERVE_DIR its data and its pid are there, and stay: it can be served
#                                     again. Brokers of one cluster share a KAFKA_CLUSTER_ID.
#   scripts/kafka.sh tool NAME ...    a console tool: topics, console-producer, console-consumer, consumer-groups,
#                                     get-offsets, configs, transactions, acls; --bootstrap-server is filled in
#
# Where KAFKA_BOOTSTRAP is set already, that broker is used, and none is started or stopped.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home="$(dirname "$here")/target/kafka"
current="$home/current"
start_seconds_max=60
stop_seconds_max=20

die() {
    echo "kafka.sh: $*" >&2
    exit 1
}

fetch() {
    command -v java >/dev/null 2>&1 || die "java is missing; run scripts/setup.sh test"
    # The folder is named by the list of artifacts, so that a changed list is fetched anew.
    libs="$home/lib-$(cksum <"$here/kafka/pom.xml" | cut -d' ' -f1)"
    [ -d "$libs" ] && return 0
    command -v mvn >/dev/null 2>&1 || die "mvn is missing; run scripts/setup.sh test"
    echo "kafka.sh: bringing Apache Kafka by Maven" >&2
    mkdir -p "$home"
    local partial="$home/partial-$$"
    mvn -q -B -f "$here/kafka/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$partial" >&2 </dev/null || {
        rm -rf "$partial"
        die "Maven could not bring Apache Kafka (see above)"
    }
    # Whoever comes first wins; the jars are the same.
    mv -T "$partial" "$libs" 2>/dev/null || rm -rf "$partial"
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

settings() { # DIR PORT CONTROLLER_PORT
    cat <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$3
listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3
advertised.listeners=PLAINTEXT://127.0.0.1:$2
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$1/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.coordinator.rebalance.protocols=classic,consumer
EOF
}

java_run() { # HEAP ARGUMENTS...
    local heap=$1
    shift
    java "-Xmx$heap" -XX:+UseSerialGC -cp "$libs/*" "$@"
}

# Is the process of DIR/pid still the broker of DIR, and not a stranger with the same number?
alive() { # DIR
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) || return 1
    [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$1/server.properties"
}

# Formats the storage and starts a broker with DIR/server.properties.
boot() { # DIR FORMAT_ARGUMENTS...; 0 = ready, 1 = failed, 2 = a port was taken
    local dir=$1 deadline id
    shift
    if [ ! -f "$dir/data/meta.properties" ]; then
        id=${KAFKA_CLUSTER_ID:-$(java_run 128m kafka.tools.StorageTool random-uuid 2>"$dir/format.log")}
        java_run 256m kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" "$@" >>"$dir/format.log" 2>&1 ||
            { cat "$dir/format.log" >&2; return 1; }
    fi
    # A session of its own: Ctrl-C at the terminal ends the command under test first, then we stop the broker.
    setsid java -Xms256m -Xmx512m -XX:+UseG1GC -Dorg.slf4j.simpleLogger.defaultLogLevel=info -cp "$libs/*" \
        kafka.Kafka "$dir/server.properties" >"$dir/server.log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    disown
    deadline=$((SECONDS + start_seconds_max))
    sleep 0.5
    until grep -q 'Kafka Server started' "$dir/server.log"; do
        if ! alive "$dir"; then
            grep -q 'Address already in use' "$dir/server.log" && return 2
            tail -n 40 "$dir/server.log" >&2
            return 1
        fi
        if [ "$SECONDS" -ge "$deadline" ]; then
            tail -n 40 "$dir/server.log" >&2
            end "$dir"
            return 1
        fi
        sleep 0.2
    done
}

launch() { # DIR; as boot
    local dir=$1 port controller_port
    port=$(free_port)
    controller_port=$(free_port)
    [ "$port" != "$controller_port" ] || return 2
    rm -rf "$dir"
    mkdir -p "$dir"
    settings "$dir" "$port" "$controller_port" >"$dir/server.properties"
    boot "$dir" || return
    echo "127.0.0.1:$port" >"$dir/bootstrap"
}

serve() { # FILE FORMAT_ARGUMENTS...
    [ $# -gt 0 ] || die "serve what? give a file of properties"
    local properties=$1
    shift
    fetch
    served=${KAFKA_SERVE_DIR:-$home/serve-$$}
    mkdir -p "$served"
    if [ -n "${KAFKA_SERVE_DIR:-}" ]; then
        trap 'trap "" INT TERM HUP; end "$served"' EXIT
    else
        trap 'discard "$served"' EXIT
    fi
    trap 'exit 130' INT
    trap 'exit 143' TERM
    { cat "$properties"; echo "log.dirs=$served/data"; } >"$served/server.properties"
    boot "$served" "$@" || die "the broker did not start (see above)"
    echo ready
    cat >/dev/null
}

start() { # On any exit from here on, the broker goes, unless the caller lifts the trap.
    if [ -n "${KAFKA_BOOTSTRAP:-}" ]; then
        echo "KAFKA_BOOTSTRAP=$KAFKA_BOOTSTRAP"
        return 0
    fi
    fetch
    local before
    if before=$(cat "$current" 2>/dev/null) && alive "$before"; then
        die "a broker of this checkout runs already ($(cat "$before/bootstrap")); scripts/kafka.sh stop ends it"
    fi
    local try code
    ours="$home/run-$$"
    trap 'discard "$ours"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    for try in 1 2 3 4 5; do
        code=0
        launch "$ours" || code=$?
        case $code in
        0)
            echo "$ours" >"$current"
            echo "KAFKA_BOOTSTRAP=$(cat "$ours/bootstrap")"
            return 0
            ;;
        2) echo "kafka.sh: a port was taken meanwhile, trying others ($try)" >&2 ;;
        *)
            trap - EXIT
            die "Kafka did not start; its log is $ours/server.log"
            ;;
        esac
    done
    die "no free ports after 5 tries"
}

end() { # DIR
    local dir=$1 pid deadline
    if alive "$dir"; then
        pid=$(cat "$dir/pid")
        kill "$pid" 2>/dev/null || true
        deadline=$((SECONDS + stop_seconds_max))
        while alive "$dir"; do
            if [ "$SECONDS" -ge "$deadline" ]; then
                kill -9 "$pid" 2>/dev/null || true
                break
            fi
            sleep 0.2
        done
    fi
}

discard() { # DIR
    # Whoever asks twice is heard once: the broker's end takes a second or two.
    trap '' INT TERM HUP
    end "$1"
    rm -rf "$1"
    if [ "$(cat "$current" 2>/dev/null)" = "$1" ]; then rm -f "$current"; fi
}

stop() {
    [ -z "${KAFKA_BOOTSTRAP:-}" ] || return 0
    local dir
    dir=$(cat "$current" 2>/dev/null) || return 0
    discard "$dir"
}

bootstrap() {
    if [ -n "${KAFKA_BOOTSTRAP:-}" ]; then
        echo "$KAFKA_BOOTSTRAP"
    else
        local dir
        { dir=$(cat "$current" 2>/dev/null) && alive "$dir"; } || die "no broker runs; scripts/kafka.sh start"
        cat "$dir/bootstrap"
    fi
}

with() {
    [ $# -gt 0 ] || die "with what? give a command"
    if [ -n "${KAFKA_BOOTSTRAP:-}" ]; then
        exec "$@"
    fi
    start >&2
    # Ctrl-C reaches the command too: how it ends then is its own affair. Any signal waits for its end.
    trap : INT
    local code=0
    KAFKA_BOOTSTRAP=$(cat "$ours/bootstrap") "$@" || code=$?
    exit "$code"
}

tool() {
    [ $# -gt 0 ] || die "which tool?"
    local name=$1 class
    shift
    case $name in
    topics) class=org.apache.kafka.tools.TopicCommand ;;
    console-producer) class=org.apache.kafka.tools.ConsoleProducer ;;
    console-consumer) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
    consumer-groups) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
    get-offsets) class=org.apache.kafka.tools.GetOffsetShell ;;
    configs) class=org.apache.kafka.tools.ConfigCommand ;;
    transactions) class=org.apache.kafka.tools.TransactionsCommand ;;
    acls) class=org.apache.kafka.tools.AclCommand ;;
    *) die "unknown tool: $name" ;;
    esac
    fetch
    local server
    server=$(bootstrap)
    java -Xmx256m -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$libs/*" "$class" \
        --bootstrap-server "$server" "$@"
}

case ${1:-} in
fetch | stop) "$1" ;;
start)
    start
    trap - EXIT
    ;;
env) echo "KAFKA_BOOTSTRAP=$(bootstrap)" ;;
with | serve | tool)
    verb=$1
    shift
    "$verb" "$@"
    ;;
*)
    sed -n '2,/^set /{s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
