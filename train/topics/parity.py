"""What the model says of a few articles, counted here by hand: `src/enrich/topics/tests.rs` compares.

    python3 train/topics/parity.py models/topics-fast.bin src/enrich/topics/parity.json
"""

import json
import struct
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import features
import modelfile
from words import LONGEST
from words import tokenize
from words import words

ARTICLES = [
    ("U.S. and U.N. meet on WHO's plan", "GENEVA, May 3 (Agency) - Health officials of the U.S. said vaccines against measles would be "
     "given to 2,000,000 children. Clinics opened in 12 cities; nurses' unions agreed."),
    ("", "Köln's cathedral choir sang for the pope's visit (his third) on Sunday: \"a blessing\", said bishops."),
    ("Striker scores twice in cup final", "The midfielder was sent off before half-time, but the goalkeeper saved a penalty."),
    ("Central bank raises rates", "Inflation rose to 6.5 percent, economists said. " + "Shares fell and the currency lost value. " * 40),
]


def probabilities(file, headline, text):
    """Calibrated probability of each concept, and the codes."""
    length = struct.unpack("<I", file[8:12])[0]
    header = json.loads(file[12:12 + length])
    at, n, t = 12 + length, header["phrases"], len(header["codes"])
    hashes = np.frombuffer(file, "<u8", n, at)
    scale = np.frombuffer(file, "<f4", n, at + 8 * n)
    weights = np.frombuffer(file, np.int8, n * t, at + 12 * n).reshape(n, t)
    row = {int(hash_): i for i, hash_ in enumerate(hashes)}
    count = Counter()
    for field, part in (("head", headline), ("tokens", text)):
        found = words(tokenize(part))
        for start in range(len(found)):
            body = features.LEAD if start < features.LEAD_WORDS else features.BODY if start < features.BODY_WORDS else features.TAIL
            for size in range(1, LONGEST + 1):
                if start + size > len(found) or (size > 1 and not found[start + size - 1][1]):
                    break
                hash_ = modelfile.fnv1a([word for word, _ in found[start:start + size]])
                if hash_ in row:
                    count[row[hash_]] += features.HEADLINE if field == "head" else body
    total = sum(count.values())
    logits = np.array(header["bias"])
    for i, weight in count.items():
        logits = logits + (weight / total) ** 0.5 * scale[i] * weights[i]
    return header["codes"], 1 / (1 + np.exp(-(logits * header["slope"] + header["shift"])))


def main(model, out):
    file = Path(model).read_bytes()
    cases = []
    for headline, text in ARTICLES:
        codes, p = probabilities(file, headline, text)
        cases.append({"headline": headline, "text": text, "best": [[codes[i], round(float(p[i]), 4)] for i in np.argsort(-p)[:5]]})
    Path(out).write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
