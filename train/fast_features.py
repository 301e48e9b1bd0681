"""What the fast recogniser sees of a token. The same numbers as `src/enrich/tagger/fast/` computes: a fixture checks it.

Every token sums the rows of its slots. Static slots are functions of the token's form alone; the others look at the
document. All hashing is FNV-1a over UTF-8 with 64 bits, mixed at the end.
"""

import csv
import json
import re
import unicodedata
import zipfile
from pathlib import Path

MASK = (1 << 64) - 1

# Slots and how many rows each has; 0 is the row of zeros in slot 0 (words without a vector), else rows start at 0.
WORD, PREFIX, SUFFIX3, SUFFIX2, SUFFIX4, SHAPE, CASE, UNIGRAM, PHRASE, DOCUMENT, PLACE = range(11)
ROWS = [1 << 15, 1 << 13, 1 << 13, 1 << 11, 1 << 13, 1 << 10, 64, 1 << 9, 1 << 10, 16, 32]
BASE = [sum(ROWS[:k]) for k in range(len(ROWS))]
STATIC = 8

LISTS = ["person", "company", "state", "city", "place", "facility", "norp", "event", "work", "body", "club", "ticker",
         "forename", "surname", "article"]
PREFIX_FLAG = 1 << 15
PHRASE_MAX = 8
OPENERS = {'"', "\u201c", "\u2018", ":", "\u2022", "*"}


def fnv(data, slot):
    h = (0xCBF29CE484222325 + slot) & MASK
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def mix(h):
    h ^= h >> 32
    h = (h * 0x9E3779B97F4A7C15) & MASK
    return h ^ (h >> 29)


def key32(h):
    """What the two indexes of words and phrases are searched by."""
    return mix(h) >> 32


def chain(h, following):
    """Hash of a phrase from that of its beginning and that of its next word."""
    return ((h * 0x100000001B3) ^ following) & MASK


def norm(word):
    """Lower case, every ASCII digit a zero."""
    return re.sub("[0-9]", "0", word.lower())


def case_class(word):
    """0 lower, 1 Title, 2 UPPER, 3 one upper letter, 4 mixed, 5 digits, 6 letters and digits, 7 other."""
    upper = sum(c.isupper() for c in word)
    lower = sum(c.islower() for c in word)
    digits = sum("0" <= c <= "9" for c in word)
    if upper + lower == 0:
        return 5 if digits == len(word) else 7
    if digits:
        return 6
    if upper == 0:
        return 0
    if len(word) == 1:
        return 3
    if lower == 0:
        return 2
    return 1 if upper == 1 and word[0].isupper() else 4


def shape(word):
    """Letters as X and x, digits as d, runs cut to three, at most ten symbols."""
    out = []
    for c in word:
        s = "X" if c.isupper() else "x" if c.islower() else "d" if "0" <= c <= "9" else c if c < "\x80" else "o"
        if len(out) < 3 or out[-1] != s or out[-2] != s or out[-3] != s:
            out.append(s)
            if len(out) == 10:
                break
    return "".join(out)


class Index:
    """Words or phrases by 32 bits of their hash. The first that is put in stays."""

    def __init__(self):
        self.values = {}

    def get(self, h):
        return self.values.get(key32(h), 0)


def form_hash(word):
    return fnv(word.encode(), 31)


def static(word, gazetteer):
    """(rows of the static slots within the whole table, hash of the normal form)."""
    low = norm(word)
    raw = low.encode()
    h = fnv(raw, WORD)
    case = case_class(word)
    size = min(len(word), 8) - 1
    parts = {
        WORD: mix(h),
        PREFIX: mix(fnv(low[:3].encode(), PREFIX)),
        SUFFIX3: mix(fnv(low[-3:].encode(), SUFFIX3)),
        SUFFIX2: mix(fnv(low[-2:].encode(), SUFFIX2)),
        SUFFIX4: mix(fnv(low[-4:].encode(), SUFFIX4)),
        SHAPE: mix(fnv(shape(word).encode(), SHAPE)),
        CASE: case * 8 + size,
        UNIGRAM: mix(gazetteer.get(h) & ~PREFIX_FLAG) if case else 0,
    }
    return [BASE[k] + (parts[k] & (ROWS[k] - 1)) for k in range(STATIC)], h


def vector_row(word, vectors):
    """Row of the word vectors, from 1; 0 where the word has none. As written, else in lower case."""
    return vectors.get(form_hash(word)) or vectors.get(form_hash(word.lower()))


def segment_class(words, cases):
    """0 normal, 1 CAPITALS, 2 Title Case, 3 no capitals: of one sentence."""
    long = [c for w, c in zip(words, cases) if c < 5 and len(w) >= 4]
    some = [c for c in cases if c < 5]
    if len(long) >= 2 and sum(c == 2 for c in long) * 10 >= 8 * len(long):
        return 1
    if len(long) >= 3 and sum(c != 0 for c in long) * 10 >= 7 * len(long):
        return 2
    if len(some) >= 3 and not any(some):
        return 3
    return 0


def contextual(words, hashes, sentences, head, gazetteer):
    """Rows of the context slots for a document: `sentences` are (start, end) that cover it, the first `head` tokens are
    the headline. One list of three rows a token."""
    cases = [case_class(w) for w in words]
    place = [0] * len(words)
    lower, inner, headline, twice = set(), set(), set(), set()
    seen = set()
    for start, end in sentences:
        kind = segment_class(words[start:end], cases[start:end])
        for i in range(start, end):
            h = hashes[i]
            opens = 1 if i == start else 2 if words[i - 1] in OPENERS else 0
            place[i] = opens + 3 * (kind + 4 * (i < head))
            if cases[i] == 0:
                lower.add(h)
            elif kind == 0 and opens == 0:
                inner.add(h)
            if i < head:
                headline.add(h)
            if h in seen:
                twice.add(h)
            seen.add(h)
    phrase = phrases(cases, hashes, head, gazetteer)
    rows = []
    for i, h in enumerate(hashes):
        flags = (h in lower) + 2 * (h in inner) + 4 * (h in headline) + 8 * (h in twice)
        rows.append([BASE[PHRASE] + phrase[i], BASE[DOCUMENT] + flags, BASE[PLACE] + place[i]])
    return rows


