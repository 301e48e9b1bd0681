#!/usr/bin/env python3
"""Reads every corpus under DATA into one file of documents, tokenised as the Rust side does.

    DATA=../shared/data python3 train/data.py OUT

OUT/docs.jsonl, one document a line:
  id        stable; the split is a function of it
  source    the corpus; genre: news, written, web, wiki, social
  split     train, dev or test. Ours by hash of the id; corpora with a test file of their own keep it
  scheme    what an untagged token means: see SCHEMES
  head      tokens of the headline (may be empty); tokens: of the text
  ends      index after the last token of each sentence of the text; paras: likewise, of each paragraph where known
  head_tags, tags    per token: index into TAGS, or 19 + k for PARTIAL[k]; null where the document has no names
  topics    Media Topic codes where labelled, else absent
Only what may be learned from is tagged: documents of scheme `none` are text for the teacher to label.
"""

import hashlib
import json
import os
import random
import re
import sys
import unicodedata
from pathlib import Path

TYPES = ["PERSON", "ORG", "GPE", "LOC", "FAC", "NORP", "EVENT", "WORK", "PRODUCT"]
TAGS = ["O"] + [f"{p}-{t}" for t in TYPES for p in "BI"]
INDEX = {tag: i for i, tag in enumerate(TAGS)}

# Labels of corpora with coarser types: the set of our tags that they may stand for.
PARTIAL = {
    "B-PLACE": ["B-GPE", "B-LOC", "B-FAC"],
    "I-PLACE": ["I-GPE", "I-LOC", "I-FAC"],
    # "the rest that the corpus names": often none of our types (awards, fields, genres).
    "B-MISC": ["O", "B-EVENT", "B-WORK", "B-PRODUCT", "B-NORP"],
    "I-MISC": ["O", "I-EVENT", "I-WORK", "I-PRODUCT", "I-NORP"],
    # Untagged where nationalities may be missing; where anything but persons, organisations, places may be missing.
    "O-NORP": ["O", "B-NORP", "I-NORP"],
    "O-REST": ["O"] + [f"{p}-{t}" for t in ["NORP", "EVENT", "WORK", "PRODUCT"] for p in "BI"],
}
PARTIAL_INDEX = {name: len(TAGS) + k for k, name in enumerate(PARTIAL)}

# corpus file -> (genre, meaning of an untagged token, split or None = by hash, learn from it)
SCHEMES = {
    "ewt-train": ("web", "O-REST", "train", True),
    "ewt-dev": ("web", "O-REST", "dev", True),
    "ewt-test": ("web", "O-REST", "test", True),
    "pud-test": ("news", "O-REST", "test", True),
    "gum-news-train": ("news", "O-NORP", "train", True),
    "gum-news-test": ("news", "O-NORP", "test", True),
    "gum-other-train": ("web", "O-NORP", "train", True),
    "gum-other-test": ("web", "O-NORP", "test", True),
    "re-docred": ("wiki", "O-NORP", None, True),
    "wikigold": ("wiki", "O", None, True),
    "crossner-politics": ("wiki", "O-REST", None, True),
    "crossner-literature": ("wiki", "O-REST", None, True),
    "crossner-music": ("wiki", "O-REST", None, True),
    "crossner-science": ("wiki", "O-REST", None, True),
    "crossner-ai": ("wiki", "O-REST", None, True),
    "wnut17": ("social", "O-NORP", "train", True),
    "wnut17-test": ("social", "O-NORP", "test", True),
    "btc": ("social", "O-REST", None, True),
    # Roles and common nouns are tagged as names here: text alone.
    "sec": ("legal", "O-REST", "train", False),
    "re3d": ("news", "O-REST", "train", False),
    "gmb-silver": ("news", "O", "train", False),
}


def tokens(text):
    """Spans of tokens: a run of letters, digits and marks, or one other character that is neither space nor control."""
    spans, start = [], None
    for i, c in enumerate(text):
        word = unicodedata.category(c)[0] in "LMN"
        alone = word and is_cjk(ord(c))
        if word and not alone:
            if start is None:
                start = i
            continue
        if start is not None:
            spans.append((start, i))
            start = None
        if alone or not (c.isspace() or unicodedata.category(c) in ("Cc", "Cf")):
            spans.append((i, i + 1))
    if start is not None:
        spans.append((start, len(text)))
    return spans


def is_cjk(c):
    """The blocks that BERT takes one character at a time."""
    return (
        0x4E00 <= c <= 0x9FFF or 0x3400 <= c <= 0x4DBF or 0x20000 <= c <= 0x2A6DF or 0x2A700 <= c <= 0x2B73F
        or 0x2B740 <= c <= 0x2B81F or 0x2B820 <= c <= 0x2CEAF or 0xF900 <= c <= 0xFAFF or 0x2F800 <= c <= 0x2FA1F
    )


