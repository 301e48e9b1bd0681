"""The file of the fast topic tagger: chosen phrases, their weights in 8 bits, calibration, thresholds.

Little-endian: magic `DLTOPIC1`, u32 length of a JSON header, the header, for each phrase (ascending by hash) u64 hash and f32
scale, then for each phrase one i8 a concept. A weight is scale times the i8.
"""

import json
import struct

import numpy as np

import features

MAGIC = b"DLTOPIC1"
VERSION = "1"


def fnv1a(phrase):
    """64-bit FNV-1a of the words joined by a space."""
    out = 0xCBF29CE484222325
    for byte in " ".join(phrase).encode():
        out = (out ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return out


class Small:
    """A model of few phrases in 8 bits."""

    def __init__(self, rows, hashes, scale, weights, bias, columns):
        self.rows, self.hashes, self.scale, self.weights, self.bias = rows, hashes, scale, weights, bias
        self.columns = columns

    def logits(self, x):
        part = x[:, self.rows]
        norm = np.sqrt(np.asarray(part.multiply(part).sum(1)).ravel())
        norm[norm == 0] = 1
        dense = self.weights.astype(np.float32) * self.scale[:, None]
        return (part @ dense) / norm[:, None] + self.bias


def shrink(corpus, model, rows):
    """Keeps the phrases that matter most: by how much their weights vary over concepts, and how often they stand; those of
    the lexicon are kept first."""
    weights = model.folded(corpus.vectors, corpus.prior)
    force = np.sqrt(np.square(weights).mean(1))
    count = np.diff(corpus.x.tocsc().indptr)
    worth = force * np.sqrt(1 + count) + 1e6 * (np.diff(corpus.prior.indptr) > 0)
    keep = np.sort(np.argsort(-worth, kind="stable")[:rows])
    hashes = np.array([fnv1a(corpus.phrases[i]) for i in keep], np.uint64)
    order = np.argsort(hashes, kind="stable")
    keep, hashes = keep[order], hashes[order]
    if len(np.unique(hashes)) != len(hashes):
        raise SystemExit("two phrases with one hash")
    scale = (np.abs(weights[keep]).max(1) / 127 + 1e-12).astype(np.float32)
    small = np.round(weights[keep] / scale[:, None]).astype(np.int8)
    return Small(keep, hashes, scale, small, model.bias.numpy(), corpus.codes)


def pack(corpus, small, scale, limits):
    """The bytes of the file."""
    header = {
        "name": "topics-fast", "version": VERSION, "phrases": len(small.hashes), "codes": small.columns,
        "bias": [round(float(b), 5) for b in small.bias], "slope": [round(float(s), 5) for s in scale.slope],
        "shift": [round(float(s), 5) for s in scale.shift], "thresholds": limits,
        "places": {"headline": features.HEADLINE, "lead": features.LEAD, "body": features.BODY, "tail": features.TAIL,
                   "lead_words": features.LEAD_WORDS, "body_words": features.BODY_WORDS, "read_words": features.READ},
        "sigmoid": [round(float(1 / (1 + np.exp(-x / 8))), 6) for x in range(-64, 65)],
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(MAGIC) + 4 + len(text)) % 8)
    return b"".join([MAGIC, struct.pack("<I", len(text)), text, small.hashes.astype("<u8").tobytes(),
                     small.scale.astype("<f4").tobytes(), small.weights.tobytes()])
