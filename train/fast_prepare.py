#!/usr/bin/env python3
"""Documents (train/data.py) to arrays for train/fast.py: features and tags of every token.

    DATA=../shared/data VECTORS=.../en_core_web_md/vocab python3 train/fast_prepare.py DOCS OUT

Writes OUT/fast.npz, OUT/names.npz (the two indexes) and prints what went in. Names swapped for others and noise of case
are added to the training side here, seeded.
"""

import json
import os
import random
import sys
from pathlib import Path

import numpy as np

import fast_features as ff
from data import TAGS, TYPES, tokens

UNKNOWN = 255
FIXTURE_SPLIT = 3
# Headline, then a sentence a line: what news has of case, signs, phrases and scripts.
FIXTURE = [
    "U.N. Chief Annan Meets Tony Blair in St. Louis\nLONDON (Reuters) - U.N. Secretary-General Kofi Annan met al-Qaida's "
    "foes on Tuesday.\nAnnan , 66, flew to the United Arab Emirates in 2004 with J. K. Rowling.\n\u201cYes,\u201d said "
    "Élise Müller of Société Générale: \u201cThe G20 chief met us.\u201d",
    "\nISTANBUL AND ANKARA SIGN TREATY WITH EUROPEAN UNION\nthe turkish government of istanbul said so on friday\n"
    "iPhone sales of Apple Inc. rose 3.5% to $1,200,000; İzmir, ŁÓDŹ and 東京 follow.\nMcDonald's, O'Brien & Co. lost.",
    "Manchester United beat Real Madrid\n* Bush: no comment\nBush, George W. Bush and the bush.",
]


def cut(text):
    return [text[s:t] for s, t in tokens(text)]


class Forms:
    """Every different word with its rows."""

    def __init__(self, gazetteer, vectors):
        self.gazetteer, self.vectors = gazetteer, vectors
        self.ids, self.rows, self.row, self.hashes = {}, [[0] * ff.STATIC], [0], [0]

    def id(self, word):
        found = self.ids.get(word)
        if found is None:
            found = self.ids[word] = len(self.rows)
            rows, h = ff.static(word, self.gazetteer)
            self.rows.append(rows)
            self.row.append(ff.vector_row(word, self.vectors))
            self.hashes.append(h)
        return found


class Arrays:
    """Documents one after another: a gap, the headline, a gap, the text; a last gap."""

    def __init__(self, forms):
        self.forms = forms
        self.form, self.context, self.key, self.tag, self.ends, self.docs = [], [], [], [], [], []
        self.ids, self.next_key = [], 1

    def gap(self):
        self.form.append(0)
        self.context.append([0, 0, 0])
        self.key.append(0)
        self.tag.append(UNKNOWN)

    def add(self, d, doc_id=""):
        words = d["head"] + d["tokens"]
        head = len(d["head"])
        ids = [self.forms.id(w) for w in words]
        hashes = [self.forms.hashes[i] for i in ids]
        ends = ([head] if head else []) + [head + e for e in d["ends"]]
        sentences = list(zip([0] + ends[:-1], ends))
        rows = ff.contextual(words, hashes, sentences, head, self.forms.gazetteer)
        tags = d["head_tags"] + d["tags"]
        tags = tags if len(tags) == len(words) and d["scheme"] != "none" else [UNKNOWN] * len(words)
        start, keys = len(self.form), {}
        for i, word in enumerate(words):
            if i == 0 or i == head:
                self.gap()
            self.form.append(ids[i])
            self.context.append(rows[i])
            self.key.append(self.next_key + keys.setdefault(hashes[i], len(keys)))
            self.tag.append(tags[i])
        self.gap()
        self.next_key += len(keys)
        shift = lambda e: start + 1 + e + (1 if head and e > head else 0)
        self.ends += [(shift(s) if s != head else start + (2 if head else 1) + s, shift(e)) for s, e in sentences]
        self.docs.append((start, len(self.form)))
        self.ids.append(doc_id)