def split_of(doc_id):
    """One in ten documents is held out, one in ten is for choosing."""
    bucket = int(hashlib.sha256(doc_id.encode()).hexdigest()[:8], 16) % 10
    return {0: "test", 1: "dev"}.get(bucket, "train")


def tag_sentence(text, entities):
    """(tokens, tags) of a sentence with entities by code points."""
    spans = tokens(text)
    tags = [0] * len(spans)
    for e in entities:
        kind = {"PER": "PERSON"}.get(e["type"], e["type"])
        first = True
        for i, (s, t) in enumerate(spans):
            if s < e["end"] and t > e["start"]:
                tags[i] = INDEX[("B-" if first else "I-") + kind]
                first = False
    return [text[s:t] for s, t in spans], tags


class Doc:
    """One document under construction."""

    def __init__(self, doc_id, source, genre, split=None, scheme="full"):
        self.d = {"id": doc_id, "source": source, "genre": genre, "split": split or split_of(doc_id), "scheme": scheme,
                  "head": [], "head_tags": [], "tokens": [], "tags": [], "ends": [], "paras": []}

    def headline(self, toks, tags):
        self.d["head"], self.d["head_tags"] = toks, tags

    def sentence(self, toks, tags):
        if toks:
            self.d["tokens"] += toks
            self.d["tags"] += tags
            self.d["ends"].append(len(self.d["tokens"]))

    def done(self):
        d = self.d
        if not d["paras"]:
            d["paras"] = [len(d["tokens"])]
        return d if d["tokens"] or d["head"] else None


def names(data):
    """Our own annotations: all nine types, every token decided."""
    topics = {}
    for f in sorted((data / "topics").glob("*-topics.jsonl")) + sorted((data / "topics").glob("written-?.jsonl")):
        for line in f.open():
            t = json.loads(line)
            key = t["id"] if "-topics" in f.name else f"written-{t['id']}"
            topics[key] = t["topics"]
    starts = sorted(int(k[4:]) for k in topics if k.startswith("gmb-"))
    doc, key = None, None
    for f in sorted((data / "names").glob("*.jsonl")):
        stem = f.stem
        for line in f.open():
            s = json.loads(line)
            toks, tags = tag_sentence(s["text"], s["entities"])
            if stem.startswith("gmb"):
                n = int(s["id"])
                # Articles of the last two files have no known starts: blocks of eight sentences, all for training.
                floor = 12000 if n >= 12000 else 0
                first = max((x for x in starts if floor <= x <= n), default=floor)
                if n >= 20000:
                    first = n - n % 8
                new, split = f"gmb-{first}", (None if n < 20000 else "train")
            else:
                art = s["id"].split(".")[0][1:]
                new = f"wikinews-{art}" if stem.startswith("wikinews") else f"written-{stem[-1]}-{int(art):04d}"
                split = None
            if new != key:
                if doc:
                    yield finish(doc, topics)
                key = new
                doc = Doc(new, stem, "written" if stem.startswith("written") else "news", split)
                if not stem.startswith("gmb"):
                    doc.headline(toks, tags)
                    continue
            if stem.startswith("wikinews") and not doc.d["tokens"] and len(toks) <= 5 and not any(tags):
                continue  # the date line under the headline
            doc.sentence(toks, tags)
    yield finish(doc, topics)


def finish(doc, topics):
    d = doc.done()
    if d and d["id"] in topics:
        d["topics"] = topics[d["id"]]
    return d


def conll(path, known):
    """A corpus of coarser labels, retokenised; sentences that `known` holds are dropped."""
    stem = path.stem
    genre, untagged, split, learn = SCHEMES[stem]
    untagged = 0 if untagged == "O" else PARTIAL_INDEX[untagged]
    n, doc, sent = 0, None, []

    def flush():
        nonlocal sent
        if sent and doc is not None:
            toks, tags = [], []
            for word, tag in sent:
                word = {"-LRB-": "(", "-RRB-": ")", "``": '"', "''": '"', "-LSB-": "[", "-RSB-": "]"}.get(word, word)
                for k, (s, t) in enumerate(tokens(word)):
                    toks.append(word[s:t])
                    tags.append(conll_tag(tag if k == 0 or not tag.startswith("B-") else "I-" + tag[2:], untagged))
            if " ".join(toks) not in known:
                doc.sentence(toks, tags)
        sent = []

    for line in path.open():
        line = line.rstrip("\n")
        if not line:
            flush()
            continue
        word, _, tag = line.partition("\t")
        if word == "-DOCSTART-":
            flush()
            if doc and (d := doc.done()):
                yield d
            doc = Doc(f"{stem}-{n}", stem, genre, split, "partial" if learn else "none")
            n += 1
            continue
        sent.append((word, tag))
    flush()
    if doc and (d := doc.done()):
        yield d


