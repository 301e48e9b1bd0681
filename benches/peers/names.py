#!/usr/bin/env python3
"""Names by spaCy's small and medium English pipelines, beside dateline's settings: quality and speed in one run.

    benches/peers/run.sh            # brings a virtual environment and the wheels, then runs this

Speed: one core, one thread, the same articles, rounds taken in turn; a word is a run between white space. spaCy runs its
name recogniser alone (what it needs of the pipeline, in batches of 64). Quality: exact spans in the shared view of
`eval score`, "the" at the start and a possessive at the end of spaCy's names trimmed in its favour.
"""

import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

TYPES = {"WORK_OF_ART": "WORK", "LAW": "WORK", **{t: t for t in "PERSON ORG GPE LOC FAC NORP EVENT PRODUCT".split()}}
UNUSED = ["tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]


def load(folder):
    """The pipeline in an unpacked wheel."""
    import spacy

    config = next(p for p in sorted(Path(folder).rglob("config.cfg")) if (p.parent / "ner").is_dir())
    return spacy.load(config.parent, exclude=UNUSED)


def trimmed(text, start, end):
    """Bounds without a leading article and a trailing possessive."""
    name = text[start:end]
    if name.lower().startswith("the "):
        start += 4
    for tail in ("'s", "\u2019s", "'", "\u2019"):
        if text[start:end].endswith(tail):
            end -= len(tail)
            break
    return start, end


def names(nlp, articles, to):
    """Writes what the pipeline finds, for `eval score`."""
    parts = [(a[field], (a["id"], field)) for a in articles for field in ("headline", "text") if a[field]]
    with open(to, "w") as out:
        for doc, (article, field) in nlp.pipe(parts, as_tuples=True, batch_size=64):
            for e in doc.ents:
                if e.label_ in TYPES:
                    start, end = trimmed(doc.text, e.start_char, e.end_char)
                    row = {"id": article, "field": field, "start": start, "end": end, "type": TYPES[e.label_]}
                    out.write(json.dumps(row) + "\n")


def words_a_second(nlp, articles):
    """One pass over all articles."""
    texts = [a[field] for a in articles for field in ("headline", "text") if a[field]]
    start = time.perf_counter()
    for _ in nlp.pipe(texts, batch_size=64):
        pass
    return sum(len(t.split()) for t in texts) / (time.perf_counter() - start)


def ours(evaluate, seconds):
    """{setting: words a second}, from the lines of `eval speed`."""
    done = subprocess.run([evaluate, "speed", "--seconds", str(seconds)], check=True, capture_output=True, text=True)
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("speed ")]
    return {row[1]: int(row[2]) / float(row[3]) for row in rows}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("evaluate", help="the built example `eval`")
    parser.add_argument("pipelines", nargs="+", help="NAME=FOLDER of unpacked wheels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--work", default="target/peers")
    args = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    work = Path(args.work)
    subprocess.run([args.evaluate, "articles", work / "articles.jsonl"], check=True)
    articles = [json.loads(line) for line in open(work / "articles.jsonl")]
    own = [a for a in articles if a["id"].startswith(("gmb-", "wikinews-", "written-"))]
    peers = {}
    for pair in args.pipelines:
        name, folder = pair.split("=")
        peers[name] = load(folder)
        names(peers[name], articles, work / f"{name}.jsonl")
        print(f"\n## {name}", flush=True)
        subprocess.run([args.evaluate, "score", work / f"{name}.jsonl"], check=True)
    speeds = {}
    for _ in range(args.rounds):
        for name, speed in ours(args.evaluate, args.seconds).items():
            speeds.setdefault(name, []).append(speed)
        for name, nlp in peers.items():
            speeds.setdefault(name, []).append(words_a_second(nlp, own))
    print(f"\n## Speed on one core, words a second, median of {args.rounds} (lowest to highest)\n")
    print("| system |", " | ".join(["words/s", "lowest", "highest"] + [f"times {p}" for p in peers]), "|")
    print("|---" * (4 + len(peers)) + "|")
    middle = {name: statistics.median(values) for name, values in speeds.items()}
    for name, values in speeds.items():
        ratios = [f"{middle[name] / middle[peer]:.2f}" for peer in peers]
        print("|", " | ".join([name] + [f"{v:,.0f}" for v in (middle[name], min(values), max(values))] + ratios), "|")


if __name__ == "__main__":
    main()
