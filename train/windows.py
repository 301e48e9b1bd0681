"""Documents to windows of word pieces, as the Rust side cuts and splits them, with the noise that training wants."""

import json
import random
import unicodedata
from functools import lru_cache

import numpy as np

from data import PARTIAL, TAGS, TYPES

CLS, SEP, PAD, UNK = 101, 102, 0, 100
MAX_PIECES_PER_TOKEN = 8
CASE_ROWS = 16


class Vocabulary:
    """BERT's uncased word pieces, greedy longest match first."""

    def __init__(self, path):
        self.ids = {line.rstrip("\n"): i for i, line in enumerate(open(path, encoding="utf-8"))}

    @lru_cache(maxsize=None)
    def pieces(self, token):
        """Ids of the pieces of one token, at most MAX_PIECES_PER_TOKEN."""
        text = unicodedata.normalize("NFD", token.lower())
        text = "".join(c for c in text if unicodedata.category(c) != "Mn")
        if len(text) > 100 or not text:
            return (UNK,)
        out, start = [], 0
        while start < len(text):
            for end in range(len(text), start, -1):
                piece = text[start:end] if start == 0 else "##" + text[start:end]
                if piece in self.ids:
                    break
            else:
                return (UNK,)
            out.append(self.ids[piece])
            start = end
        return tuple(out[:MAX_PIECES_PER_TOKEN])


@lru_cache(maxsize=None)
def case_class(token):
    """0 lower, 1 Title, 2 UPPER, 3 one upper letter, 4 mixed, 5 digits, 6 letters and digits, 7 other."""
    letters = [c for c in token if c.isalpha()]
    digits = any(c.isnumeric() for c in token)
    if not letters:
        return 5 if digits else 7
    if digits:
        return 6
    upper = [c.isupper() or c.istitle() for c in letters]
    if not any(upper):
        return 0
    if len(letters) == 1:
        return 3
    if all(upper):
        return 2
    return 1 if upper[0] and not any(upper[1:]) else 4


UPPER = {0: 2, 1: 2, 4: 2}
TITLE = {0: 1}
LOWER = {1: 0, 2: 0, 3: 0, 4: 0}


class Names:
    """Surfaces to swap names with: those of the training documents and of the gazetteers."""

    def __init__(self, docs, data=None):
        self.by_type = {t: set() for t in TYPES}
        self.first, self.last = set(), set()
        for d in docs:
            if d["scheme"] != "full" or d["split"] != "train":
                continue
            for toks, tags in ((d["head"], d["head_tags"]), (d["tokens"], d["tags"])):
                for s, e, t in spans(tags):
                    surface = tuple(toks[s:e])
                    if all(case_class(w) != 2 or len(w) < 5 for w in surface):
                        self.by_type[t].add(surface)
                        if t == "PERSON" and len(surface) > 1:
                            self.first.add(surface[0])
                            self.last.add(surface[-1])
        for t, more in (data or {}).items():
            if t == "first":
                self.first |= set(more)
            elif t == "last":
                self.last |= set(more)
            else:
                self.by_type[t] |= {tuple(x) for x in more}
        self.by_type = {t: sorted(v) for t, v in self.by_type.items()}
        self.first, self.last = sorted(self.first), sorted(self.last)

    def swap(self, rng, toks, tags, memory):
        """The sentence with about half of its names replaced, the same name always by the same one."""
        out, out_tags, at = [], [], 0
        for s, e, t in spans(tags):
            out += toks[at:s]
            out_tags += tags[at:s]
            surface = tuple(toks[s:e])
            new = self.other(rng, surface, t, memory)
            out += new
            b = 1 + 2 * TYPES.index(t)
            out_tags += [b] + [b + 1] * (len(new) - 1)
            at = e
        return out + toks[at:], out_tags + tags[at:]

    def other(self, rng, surface, t, memory):
        if (surface, t) in memory:
            return memory[surface, t]
        new = list(surface)
        if rng.random() < 0.5:
            if t == "PERSON":
                for i, w in enumerate(surface):
                    if case_class(w) in (1, 2, 4) and len(w) > 2:
                        key = (w.lower(), "part")
                        if key not in memory:
                            pool = self.first if i == 0 and len(surface) > 1 else self.last
                            memory[key] = rng.choice(pool)
                        new[i] = memory[key].upper() if case_class(w) == 2 else memory[key]
            elif self.by_type[t]:
                new = list(rng.choice(self.by_type[t]))
                if all(case_class(w) in (2, 5, 7) for w in surface) and len(surface[0]) > 4:
                    new = [w.upper() for w in new]
        memory[surface, t] = new
        return new


