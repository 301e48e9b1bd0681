#!/usr/bin/env python3
"""Shows that `eval columns` counts as seqeval does in strict mode (IOB2): prints its report beside the Rust count.

    eval columns FILE && target/peers/venv/bin/python benches/peers/seqeval_check.py FILE
"""

import sys

from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

gold, found = [[]], [[]]
for line in open(sys.argv[1], encoding="utf-8"):
    if line.strip():
        _, annotated, predicted = line.rstrip("\n").rsplit("\t", 2)
        gold[-1].append(annotated)
        found[-1].append(predicted)
    elif gold[-1]:
        gold.append([])
        found.append([])
print(classification_report(gold, found, mode="strict", scheme=IOB2, digits=4))
