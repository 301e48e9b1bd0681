"""Weighs the two sides of the accurate topic tagger and writes `models/topics-accurate.json`.

    DATA=../shared/data cargo run --release --example eval -- --split dev topics --scores SCORES
    python3 train/topics/mix.py SCORES models/topics-accurate.json

SCORES has, for each labelled article that neither side has seen, the log-odds of its phrases and of its opening by
concept. Three numbers a level (1, 2, all deeper): logistic regression (Newton's method), sources weighed alike, rounded
to thousandths so that the file is the same on every machine. Thresholds stay as they are in the file.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

# As in src/enrich/topics/accurate.rs.
PHRASES_MAX, OPENING_MAX = 9.2, 12.0
# No source counts more than so many times its articles.
WEIGHT_MAX = 2.5


def read(path):
    """(level, weight, [phrases, opening, 1], label) of every concept of every article."""
    articles = [json.loads(line) for line in path.open(encoding="utf-8")]
    count = Counter(article["id"].split("-")[0] for article in articles)
    rows = []
    for article in articles:
        labels = {code for label in article["labels"] for code in label}
        weight = min(len(articles) / (len(count) * count[article["id"].split("-")[0]]), WEIGHT_MAX)
        for code, level, phrases, opening in article["evidence"]:
            if opening is not None:
                rows.append((min(level, 3), weight, phrases, opening, code in labels))
    return np.array(rows, float)


def fit(x, y, weight):
    """Weights of logistic regression."""
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        bend = (weight * p * (1 - p))[:, None] * x
        w -= np.linalg.solve(x.T @ bend + 1e-6 * np.eye(len(w)), x.T @ (weight * (p - y)))
    return w


def main(scores, model):
    rows = read(scores)
    x = np.c_[np.clip(rows[:, 2], -PHRASES_MAX, PHRASES_MAX), np.clip(rows[:, 3], -OPENING_MAX, OPENING_MAX), np.ones(len(rows))]
    out = json.loads(model.read_text(encoding="utf-8"))
    out["levels"] = []
    for level in (1, 2, 3):
        at = rows[:, 0] == level
        w = fit(x[at], rows[at, 4], rows[at, 1])
        out["levels"].append(dict(zip(("phrases", "opening", "shift"), (round(float(v), 3) for v in w))))
    model.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(out["levels"]))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
