"""Words and phrases of a text as `src/enrich/topics/words.rs` reads them; a test there keeps the two alike."""

import functools
import unicodedata

# Abbreviations whose lower case is another word: kept in capitals.
CAPITAL = {"US", "WHO", "IT", "AIDS", "ICE"}
# A phrase does not reach over these.
BREAKS = set('.!?;:()[]"“”|•')
# Longest phrase of the lexicon, in words.
LONGEST = 4


@functools.lru_cache(1 << 18)
def fold(word):
    """The form of a word that is counted: lower case, a plain plural as its singular, a number by its length."""
    if word in CAPITAL:
        return word
    if word.isascii() and word.isdigit():
        return "0" * min(len(word), 4)
    low = word.lower()
    n = len(low) if low.isascii() else 0
    if n > 4 and low.endswith("ies"):
        return low[:-3] + "y"
    if n > 4 and low.endswith(("ches", "shes", "sses", "xes")):
        return low[:-2]
    if n > 3 and low.endswith("s") and low[-2] not in "sui":
        return low[:-1]
    return low


@functools.lru_cache(1 << 16)
def is_word(c):
    """True for letters, marks and numbers."""
    return unicodedata.category(c)[0] in "LMN"


def words(tokens):
    """(folded word, whether a phrase may reach it from the word before) for each word of more than one letter."""
    out, i, n, joined = [], 0, len(tokens), False
    while i < n:
        token = tokens[i]
        i += 1
        if not is_word(token[0]):
            if token in BREAKS:
                joined = False
            continue
        if len(token) == 1 and token.isalpha():
            # "U.S." is one word.
            while i + 1 < n and tokens[i] == "." and len(tokens[i + 1]) == 1 and tokens[i + 1].isalpha():
                token += tokens[i + 1]
                i += 2
            if len(token) == 1:
                continue
            if i < n and tokens[i] == ".":
                i += 1
        out.append((fold(token), joined))
        joined = True
    return out


def tokenize(text):
    """Tokens of a text: see train/data.py."""
    spans, start = [], None
    for i, c in enumerate(text):
        if unicodedata.category(c)[0] in "LMN":
            if start is None:
                start = i
            continue
        if start is not None:
            spans.append(text[start:i])
            start = None
        if not c.isspace():
            spans.append(c)
    if start is not None:
        spans.append(text[start:])
    return spans
