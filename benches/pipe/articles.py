"""Deterministic articles of 2.7 KB in JSON, one a line, out of the texts of samples/articles.jsonl.

    articles.py COUNT >FILE
"""

import json
import random
import sys
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "samples" / "articles.jsonl"
BYTES = 2_700


def paragraphs():
    """Every paragraph of the samples in plain text that is more than a line."""
    for line in open(SAMPLES, encoding="utf-8"):
        text = json.loads(line)["value"]
        if text[:1].isalpha():
            yield from (part for part in text.split("\n\n") if len(part) > 80 and "\n" not in part)


def article(number, pool, chance):
    """One article: paragraphs until it is as long as it should be, the last one cut at a word."""
    fields = {
        "id": f"bench-{number:06}",
        "url": f"https://news.example/{number}",
        "headline": " ".join(chance.choice(pool).split()[:9]),
        "body": "",
        "language": "en",
        "published_at": "2026-01-05T08:00:00Z",
        "publisher": "The Example Times",
    }
    body = []
    while len(json.dumps(fields | {"body": "\n\n".join(body)})) < BYTES:
        body.append(chance.choice(pool))
    whole = "\n\n".join(body)
    over = len(json.dumps(fields | {"body": whole})) - BYTES
    fields["body"] = whole[: len(whole) - over].rsplit(" ", 1)[0]
    return json.dumps(fields)


def main():
    pool, chance = list(paragraphs()), random.Random(7)
    for number in range(int(sys.argv[1])):
        print(article(number, pool, chance))


if __name__ == "__main__":
    main()
