"""Documents as counted words and phrases; the same counts as `src/enrich/topics/counts.rs` makes."""

import json
from collections import Counter

import numpy as np
from scipy import sparse

from words import LONGEST
from words import words

# Weight of a word by where it stands: headline, first words, later ones, the tail; words after READ are not read.
HEADLINE, LEAD, BODY, TAIL = 6, 4, 2, 1
LEAD_WORDS, BODY_WORDS, READ = 40, 150, 800


def places(doc):
    """(folded word, joined, weight) of the words of a document, headline first."""
    out = [(word, joined, HEADLINE) for word, joined in words(doc["head"])]
    for at, (word, joined) in enumerate(words(doc["tokens"])[:READ]):
        weight = LEAD if at < LEAD_WORDS else BODY if at < BODY_WORDS else TAIL
        out.append((word, joined and at > 0, weight))
    return out


def phrases(found, longest=LONGEST):
    """(phrase, weight) for every run of 1 to `longest` words."""
    for at in range(len(found)):
        for length in range(1, longest + 1):
            if at + length > len(found) or (length > 1 and not found[at + length - 1][1]):
                break
            yield tuple(word for word, *_ in found[at:at + length]), found[at][2]


def load(path):
    """Documents of train/data.py, with their words."""
    docs = []
    for line in open(path, encoding="utf-8"):
        doc = json.loads(line)
        docs.append({"id": doc["id"], "source": doc["source"], "split": doc["split"], "genre": doc["genre"],
                     "topics": doc.get("topics"), "places": places(doc)})
    docs.sort(key=lambda doc: doc["id"])
    return docs


def choose(docs, lexicon, words_least=3, pairs_least=4):
    """The phrases that are counted: frequent words and pairs, and all of the lexicon."""
    count = Counter()
    for doc in docs:
        rare = doc["source"] != "huffpost"
        count.update({phrase for phrase, _ in phrases(doc["places"], 2 if rare else 1)})
    common = {phrase[0] for phrase, n in count.most_common(150) if len(phrase) == 1}
    known = set(lexicon)
    for phrase, n in count.items():
        stop = all(word in common or word.isdigit() for word in phrase)
        if n >= (words_least if len(phrase) == 1 else pairs_least) and not (len(phrase) == 2 and stop):
            known.add(phrase)
    return sorted(known)


def matrix(docs, index):
    """Rows of sqrt(sum of weights) per phrase, of length 1."""
    rows, columns, values = [], [], []
    for row, doc in enumerate(docs):
        count = Counter()
        for phrase, weight in phrases(doc["places"]):
            column = index.get(phrase)
            if column is not None:
                count[column] += weight
        norm = sum(count.values()) ** 0.5 or 1.0
        for column, total in count.items():
            rows.append(row)
            columns.append(column)
            values.append(total ** 0.5 / norm)
    return sparse.csr_matrix((np.array(values, np.float32), (rows, columns)), (len(docs), len(index)))