def phrases(cases, hashes, head, gazetteer):
    """Per token, the row of the longest known phrase of two tokens and more that it stands in."""
    out = [0] * len(hashes)
    i = 0
    while i < len(hashes):
        best, value = 0, 0
        if cases[i] != 0:
            stop = min(i + PHRASE_MAX, head if i < head else len(hashes))
            h = hashes[i]
            known = gazetteer.get(h)
            k = 1
            while known & PREFIX_FLAG and i + k < stop:
                h = chain(h, hashes[i + k])
                known = gazetteer.get(h)
                k += 1
                if known & ~PREFIX_FLAG:
                    best, value = k, known & ~PREFIX_FLAG
        for k in range(best):
            part = 0 if k == 0 else 2 if k == best - 1 else 1
            out[i + k] = mix((value << 2 | part) + 1) & (ROWS[PHRASE] - 1)
        i += max(best, 1)
    return out


def build_gazetteer(data, names_tsv, tokenise):
    """An `Index` from phrases to the set of lists they stand in, with the beginnings of longer ones marked."""
    out = {}

    def put(name, kind):
        words = [norm(w) for w in tokenise(unicodedata.normalize("NFC", name))]
        if not words or len(words) > PHRASE_MAX or sum(map(len, words)) < 2:
            return
        h = fnv(words[0].encode(), WORD)
        for w in words[1:]:
            out[key32(h)] = out.get(key32(h), 0) | PREFIX_FLAG
            h = chain(h, fnv(w.encode(), WORD))
        out[key32(h)] = out.get(key32(h), 0) | 1 << LISTS.index(kind)

    for name, kind in listed(data, names_tsv):
        put(name, kind)
    index = Index()
    index.values = out
    return index


def listed(data, names_tsv):
    """(name, list) of every name we have a table for, save those learnt from the annotated news."""
    kinds = {"person": "person", "company": "company", "country": "state", "state": "state", "region": "state",
             "city": "city", "place": "place", "demonym": "norp", "group": "norp", "event": "event", "body": "body",
             "party": "body", "university": "body", "club": "club"}
    others = {"FAC": "facility", "PRODUCT": "work", "WORK": "work"}
    for line in names_tsv.open():
        name, kind, source = line.rstrip("\n").split("\t")[:3]
        if source != "learnt":
            found = kinds.get(source) or others.get(kind)
            if found:
                yield name, found
    gaz = data / "gazetteers"
    for file, column, kind in [("common-forenames-by-country.csv", "Romanized Name", "forename"),
                               ("common-surnames-by-country.csv", "Romanized Name", "surname")]:
        for row in csv.DictReader((gaz / file).open(encoding="utf-8-sig")):
            for name in (row[column], row["Localized Name"]):
                if name and len(name) > 1 and " " not in name:
                    yield name, kind
    for line in (names_tsv.parent / "forenames.txt").open():
        yield line.strip(), "forename"
    with zipfile.ZipFile(gaz / "cities15000.zip") as z:
        for line in z.read("cities15000.txt").decode().splitlines():
            f = line.split("\t")
            for name in {f[1], f[2]}:
                yield name, "city"
    for file in ["admin1.json", "admin2.json"]:
        for row in json.load((gaz / file).open()):
            yield row["name"], "place"
    for row in json.load((gaz / "sec-company-tickers-exchange.json").open())["data"]:
        name = re.sub(r"(?i)[,.]?\s+(inc|corp|co|ltd|plc|llc|lp|n\.?v|s\.?a|ag|holdings?|group|/\w+/)\b\.?.*$", "",
                      row[1])
        if len(name) > 2:
            yield name, "ticker"
    for row in csv.DictReader((gaz / "wikidata-top10k-aliases.csv").open()):
        label = row["Label"]
        if label[:1].isupper() and len(label) > 3:
            yield label, "article"


def load_md(folder, keep):
    """spaCy's md vectors: (matrix, {word: row}) of the words that are one token to `keep`."""
    import numpy as np
    matrix = np.load(Path(folder) / "vectors")
    raw = (Path(folder) / "key2row").read_bytes()
    assert raw[0] == 0xDF
    rows, at = {}, 5
    for _ in range(int.from_bytes(raw[1:5], "big")):
        key, at = unpack(raw, at)
        rows[key], at = unpack(raw, at)
    words = {}
    for word in json.load((Path(folder) / "strings.json").open()):
        if keep(word):
            row = rows.get(murmur(word.encode()))
            if row is not None:
                words[word] = row
    return matrix, words


def unpack(raw, at):
    """One msgpack integer."""
    first = raw[at]
    if first < 0x80:
        return first, at + 1
    size = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}[first]
    return int.from_bytes(raw[at + 1:at + 1 + size], "big"), at + 1 + size


def murmur(data):
    """MurmurHash64A with seed 1, as spaCy names strings."""
    m, h = 0xC6A4A7935BD1E995, (1 ^ (len(data) * 0xC6A4A7935BD1E995)) & MASK
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        k = int.from_bytes(data[at:at + 8], "little") * m & MASK
        k = (k ^ (k >> 47)) * m & MASK
        h = (h ^ k) * m & MASK
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & MASK
    h = (h ^ (h >> 47)) * m & MASK
    return h ^ (h >> 47)
