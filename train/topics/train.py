"""Trains the fast topic tagger and writes `models/topics-fast.bin` and its figures.

    DATA=../shared/data python3 train/topics/train.py DOCS VECTORS SOFT OUT

DOCS is the output of train/data.py, VECTORS of embed.py, SOFT a teacher's labels (.npz of ids, codes, probability in
1/255), OUT the folder for topics-fast.bin and topics-fast.json. Two fits, each without some sources, give honest scores of
every labelled document: they set calibration and thresholds. The third fit, on all sources' training part, is the model.
"""

import json
import sys
from pathlib import Path

import numpy as np

import measure
import modelfile
from corpus import Corpus
from corpus import Tree
from learn import fit

# Sources that are held out together for calibration: each fold is read by a model that never saw it.
FOLDS = [("wikinews", "world"), ("gmb", "wire")]
# How much the corrected labels count beside the teacher's where there are both.
GOLD = 0.7
# Weight of a document by its source; others 1.
WEIGHT = {"huffpost": 0.25}
OTHER_REGISTERS = 0.4
NEWS = ("gmb", "gmb-silver", "wikinews", "world", "wire", "written", "re3d", "gum-news-train")
# Phrases of the shipped model.
ROWS = 40000


def targets(corpus):
    """(labels, weight of each document): the teacher's, corrected by people's where there are any."""
    target = np.where(np.isnan(corpus.soft), corpus.gold, corpus.soft)
    known = corpus.labelled & (corpus.family != "huffpost")
    target[known] = GOLD * corpus.gold[known] + (1 - GOLD) * target[known]
    weight = np.array([WEIGHT.get(f, 1.0 if f in NEWS else OTHER_REGISTERS) for f in corpus.family], np.float32)
    weight[np.isnan(corpus.soft[:, 0]) & ~corpus.labelled] = 0
    return target.astype(np.float32), weight


def train_on(corpus, target, weight, rows, **options):
    """A fit on some documents."""
    return fit(corpus.x[rows], corpus.z[rows], corpus.lexicon[rows], target[rows], weight[rows], **options)


def held_out(corpus, target, weight, **options):
    """(documents, their logits) of the folds, each by a model that saw neither them nor the test part."""
    rows, logits = [], []
    for fold in FOLDS:
        inside = np.isin(corpus.family, fold)
        model = train_on(corpus, target, weight, np.flatnonzero(~inside & (corpus.split == "train") & (weight > 0)), epochs=5, **options)
        read = np.flatnonzero(inside & corpus.labelled & (corpus.split != "test"))
        rows.append(read)
        logits.append(model.logits(corpus.x[read], corpus.z[read], corpus.lexicon[read]))
        print("held out", fold, measure.line(corpus, read, logits[-1]), flush=True)
    return np.concatenate(rows), np.concatenate(logits)


def main(docs, vectors, soft, out):
    tree = Tree()
    codes = sorted(np.load(soft)["codes"].tolist(), key=lambda code: (tree.level(code), code))
    corpus = Corpus(docs, vectors, codes, soft)
    print(f"{len(corpus.docs)} documents, {corpus.x.shape[1]} phrases, {len(codes)} concepts", flush=True)
    target, weight = targets(corpus)
    model = train_on(corpus, target, weight, np.flatnonzero((corpus.split == "train") & (weight > 0)))
    rows, logits = held_out(corpus, target, weight)
    scale = measure.calibrate(corpus, rows, logits)
    limits = measure.thresholds(corpus, rows, scale(logits))
    small = modelfile.shrink(corpus, model, ROWS)
    report = {"held_out": measure.report(corpus, rows, scale(logits), limits)}
    for split in ("dev", "test"):
        read = np.flatnonzero((corpus.split == split) & corpus.labelled & (corpus.family != "huffpost"))
        report[split] = measure.report(corpus, read, scale(small.logits(corpus.x[read])), limits)
    out.mkdir(parents=True, exist_ok=True)
    (out / "topics-fast.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (out / "topics-fast.bin").write_bytes(modelfile.pack(corpus, small, scale, limits))
    print(json.dumps({name: part["all"] for name, part in report.items()}, indent=1))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
