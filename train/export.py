#!/usr/bin/env python3
"""Writes the file that the `accurate` setting reads from a tuned encoder: weights in 8 bits, checksummed.

    python3 train/export.py --state student.safetensors --vocab vocab.txt --topics topics.json \
        [--calibration calibration.json] [--name names-encoder] --version 1 --out models/encoder.bin

The state is a PyTorch state dict as `train/encoder.py` saves it: `backbone.` and Hugging Face's names of a BERT, with
`case_embeddings.weight`, `names.*` and `topics.*`. calibration.json has `calibration` (points of raw score and
probability, both rising) and perhaps `transitions` (380 numbers). `src/enrich/tagger/file.rs` has the layout.

Weights of layers are symmetric in 8 bits, one scale an output; the table of pieces likewise, one scale a piece; all
else is 32 bit float. `--random SEED --hidden 64 ...` writes a tiny model of chance, for tests.
"""

import argparse
import hashlib
import json
import struct
from pathlib import Path

import numpy as np

MAGIC, LAYOUT = b"dlencode", 1
POSITIONS, TYPES, CASES, TAGS = 192, 2, 16, 19
# Without a measured table: the probability that all of a name's tags are right, as the model has it.
UNMEASURED = [[-3.0, 0.05], [-0.7, 0.5], [0.0, 1.0]]


def rows_in_8_bits(weights):
    """int8 rows and their scales, so that weights = rows * scales; rounding to nearest."""
    scales = np.maximum(np.abs(weights).max(1), 1e-12) / 127
    return np.clip(np.rint(weights / scales[:, None]), -127, 127).astype(np.int8), scales.astype(np.float32)


def tensors(state, layers):
    """Every tensor of the file, in order: name to array or text."""
    out = {}
    float32 = lambda name: out.__setitem__(name, state[name].astype(np.float32))

    def linear(name):
        weights, scales = rows_in_8_bits(state[f"{name}.weight"].astype(np.float64))
        out[f"{name}.weight"], out[f"{name}.scales"] = weights, scales
        float32(f"{name}.bias")

    def norm(name):
        float32(f"{name}.weight")
        float32(f"{name}.bias")

    at = "embeddings."
    words, scales = rows_in_8_bits(state[f"{at}word_embeddings.weight"].astype(np.float64))
    out[f"{at}word_embeddings.weight"], out[f"{at}word_embeddings.scales"] = words, scales
    out[f"{at}position_embeddings.weight"] = state[f"{at}position_embeddings.weight"][:POSITIONS].astype(np.float32)
    float32(f"{at}token_type_embeddings.weight")
    out[f"{at}case_embeddings.weight"] = state["case_embeddings.weight"].astype(np.float32)
    norm(f"{at}LayerNorm")
    for n in range(layers):
        at = f"encoder.layer.{n}."
        for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            linear(at + name)
        norm(at + "attention.output.LayerNorm")
        linear(at + "intermediate.dense")
        linear(at + "output.dense")
        norm(at + "output.LayerNorm")
    for name in ("names", "topics"):
        norm(name)
    return out


def write(path, state, vocabulary, header):
    """The file: magic, layout, header, tensors, SHA-256."""
    hidden = state["embeddings.word_embeddings.weight"].shape[1]
    layers = 1 + max(int(k.split(".")[2]) for k in state if k.startswith("encoder.layer."))
    body, places = bytearray(), {}

    def put(name, data):
        body.extend(b"\0" * (-len(body) % 4))
        places[name] = {"length": len(data), "start": len(body)}
        body.extend(data)

    put("vocabulary", vocabulary)
    for name, array in tensors(state, layers).items():
        put(name, np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    sizes = {"hidden": hidden, "wide": state["encoder.layer.0.intermediate.dense.bias"].shape[0], "layers": layers}
    head = json.dumps({"model": header | sizes, "tensors": places}, separators=(",", ":")).encode()
    content = MAGIC + struct.pack("<II", LAYOUT, len(head)) + head + bytes(body)
    Path(path).write_bytes(content + hashlib.sha256(content).digest())
    print(f"{path}: {len(content) + 32:,} bytes, {layers} layers of {hidden}, {len(header['topics'])} topics")


def load(path):
    """A state dict as arrays, without the prefix of the backbone; heads that lack are zero (an untuned model)."""
    from safetensors.numpy import load_file

    state = {k.removeprefix("backbone."): v.astype(np.float32) for k, v in load_file(path).items()}
    hidden = state["embeddings.word_embeddings.weight"].shape[1]
    state.setdefault("case_embeddings.weight", np.zeros((CASES, hidden), np.float32))
    for name, outputs in (("names", TAGS), ("topics", 0)):
        state.setdefault(f"{name}.weight", np.zeros((outputs, hidden), np.float32))
        state.setdefault(f"{name}.bias", np.zeros(outputs, np.float32))
    return state


def random_state(seed, pieces, hidden, wide, layers, topics):
    """A state dict of chance, in the sizes of weights that trained models have."""
    rng = np.random.default_rng(seed)
    normal = lambda scale, *shape: (rng.standard_normal(shape) * scale).astype(np.float32)
    at = "embeddings."
    state = {f"{at}word_embeddings.weight": normal(0.5, pieces, hidden),
             f"{at}position_embeddings.weight": normal(0.1, POSITIONS, hidden),
             f"{at}token_type_embeddings.weight": normal(0.1, TYPES, hidden),
             "case_embeddings.weight": normal(0.5, CASES, hidden)}

    def linear(name, outputs, inputs, scale=1.0):
        state[f"{name}.weight"] = normal(scale / np.sqrt(inputs), outputs, inputs)
        state[f"{name}.bias"] = normal(0.1, outputs)

    def norm(name):
        state[f"{name}.weight"], state[f"{name}.bias"] = 1 + normal(0.1, hidden), normal(0.1, hidden)

    norm(f"{at}LayerNorm")
    for n in range(layers):
        at = f"encoder.layer.{n}."
        for name in ("query", "key", "value"):
            linear(f"{at}attention.self.{name}", hidden, hidden, 1.5)
        linear(f"{at}attention.output.dense", hidden, hidden)
        norm(f"{at}attention.output.LayerNorm")
        linear(f"{at}intermediate.dense", wide, hidden)
        linear(f"{at}output.dense", hidden, wide)
        norm(f"{at}output.LayerNorm")
    linear("names", TAGS, hidden, 3.0)
    linear("topics", topics, hidden)
    return state


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("state", "topics", "calibration"):
        p.add_argument(f"--{name}")
    p.add_argument("--vocab", required=True)
    p.add_argument("--name", default="names-encoder")
    p.add_argument("--version", default="1")
    p.add_argument("--out", required=True)
    p.add_argument("--random", type=int, metavar="SEED")
    a = p.parse_args()
    vocabulary = Path(a.vocab).read_bytes()
    codes = json.loads(Path(a.topics).read_text())["codes"] if a.topics else []
    if a.random is None:
        state = load(a.state)
    else:
        codes = codes or ["04000000", "15000000"]
        state = random_state(a.random, len(vocabulary.splitlines()), 64, 128, 2, len(codes))
    if state["topics.weight"].shape[0] != len(codes):
        raise SystemExit(f"{a.topics} has {len(codes)} topics, the state {state['topics.weight'].shape[0]}")
    measured = json.loads(Path(a.calibration).read_text()) if a.calibration else {"calibration": UNMEASURED}
    header = {"name": a.name, "version": a.version, "topics": codes, "calibration": measured["calibration"],
              "transitions": measured.get("transitions")}
    write(a.out, state, vocabulary, header)


if __name__ == "__main__":
    main()
