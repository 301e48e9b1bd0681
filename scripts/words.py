#!/usr/bin/env python3
"""Counts how words stand in English text and writes models/words.tsv, which key phrases are chosen by.

    DATA=../shared/data python3 scripts/words.py

One word a line, in lower case: how rare it is (0 in every second text or more often, each step half as often, 9 the
rarest), how often it ends a phrase (in tenths), how often it stands inside one (in tenths). A text is a document, or 30
sentences of a longer one. Standard library only; the same data gives the same bytes.
"""
import math
import os
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("DATA", ROOT.parent / "shared" / "data"))
NER = ["gmb-silver", "ewt-train", "gum-news-train", "gum-other-train", "re3d", "wikigold", "re-docred"]
SENTENCES = 30
SEEN = 3  # a word with fewer is left out

# Words before a phrase, or before its next word.
BEFORE = set("""a an the this that these those his her its their our my your 's of in on at by for with from into over under
between against about after before during through and or as than each every any some all more most many several other
another such no""".split())
# Words that a verb, or an adjective that says something of a subject, follows.
VERBAL = set("""to will would can could should may might must shall not n't he she they we you i who which it that did does do
has have had been was were is are be""".split())
FUNCTION = BEFORE | VERBAL | set("""but nor if because while when where whose what how why being am having both either own him them
us me there here then now also only just even still already yet 're 've 'll 'd so such same few much t s""".split())


def documents():
    """Sentences of (word, tag) of each document."""
    for path in sorted((DATA / "names").glob("*.conll")) + [DATA / "ner" / f"{name}.conll" for name in NER]:
        document, sentence = [], []
        for line in open(path, encoding="utf-8"):
            line = line.rstrip("\n")
            if line.startswith("-DOCSTART"):
                yield document
                document = []
            elif line:
                fields = line.split("\t")
                sentence.append((fields[0], fields[-1]))
            elif sentence:
                document.append(sentence)
                sentence = []
        yield document


def count(sentence, seen, low, ends, inside):
    words = [word for word, _ in sentence]
    for at, (word, tag) in enumerate(sentence):
        if not word.isalpha() or len(word) < 3:
            continue
        seen.add(word.lower())
        if not word.islower() or tag != "O":
            continue
        before = words[at - 1].lower() if at else "."
        after = words[at + 1].lower() if at + 1 < len(words) else "."
        low[word] += 1
        ends[word] += before not in VERBAL and (after in FUNCTION or not after[0].isalnum())
        named = at > 0 and sentence[at - 1][1] != "O"
        plain = before.isalpha() and before not in FUNCTION and words[at - 1].islower()
        # Five parts of a count: another plain word before it says less than a determiner.
        inside[word] += 5 if before in BEFORE or named else 3 if plain else 0


def main():
    texts, spread, low, ends, inside = 0, Counter(), Counter(), Counter(), Counter()
    for document in documents():
        for start in range(0, len(document), SENTENCES):
            seen = set()
            for sentence in document[start:start + SENTENCES]:
                count(sentence, seen, low, ends, inside)
            spread.update(seen)
            texts += 1
    with open(ROOT / "models" / "words.tsv", "w", encoding="utf-8") as out:
        for word in sorted(spread):
            if min(spread[word], low[word]) >= SEEN and word not in FUNCTION:
                rare = min(9, int(-math.log2(spread[word] / texts)))
                out.write(f"{word}\t{rare}\t{min(9, 10 * ends[word] // low[word])}\t{min(9, 2 * inside[word] // low[word])}\n")


if __name__ == "__main__":
    main()
