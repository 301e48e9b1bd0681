"""Training matrices: counts, vectors, lexicon scores and labels of documents, and the vocabulary's tree."""

import json
import os
from pathlib import Path

import numpy as np
from scipy import sparse

import features
import lexicon

DATA = Path(os.environ.get("DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
DIMS = 128
# Documents of the headlines corpus that are used: it is short and of another register.
HEADLINES = 8000


class Tree:
    """IPTC Media Topics: ancestors and names of the active concepts."""

    def __init__(self):
        table = json.loads((DATA / "topics" / "mediatopics.json").read_text(encoding="utf-8"))
        self.raw = {uri[7:]: entry for uri, entry in table.items()}

    def path(self, code):
        """The concept and its ancestors, root last; active ones only."""
        out = []
        while code in self.raw:
            if not self.raw[code]["retired"]:
                out.append(code)
            code = (self.raw[code]["parent"] or "")[7:]
        return out

    def level(self, code):
        return self.raw[code]["level"]


def family(source):
    """Sources that are held out together."""
    return next((name for name in ("gmb", "wikinews", "written", "huffpost") if source.startswith(name)), source)


class Corpus:
    """Everything that a fit needs. `soft` is an .npz of a teacher's labels or None."""

    def __init__(self, docs_path, vectors_path, codes, soft=None):
        self.tree, self.codes = Tree(), codes
        self.docs = features.load(docs_path, HEADLINES)
        self.at = {code: i for i, code in enumerate(codes)}
        entries = lexicon.load()
        texts = features.Texts(self.docs)
        self.phrases = texts.choose(entries, np.array([doc["source"] == "huffpost" for doc in self.docs]))
        index = {phrase: i for i, phrase in enumerate(self.phrases)}
        self.x = texts.matrix(self.phrases, len(self.docs))
        self.vectors = self.phrase_vectors(vectors_path, index)
        self.z = np.asarray(self.x @ self.vectors, dtype=np.float32)
        self.prior = self.phrase_priors(entries, index)
        self.lexicon = np.asarray((self.x @ self.prior).todense(), dtype=np.float32)
        self.family = np.array([family(doc["source"]) for doc in self.docs])
        self.split = np.array([doc["split"] for doc in self.docs])
        self.gold, self.labelled, self.first = self.gold_labels()
        self.soft = self.soft_labels(soft) if soft else None

    def phrase_vectors(self, path, index):
        """A vector for each single word: principal components of the encoder's, scaled by rarity."""
        known = np.load(path)
        at = {word: i for i, word in enumerate(known["words"])}
        vectors = known["vectors"].astype(np.float32)
        vectors -= vectors.mean(0)
        _, basis = np.linalg.eigh(np.cov(vectors[::5], rowvar=False))
        vectors = vectors @ basis[:, ::-1][:, :DIMS]
        vectors /= np.sqrt(np.square(vectors).sum(1).mean())
        rarity = np.log(1 + self.x.shape[0] / (1 + np.diff(self.x.tocsc().indptr)))
        out = np.zeros((len(index), DIMS), np.float32)
        for phrase, i in index.items():
            if len(phrase) == 1 and phrase[0] in at:
                out[i] = vectors[at[phrase[0]]] * min(rarity[i], 8) / 5
        return out

    def phrase_priors(self, entries, index):
        """1 where the lexicon names a concept, or one below it, for a phrase."""
        marks = {(index[phrase], self.at[code]) for phrase, named in entries.items() for one in named
                 for code in self.tree.path(one) if code in self.at}
        rows, columns = zip(*sorted(marks))
        return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (len(index), len(self.codes)))

    def gold_labels(self):
        """(0/1 labels with ancestors, which documents have any, level-1 concept of the first label)."""
        gold = np.zeros((len(self.docs), len(self.codes)), np.float32)
        first = np.full(len(self.docs), -1)
        for row, doc in enumerate(self.docs):
            for code in doc.get("topics") or ():
                for one in self.tree.path(code):
                    if one in self.at:
                        gold[row, self.at[one]] = 1
            if doc.get("topics"):
                first[row] = self.at[self.tree.path(doc["topics"][0])[-1]]
        return gold, first >= 0, first

    def soft_labels(self, path):
        """The teacher's probabilities, in the order of the documents; NaN where it said nothing."""
        said = np.load(path)
        column = {code: i for i, code in enumerate(said["codes"].tolist())}
        rows = {doc: i for i, doc in enumerate(said["ids"].tolist())}
        probability = said["probability"][:, [column[code] for code in self.codes]]
        out = np.full(self.gold.shape, np.nan, np.float32)
        for row, doc in enumerate(self.docs):
            if doc["id"] in rows:
                out[row] = probability[rows[doc["id"]]] / np.float32(255)
        return out
