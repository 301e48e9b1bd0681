"""Calibration, thresholds and figures of the topic tagger."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))


class Scale:
    """Logit to probability: one slope for each level, one shift for each concept."""

    def __init__(self, slope, shift):
        self.slope, self.shift = slope, shift

    def __call__(self, logits):
        return sigmoid(logits * self.slope + self.shift)


def level_of(corpus):
    return np.array([min(corpus.tree.level(code), 3) for code in corpus.codes])


def calibrate(corpus, rows, logits, ridge=4.0):
    """Platt scaling on held-out documents: the slope is shared by a level, shifts are drawn to their mean."""
    level = level_of(corpus)
    slope, shift = np.ones(len(level), np.float32), np.zeros(len(level), np.float32)
    gold = corpus.gold[rows]
    weight = balance(corpus, rows)[:, None]
    for one in (1, 2, 3):
        at = np.flatnonzero(level == one)
        x, y = logits[:, at], gold[:, at]
        a, common, own = 1.0, 0.0, np.zeros(len(at))
        for _ in range(300):
            p = sigmoid(a * x + common + own)
            error, bend = (p - y) * weight, p * (1 - p) * weight + 1e-9
            a -= 0.5 * (error * x).sum() / (bend * x * x).sum()
            common -= 0.5 * error.sum() / bend.sum()
            own -= 0.5 * (error.sum(0) + ridge * own) / (bend.sum(0) + ridge)
        slope[at], shift[at] = a, common + own
    return Scale(slope, shift)


def balance(corpus, rows):
    """Weights under which every family of sources counts alike, with a mean of 1."""
    family = corpus.family[rows]
    names, count = np.unique(family, return_counts=True)
    share = dict(zip(names, len(rows) / (len(names) * count)))
    return np.array([share[name] for name in family])


def f1(said, gold, weight=1.0):
    right = (said * gold * weight).sum()
    return 2 * right / max((said * weight).sum() + (gold * weight).sum(), 1e-9)


# From which probability the best level-1 concept of an article is said, and the least for any other concept: the best F1
# is found lower, but what is said should be right.
FIRST, LEAST = 0.3, {1: 0.4, 2: 0.35, 3: 0.35}


def thresholds(corpus, rows, p):
    """Per level: the probability from which a concept is said, that gives the best F1 where sources count alike, but no
    lower than LEAST."""
    level, weight = level_of(corpus), balance(corpus, rows)[:, None]
    grid = np.arange(0.2, 0.8, 0.02)
    out = {"first": FIRST}
    for one in (1, 2, 3):
        at = level == one
        best = grid[np.argmax([f1(p[:, at] > t, corpus.gold[rows][:, at], weight) for t in grid])]
        out[str(one)] = round(max(float(best), LEAST[one]), 2)
    return out


def line(corpus, rows, logits):
    """A short text of how good raw logits are."""
    roots = level_of(corpus) == 1
    top = logits[:, roots].argmax(1)
    first, gold = corpus.first[rows], corpus.gold[rows]
    out = []
    for name in np.unique(corpus.family[rows]):
        at = corpus.family[rows] == name
        p, y = sigmoid(logits[at][:, roots]), gold[at][:, roots]
        best = max(f1(p > t, y) for t in np.arange(0.2, 0.7, 0.05))
        deep = max(f1(sigmoid(logits[at][:, ~roots]) > t, gold[at][:, ~roots]) for t in np.arange(0.2, 0.7, 0.1))
        out.append(f"{name} n {at.sum()} first {100 * (top[at] == first[at]).mean():.1f} "
                   f"any {100 * y[np.arange(at.sum()), top[at]].mean():.1f} F1 {100 * best:.1f} deep {100 * deep:.1f}")
    return "; ".join(out)


def figures(corpus, rows, p, limits):
    """Best topic, micro and macro F1 at levels 1 to 3, precision, calibration error."""
    level, gold = level_of(corpus), corpus.gold[rows]
    roots = level == 1
    first = p[:, roots]
    top = first.argmax(1)
    said = (first > limits["1"]) | ((first == first.max(1, keepdims=True)) & (first > limits["first"]))
    y = gold[:, roots]
    spoken = said.any(1)
    out = {"articles": len(rows), "tagged": round(float(spoken.mean()), 3),
           "best_is_first_label": round(float((spoken & (top == corpus.first[rows])).mean()), 3),
           "best_is_a_label": round(float((spoken * y[np.arange(len(rows)), top]).mean()), 3)}
    for one in (1, 2, 3):
        at = level == one
        here = said if one == 1 else p[:, at] > limits[str(one)]
        right, all_said, all_gold = (here * gold[:, at]).sum(0), here.sum(0), gold[:, at].sum(0)
        seen = all_gold > 0
        out[f"level{one}"] = {
            "precision": round(float(right.sum() / max(all_said.sum(), 1)), 3),
            "recall": round(float(right.sum() / max(all_gold.sum(), 1)), 3),
            "micro_f1": round(float(2 * right.sum() / max(all_said.sum() + all_gold.sum(), 1)), 3),
            "macro_f1": round(float((2 * right[seen] / (all_said[seen] + all_gold[seen])).mean()), 3)}
    bins = np.minimum((first * 10).astype(int), 9)
    table = [(float(first[bins == b].mean()), float(y[bins == b].mean()), int((bins == b).sum()))
             for b in range(10) if (bins == b).any()]
    out["calibration_error"] = round(sum(n * abs(a - b) for a, b, n in table) / first.size, 4)
    out["reliability"] = [[round(a, 3), round(b, 3), n] for a, b, n in table]
    return out


def report(corpus, rows, p, limits):
    """Figures for all documents and for each family of sources."""
    out = {"all": figures(corpus, rows, p, limits)}
    for name in np.unique(corpus.family[rows]):
        at = corpus.family[rows] == name
        out[str(name)] = figures(corpus, rows[at], p[at], limits)
    return out