def conll_tag(tag, untagged):
    if tag == "O":
        return untagged
    prefix, kind = tag[0], tag[2:]
    if kind == "LOC":
        return PARTIAL_INDEX[f"{prefix}-PLACE"]
    if kind == "MISC":
        return PARTIAL_INDEX[f"{prefix}-MISC"]
    return INDEX[f"{prefix}-{'PERSON' if kind == 'PER' else kind}"]


MARKED = re.compile(r"\[([^\[\]|]+)\|([A-Z]+)\]")


def written(folder):
    """Our own written items with names marked inline: [surface|TYPE]."""
    for f in sorted(folder.glob("*.txt")):
        for n, block in enumerate(re.split(r"\n\s*\n", f.read_text().strip())):
            doc = Doc(f"{f.stem}-{n:03d}", f.stem.split("-")[0], "written")
            topics = []
            for line in block.splitlines():
                kind, _, rest = line.partition(":")
                rest = rest.strip()
                if kind == "T":
                    topics = re.findall(r"\d{8}", rest)
                    continue
                text, entities, at = "", [], 0
                for m in MARKED.finditer(rest):
                    text += rest[at:m.start()]
                    kind_of = m.group(2)
                    if kind_of == "PERSON":
                        kind_of = "PER"
                    if kind_of != "PER" and kind_of not in TYPES:
                        raise SystemExit(f"{f.name} item {n}: unknown type {kind_of}")
                    entities.append({"start": len(text), "end": len(text) + len(m.group(1)), "type": kind_of})
                    text += m.group(1)
                    at = m.end()
                text += rest[at:]
                if kind == "H":
                    doc.headline(*tag_sentence(text, entities))
                elif kind == "B":
                    for toks, tags in sentences(*tag_sentence(text, entities)):
                        doc.sentence(toks, tags)
                    doc.d["paras"].append(len(doc.d["tokens"]))
            d = doc.done()
            if d:
                if topics:
                    d["topics"] = topics
                yield d


def sentences(toks, tags):
    """Rough sentence ends, never inside a name: enough to cut windows."""
    out, start = [], 0
    for i in range(len(toks)):
        last = i + 1 == len(toks)
        end = toks[i] in ".?!" and i - start > 4 and not last and toks[i + 1][:1].isupper() and len(toks[i - 1]) > 2
        if last or (end and tags[i + 1] % 2 != 0 or end and tags[i + 1] == 0):
            out.append((toks[start:i + 1], tags[start:i + 1]))
            start = i + 1
    return out


def headlines(data):
    for n, line in enumerate((data / "topics" / "huffpost-headlines.jsonl").open()):
        h = json.loads(line)
        spans = tokens(h["text"])
        yield {"id": f"huffpost-{n}", "source": "huffpost", "genre": "headline", "split": "train", "scheme": "none",
               "head": [h["text"][s:t] for s, t in spans], "head_tags": [], "tokens": [], "tags": [], "ends": [],
               "paras": [], "topics": [h["topic"]]}


def main():
    data = Path(os.environ.get("DATA", "../shared/data"))
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    docs = [d for d in names(data) if d]
    known = set()
    for d in docs:
        start = 0
        for end in d["ends"]:
            known.add(" ".join(d["tokens"][start:end]))
            start = end
    for stem in SCHEMES:
        docs += list(conll(data / "ner" / f"{stem}.conll", known if stem == "gmb-silver" else set()))
    docs += list(written(Path(__file__).parent / "written"))
    docs += list(headlines(data))
    seen = set()
    for d in docs:
        if d["id"] in seen:
            raise SystemExit(f"document {d['id']} twice")
        seen.add(d["id"])
    random.Random(1).shuffle(docs)
    with (out / "docs.jsonl").open("w") as f:
        for d in docs:
            f.write(json.dumps(d, ensure_ascii=False, separators=(",", ":")) + "\n")
    table = {}
    for d in docs:
        row = table.setdefault((d["source"], d["split"]), [0, 0])
        row[0] += 1
        row[1] += len(d["tokens"]) + len(d["head"])
    for (source, split), (n, words) in sorted(table.items()):
        print(f"{source:22} {split:6} {n:6} documents {words:8} tokens")


if __name__ == "__main__":
    main()