def spans(tags):
    """(start, end, type) of every name of a BIO sequence over TAGS."""
    out, start, kind = [], None, None
    for i, tag in enumerate(list(tags) + [0]):
        inside = 0 < tag < len(TAGS) and tag % 2 == 0
        t = TYPES[(tag - 1) // 2] if 0 < tag < len(TAGS) else None
        if start is not None and not (inside and t == kind):
            out.append((start, i, kind))
            start = None
        if t is not None and start is None:
            start, kind = i, t
    return out


class Window:
    """Pieces of one window; `first` are the positions of first pieces, `at` their tokens in the document (headline first)."""

    __slots__ = ("ids", "case", "kind", "first", "at", "leads")

    def __init__(self):
        self.ids, self.case, self.kind, self.first, self.at = [CLS], [14], [0], [], []
        self.leads = False

    def add(self, vocabulary, token, klass, headline, index):
        self.first.append(len(self.ids))
        self.at.append(index)
        for k, piece in enumerate(vocabulary.pieces(token)):
            self.ids.append(piece)
            self.case.append(2 * klass + (k > 0))
            self.kind.append(1 if headline else 0)

    def separate(self, headline):
        self.ids.append(SEP)
        self.case.append(14)
        self.kind.append(1 if headline else 0)


def cut(vocabulary, doc, budget=192, overlap=32, classes=None):
    """Windows of a document: headline, separator, text; cut at sentence ends where one is near, else with an overlap."""
    head, toks, ends = doc["head"], doc["tokens"], doc["ends"]
    klass = classes or [case_class(t) for t in head + toks]
    windows, w = [], Window()
    w.leads = True
    for i, t in enumerate(head):
        if len(w.ids) + len(vocabulary.pieces(t)) + 1 > budget:
            break
        w.add(vocabulary, t, klass[i], True, i)
    if head:
        w.separate(True)
    size = [len(vocabulary.pieces(t)) for t in toks]
    i, base, begun = 0, len(head), False
    stops = set(ends)
    while i < len(toks):
        room = budget - 1 - len(w.ids)
        j, used = i, 0
        while j < len(toks) and used + size[j] <= room:
            used += size[j]
            j += 1
        if j < len(toks):
            k = j
            while k > i + (j - i) // 2 and k not in stops:
                k -= 1
            clean = k in stops and k > i + (j - i) // 2
            j = k if clean else j
            if j == i:
                windows.append(w)
                w = Window()
                continue
        else:
            clean = True
        for x in range(i, j):
            w.add(vocabulary, toks[x], klass[base + x], False, base + x)
        w.separate(False)
        windows.append(w)
        if j >= len(toks):
            return windows
        w, begun = Window(), True
        back = j
        if not clean:
            used = 0
            while back > i + 1 and used + size[back - 1] <= overlap:
                back -= 1
                used += size[back]
        i = back
    if not begun:
        w.separate(False)
        windows.append(w)
    return windows


def noisy(rng, doc, names, swap=0.3):
    """A training copy of the document: names swapped, case noise, the headline sometimes gone. (doc, case classes)"""
    head, htags, toks, tags = doc["head"], doc["head_tags"], doc["tokens"], doc["tags"]
    swapped = doc["scheme"] == "full" and rng.random() < swap
    ends = doc["ends"]
    if swapped:
        memory = {}
        head, htags = names.swap(rng, head, htags, memory)
        new, new_tags, new_ends, at = [], [], [], 0
        for e in ends:
            a, b = names.swap(rng, toks[at:e], tags[at:e], memory)
            new += a
            new_tags += b
            new_ends.append(len(new))
            at = e
        toks, tags, ends = new, new_tags, new_ends
    hk, k = [case_class(t) for t in head], [case_class(t) for t in toks]
    if head and rng.random() < 0.25:
        change = TITLE if rng.random() < 0.6 else UPPER if rng.random() < 0.8 else LOWER
        hk = [change.get(c, c) for c in hk]
    at = 0
    for e in ends:
        if rng.random() < 0.02:
            change = rng.choice([UPPER, UPPER, TITLE, LOWER])
            k[at:e] = [change.get(c, c) for c in k[at:e]]
        at = e
    gone = bool(toks) and bool(head) and rng.random() < 0.15
    if gone:
        head, htags, hk = [], [], []
    out = dict(doc, head=head, head_tags=htags, tokens=toks, tags=tags, ends=ends)
    out["moved"] = swapped
    out["gone"] = len(doc["head"]) if gone else 0
    return out, hk + k


def allowed():
    """(tags + partial sets) x tags: which tags a label may stand for."""
    table = np.zeros((len(TAGS) + len(PARTIAL), len(TAGS)), dtype=bool)
    table[np.arange(len(TAGS)), np.arange(len(TAGS))] = True
    for k, names in enumerate(PARTIAL.values()):
        for name in names:
            table[len(TAGS) + k, TAGS.index(name)] = True
    return table


def load(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]


def shuffled(seed, items):
    items = list(items)
    random.Random(seed).shuffle(items)
    return items
