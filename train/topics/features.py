"""Documents as counted words and phrases; the same counts as `src/enrich/topics/counts.rs` makes."""

import json

import numpy as np
from scipy import sparse

from words import LONGEST
from words import words

# Weight of a word by where it stands: headline, first words, later ones, the tail; words after READ are not read.
HEADLINE, LEAD, BODY, TAIL = 6, 4, 2, 1
LEAD_WORDS, BODY_WORDS, READ = 40, 150, 800
HEADLINE_WORDS = 60
# A phrase of word numbers as one number: multiplied up, modulo 2**64.
MIX = np.uint64(0x9E3779B97F4A7C15)
# Words so frequent that a pair of two of them tells nothing.
COMMON = 150


class Texts:
    """The words of all documents in one row: number of the word, whether it is joined to the one before, its weight and its
    document."""

    def __init__(self, docs):
        self.number, self.names = {}, []
        numbers, joined, weights, owners = [], [], [], []
        for owner, doc in enumerate(docs):
            for field, most in (("head", HEADLINE_WORDS), ("tokens", READ)):
                for at, (word, is_joined) in enumerate(words(doc[field])[:most]):
                    numbers.append(self.of(word))
                    joined.append(is_joined)
                    body = LEAD if at < LEAD_WORDS else BODY if at < BODY_WORDS else TAIL
                    weights.append(HEADLINE if field == "head" else body)
                    owners.append(owner)
        self.words, self.joined = np.array(numbers, np.uint64), np.array(joined)
        self.weights, self.owners = np.array(weights, np.float32), np.array(owners, np.int64)

    def of(self, word):
        """The number of a word, from 1."""
        if word not in self.number:
            self.number[word] = len(self.number) + 1
            self.names.append(word)
        return self.number[word]

    def key(self, phrase):
        """The number of a phrase."""
        out = 0
        for word in phrase:
            out = (out * int(MIX) + self.of(word)) & 0xFFFFFFFFFFFFFFFF
        return out

    def runs(self, length):
        """(start, key) of every run of so many joined words."""
        starts = np.arange(len(self.words) - length + 1)
        for step in range(1, length):
            starts = starts[self.joined[starts + step]]
        keys = np.zeros(len(starts), np.uint64)
        for step in range(length):
            keys = keys * MIX + self.words[starts + step]
        return starts, keys

    def choose(self, lexicon, light, least=(4, 8)):
        """The phrases that are counted: words and pairs of so many documents, and all of the lexicon. Pairs of documents that
        are `light` do not count."""
        found = {self.key(phrase): phrase for phrase in lexicon}
        common = set()
        for length in (1, 2):
            starts, keys = self.runs(length)
            if length == 2:
                heavy = ~light[self.owners[starts]]
                starts, keys = starts[heavy], keys[heavy]
            order = np.lexsort((self.owners[starts], keys))
            starts, keys = starts[order], keys[order]
            new = np.ones(len(keys), bool)
            new[1:] = (keys[1:] != keys[:-1]) | (self.owners[starts[1:]] != self.owners[starts[:-1]])
            starts, keys = starts[new], keys[new]
            known, first, count = np.unique(keys, return_index=True, return_counts=True)
            if length == 1:
                common = {int(key) for key in known[np.argsort(-count)[:COMMON]]}
            for key, at in zip(known[count >= least[length - 1]].tolist(), first[count >= least[length - 1]]):
                run = self.words[starts[at]:starts[at] + length].tolist()
                if length == 1 or not all(word in common for word in run):
                    found.setdefault(key, tuple(self.names[word - 1] for word in run))
        return sorted(found.values())

    def matrix(self, phrases, documents):
        """Rows of sqrt(sum of weights) for each phrase, of length 1."""
        keys = np.array([self.key(phrase) for phrase in phrases], np.uint64)
        order = np.argsort(keys)
        keys = keys[order]
        parts = []
        for length in range(1, LONGEST + 1):
            starts, found = self.runs(length)
            at = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
            hit = keys[at] == found
            parts.append((self.weights[starts[hit]], self.owners[starts[hit]], order[at[hit]]))
        values, rows, columns = (np.concatenate(part) for part in zip(*parts))
        out = sparse.csr_matrix((values, (rows, columns)), (documents, len(phrases)), dtype=np.float32)
        out.sum_duplicates()
        total = np.asarray(out.sum(1)).ravel()
        total[total == 0] = 1
        out.data = np.sqrt(out.data / np.repeat(total, np.diff(out.indptr))).astype(np.float32)
        return out


def load(path, headlines):
    """Documents of train/data.py; of the corpus of headlines only the first few by id."""
    docs = [json.loads(line) for line in open(path, encoding="utf-8")]
    docs = [doc for doc in docs if len(doc["head"]) + len(doc["tokens"]) >= 5]
    docs.sort(key=lambda doc: doc["id"])
    light = [doc for doc in docs if doc["source"] == "huffpost"][:headlines]
    return [doc for doc in docs if doc["source"] != "huffpost"] + light
