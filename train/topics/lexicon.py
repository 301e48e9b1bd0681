"""The lexicon of telling phrases: `lexicon/*.txt`, one concept a line, `code name: phrase, phrase`."""

from pathlib import Path

from words import LONGEST
from words import tokenize
from words import words

FOLDER = Path(__file__).resolve().parent / "lexicon"


def load():
    """{folded words of a phrase: [codes]}, in order of the files."""
    phrases = {}
    for path in sorted(FOLDER.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            head, _, tail = line.partition(":")
            code = head.split()[0]
            if not code.isdigit() or len(code) != 8:
                raise SystemExit(f"{path.name}:{number}: no code")
            for phrase in tail.split(","):
                key = tuple(word for word, _ in words(tokenize(phrase.strip())))
                if not 0 < len(key) <= LONGEST:
                    raise SystemExit(f"{path.name}:{number}: {phrase!r} is not 1 to {LONGEST} words")
                codes = phrases.setdefault(key, [])
                if code not in codes:
                    codes.append(code)
    return phrases
