#!/usr/bin/env bash
# Rebuilds everything under models/ from open data: `make models` (DATA=../shared/data). An hour on one GPU machine, most of it
# waiting; a day on two cores. What a step has made stays in target/train, so that a stopped run goes on where it was.
# QUICK=1 goes every step of the way with one document of forty and one pass each: models of no use, which show in a
# quarter of an hour that all of it runs. It overwrites models/ too, so do it in a copy.
set -euo pipefail
cd "$(dirname "$0")/.."
export DATA=${DATA:-../shared/data}
out=target/train
pre=$out/pretrained
mkdir -p "$out"
# How often the fast recogniser goes through what the encoder taught: some 25 minutes each on one core.
epochs=${FAST_EPOCHS:-4}
gold_epochs=8 encoder_passes=(--teacher-epochs 5 --student-epochs 8)
if [ -n "${QUICK:-}" ]; then
    epochs=1 gold_epochs=1 encoder_passes=(--teacher-epochs 1 --student-epochs 1 --seeds 1 --copies 1)
fi

step() { printf '\n== %s\n' "$*"; }

step "gazetteers and vocabulary"
python3 scripts/gazetteers.py
python3 scripts/words.py

step "Python packages of the trainers"
if [ ! -e "$out/venv/.done" ]; then
    python3 -m venv "$out/venv"
    "$out/venv/bin/pip" install -q -r train/requirements.txt
    touch "$out/venv/.done"
fi
python=$out/venv/bin/python

"$python" -m pip install -q babel==2.19.0
"$python" scripts/countries.py

step "pretrained readers and word vectors"
[ -e "$pre/vocab/vectors" ] || "$python" train/pretrained.py "$pre"

step "documents"
"$python" train/data.py "$out"
[ -z "${QUICK:-}" ] || sed -i -n '0~40p' "$out/docs.jsonl"
"$python" train/inputs.py "$out"

step "encoder: teachers, soft labels, student"
[ -e "$out/student.safetensors" ] || "$python" train/encoder.py --docs "$out/docs.jsonl" --teacher "$pre/mpnet.safetensors" \
    --student "$pre/minilm/model.safetensors" --vocab "$pre/minilm/vocab.txt" --topics "$out/topics.json" \
    --gazetteer "$out/gazetteer.json" --out "$out" "${encoder_passes[@]}"
"$python" train/export.py --state "$out/student.safetensors" --vocab "$pre/minilm/vocab.txt" --topics "$out/topics.json" \
    --calibration train/encoder-calibration.json --version 1 --out models/encoder.bin

step "fast recogniser of names: from gold, then from the encoder"
teach() { cargo run --release --example eval -- teach "$1" "$2"; }
[ -e "$out/lessons.jsonl" ] || { teach "$out/docs.jsonl" "$out/.lessons" && mv "$out/.lessons" "$out/lessons.jsonl"; }
if [ ! -e "$out/all-lessons.jsonl" ]; then
    "$python" train/copies.py "$out/docs.jsonl" "$out/gazetteer.json" "$out/lessons.jsonl" "$out/renamed.jsonl"
    teach "$out/renamed.jsonl" "$out/renamed-lessons.jsonl"
    cat "$out/docs.jsonl" "$out/renamed.jsonl" > "$out/all.jsonl"
    cat "$out/lessons.jsonl" "$out/renamed-lessons.jsonl" > "$out/all-lessons.jsonl"
fi
[ -e "$out/fast.npz" ] || VECTORS=$pre/vocab "$python" train/fast_prepare.py "$out/all.jsonl" "$out"
[ -e "$out/gold/names-fast.bin" ] || "$python" train/fast.py "$out" "$out/gold" --epochs "$gold_epochs" --every 8 --batch 16000
"$python" train/fast.py "$out" "$out/fast" --soft "$out/all-lessons.jsonl" --resume "$out/gold/names-fast.bin" \
    --rate 0.002 --epochs "$epochs" --batch 16000 --every 1
cp "$out/fast/names-fast.bin" models/
cp "$out/fast/fixture.json" src/enrich/tagger/fast/parity.json

step "both recognisers of names together"
cargo run --release --example eval -- --split dev both models/names-accurate.json

step "fast tagger of topics"
[ -e "$out/words.npz" ] || "$python" train/topics/embed.py "$pre/minilm" "$out/docs.jsonl" "$out/words.npz"
"$python" train/topics/train.py "$out/docs.jsonl" "$out/words.npz" "$out/soft-topics.npz" "$out"
cp "$out/topics-fast.bin" models/

step "accurate tagger of topics"
cargo run --release --example eval -- --split dev topics --scores "$out/topic-scores.jsonl"
"$python" train/topics/mix.py "$out/topic-scores.jsonl" models/topics-accurate.json

step "done: read the figures above, then the diff of models/ and of the golden files (make golden)"