def swap(d, rng, pools):
    """A copy with names replaced by others of their type; one name, one replacement."""
    made = {}

    def line(words, tags):
        out_words, out_tags, i = [], [], 0
        while i < len(words):
            j = i + 1
            tag = tags[i]
            if tag % 2 == 1 and tag < len(TAGS):
                while j < len(words) and tags[j] == tag + 1:
                    j += 1
                kind, name = TYPES[tag // 2], tuple(words[i:j])
                if name not in made:
                    made[name] = replacement(kind, name, rng, pools, made)
                out_words += made[name]
                out_tags += [tag] + [tag + 1] * (len(made[name]) - 1)
            else:
                out_words.append(words[i])
                out_tags.append(tag)
            i = j
        return out_words, out_tags

    head, head_tags = line(d["head"], d["head_tags"])
    words, tags, ends, start = [], [], [], 0
    for end in d["ends"]:
        w, t = line(d["tokens"][start:end], d["tags"][start:end])
        words, tags, start = words + w, tags + t, end
        ends.append(len(words))
    return {**d, "head": head, "head_tags": head_tags, "tokens": words, "tags": tags, "ends": ends}


def replacement(kind, name, rng, pools, made):
    if rng.random() < 0.3 or any(not w[0].isalnum() for w in name):
        return list(name)
    if kind == "PERSON":
        for other, new in made.items():
            if len(name) == 1 and len(other) > 1 and other[-1] == name[0] and len(new) > 1:
                return [new[-1]]
        first = [rng.choice(pools["forename"])] if len(name) > 1 else []
        middle = list(name[1:-1])
        return first + middle + [rng.choice(pools["surname"])]
    if len(name) == 1 and name[0].isupper() and kind == "ORG" and len(name[0]) <= 5:
        return ["".join(rng.choice("ABCDEFGHIKLMNOPRSTUVW") for _ in name[0])]
    same = pools.get((kind, len(name)))
    return list(rng.choice(same)) if same and rng.random() < 0.6 else list(name)


def pools_of(docs, names_tsv, data):
    pools = {"forename": [], "surname": []}
    for name, kind in ff.listed(data, names_tsv):
        words = cut(name)
        if kind in ("forename", "surname"):
            if len(words) == 1 and words[0][:1].isupper() and words[0].isascii():
                pools[kind].append(words[0])
        else:
            kind = {"state": "GPE", "city": "GPE", "company": "ORG", "ticker": "ORG", "body": "ORG", "club": "ORG",
                    "place": None, "facility": "FAC"}.get(kind)
            if kind and words and not words[0].isupper() and all(w[0].isalnum() for w in words):
                pools.setdefault((kind, len(words)), []).append(words)
    for d in docs:
        i = 0
        while i < len(d["tags"]):
            j = i + 1
            if d["tags"][i] % 2 == 1 and d["tags"][i] < len(TAGS):
                while j < len(d["tags"]) and d["tags"][j] == d["tags"][i] + 1:
                    j += 1
                kind = TYPES[d["tags"][i] // 2]
                if kind not in ("PERSON", "NORP"):
                    pools.setdefault((kind, j - i), []).append(d["tokens"][i:j])
            i = j
    return pools


def noise(d, rng):
    """A copy in capitals, in Title Case (headline and first sentence), or without capitals."""
    kind = rng.choice(["upper", "upper", "title", "title", "lower"])
    small = {"a", "an", "the", "of", "in", "on", "to", "for", "and", "at", "by", "with", "as", "from"}

    def turn(w):
        if kind == "upper":
            return w.upper() if len(w.upper()) == len(w) else w
        if kind == "lower":
            return w.lower() if len(w.lower()) == len(w) else w
        return w if w in small else w[:1].upper() + w[1:]

    return {**d, "head": [turn(w) for w in d["head"]], "tokens": [turn(w) for w in d["tokens"]]}


def main():
    data, docs_path, out = Path(os.environ["DATA"]), Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    names_tsv = Path(__file__).parent.parent / "models" / "names.tsv"
    gazetteer = ff.build_gazetteer(data, names_tsv, cut)
    single = lambda s: len(s) < 30 and tokens(s) == [(0, len(s))] and not (s[0].isdigit() and len(s) > 4)
    matrix, words = ff.load_md(os.environ["VECTORS"], single)
    vectors = {}
    for word, row in sorted(words.items(), key=lambda item: (item[0].lower() != item[0], item[0])):
        if words.get(word.lower()) != row or word == word.lower():
            vectors.setdefault(ff.key32(ff.form_hash(word)), row + 1)
    index = ff.Index()
    index.values = vectors
    print(f"{len(vectors)} words with a vector, {len(gazetteer.values)} phrases", flush=True)
    forms = Forms(gazetteer, index)
    docs = [json.loads(line) for line in docs_path.open()]
    arrays, meta, rng = Arrays(forms), [], random.Random(7)
    full = [d for d in docs if d["split"] == "train" and d["scheme"] == "full"]
    pools = pools_of(full, names_tsv, data)
    kinds = {"train": 0, "dev": 1, "test": 2}
    sources = sorted({d["source"] for d in docs})

    def put(d, made):
        arrays.add(d, "" if made else d["id"])
        meta.append((kinds[d["split"]], sources.index(d["source"]), made, int(d["scheme"] == "full")))

    for d in docs:
        put(d, 0)
        if d["split"] == "train" and d["scheme"] == "full" and "~" not in d["id"]:
            put(swap(d, rng, pools), 1)
            if rng.random() < 0.5:
                put(noise(d, rng), 2)
    fixture = [fixture_document(text, arrays, meta) for text in FIXTURE]
    (out / "fixture.json").write_text(json.dumps(fixture, ensure_ascii=False))
    save(out, arrays, meta, sources, forms, matrix, index, gazetteer)


def fixture_document(text, arrays, meta):
    """Adds a document for the test of the Rust side, and tells what was computed of it."""
    head, *body = [cut(line) for line in text.split("\n")]
    ends = [sum(map(len, body[:k + 1])) for k in range(len(body))]
    words = [w for line in body for w in line]
    arrays.add({"head": head, "tokens": words, "ends": ends, "scheme": "none", "head_tags": [], "tags": []})
    meta.append((FIXTURE_SPLIT, 0, 0, 0))
    start, end = arrays.docs[-1]
    live = [i for i in range(start, end) if arrays.form[i]]
    rows = [arrays.forms.rows[arrays.form[i]] + arrays.context[i] + [arrays.forms.row[arrays.form[i]]] for i in live]
    ends = ([len(head)] if head else []) + [len(head) + e for e in ends]
    return {"words": head + words, "head": len(head), "ends": ends, "rows": rows}


def save(out, arrays, meta, sources, forms, matrix, index, gazetteer):
    def pairs(index):
        keys = np.array(sorted(index.values), dtype=np.uint32)
        return keys, np.array([index.values[int(k)] for k in keys], dtype=np.uint16)

    word_keys, word_rows = pairs(index)
    phrase_keys, phrase_values = pairs(gazetteer)
    np.savez_compressed(
        out / "fast.npz", form=np.array(arrays.form, np.int32), context=np.array(arrays.context, np.int32),
        key=np.array(arrays.key, np.int32), tag=np.array(arrays.tag, np.uint8), ends=np.array(arrays.ends, np.int32),
        docs=np.array(arrays.docs, np.int32), meta=np.array(meta, np.uint8), ids=np.array(arrays.ids), sources=np.array(sources),
        rows=np.array(forms.rows, np.int32), row=np.array(forms.row, np.int32), matrix=matrix.astype(np.float16),
        word_keys=word_keys, word_rows=word_rows, phrase_keys=phrase_keys, phrase_values=phrase_values)
    print(f"{len(arrays.docs)} documents, {len(arrays.form)} tokens, {len(forms.rows)} forms", flush=True)


if __name__ == "__main__":
    main()
