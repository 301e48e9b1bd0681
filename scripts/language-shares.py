#!/usr/bin/env python3
"""How often dateline takes short English items for foreign, and foreign ones for English, by `dateline enrich` itself.

    pip install spacy && scripts/language-shares.py DATA      (DATA as in `make eval`)

English: headlines, and first sentences of news. Foreign: the example sentences that spaCy has for each language, in
Latin script.
"""

import ast
import collections
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import spacy

ROOT = Path(__file__).resolve().parent.parent
DATELINE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/dateline"


def records(texts):
    """Each text as the record of an article that has a headline alone."""
    lines = "".join(json.dumps({"id": str(n), "title": text}) + "\n" for n, text in enumerate(texts))
    env = {**os.environ, "DATELINE__NAMES__MODEL": "fast", "DATELINE__ENRICH__TOPICS": "false", "DATELINE__ENRICH__KEYWORDS": "false"}
    run = subprocess.run([DATELINE, "enrich"], input=lines, text=True, stdout=subprocess.PIPE, env=env, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def share(name, texts):
    found = [(record["language"], "language_without_models" in record["flags"]) for record in records(texts)]
    count, foreign = len(found), sum(flag for _, flag in found)
    undetermined = [flag for language, flag in found if language == "und"]
    print(f"{name}: {count} texts; taken for foreign {foreign} = {100 * foreign / count:.2f} %; und {len(undetermined)}, of which foreign "
          f"{sum(undetermined)} = {100 * sum(undetermined) / max(1, len(undetermined)):.1f} %")
    return found


def is_latin(text):
    letters = [c for c in text if c.isalpha()]
    return sum(unicodedata.name(c, "").startswith("LATIN") for c in letters) > len(letters) / 2


def foreign():
    for folder in sorted((Path(spacy.__file__).parent / "lang").iterdir()):
        file = folder / "examples.py"
        if folder.name in ("en", "xx") or not file.exists():
            continue
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.Assign) and node.targets[0].id == "sentences":
                yield from ((folder.name, text) for text in ast.literal_eval(node.value) if is_latin(text))


def main():
    data = Path(sys.argv[1])
    lines = lambda name: [json.loads(line) for line in (data / name).open()]
    share("headlines of HuffPost", [line["text"] for line in lines("topics/huffpost-headlines.jsonl")])
    news = [line for name in ("wikinews-topics", "gmb-topics", "written-A", "written-B", "written-C", "written-D")
            for line in lines(f"topics/{name}.jsonl")]
    share("headlines of news", [line["headline"] for line in news if line.get("headline")])
    share("first sentences of news", [line["text"].split(". ")[0] for line in news if line.get("text")])
    pairs = list(foreign())
    found = share(f"foreign ({len({code for code, _ in pairs})} languages)", [text for _, text in pairs])
    missed = collections.Counter(code for (code, _), (_, flag) in zip(pairs, found) if not flag)
    print("read as English, by language:", dict(missed.most_common()))


if __name__ == "__main__":
    main()
