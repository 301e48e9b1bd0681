#!/usr/bin/env python3
"""What the encoder's trainer needs beside the documents: the topics that get an output, and names to swap in.

    DATA=../shared/data python3 train/inputs.py OUT        (after train/data.py OUT)
"""

import collections
import csv
import io
import json
import os
import sys
import zipfile
from pathlib import Path

from data import tokens

# A topic of level 3 gets an output of its own from this many labelled articles on.
ARTICLES_MIN = 12


def topics(data, docs):
    """Codes by level, with the closure (the code and its ancestors) of every active concept."""
    concepts = {k.removeprefix("medtop:"): v for k, v in json.load((data / "topics" / "mediatopics.json").open()).items()}
    closure = {}
    for code, c in concepts.items():
        chain, at = [], code
        while at:
            chain.append(at)
            at = (concepts[at]["parent"] or "").removeprefix("medtop:")
        closure[code] = chain
    count = collections.Counter(c for d in docs if d["source"] != "huffpost" for code in d.get("topics", ())
                                for c in closure.get(code, ()))
    active = [(v["level"], k) for k, v in concepts.items() if not v["retired"]]
    codes = [k for level, k in sorted(active) if level <= 2 or (level == 3 and count[k] >= ARTICLES_MIN)]
    return {"codes": codes, "level1": [k for level, k in sorted(active) if level == 1], "closure": closure}


def words(name):
    return [name[s:e] for s, e in tokens(name)]


def gazetteer(data):
    """Surfaces by type, and parts of persons' names."""
    g = data / "gazetteers"
    out = {"ORG": [], "GPE": [], "first": set(), "last": set()}
    for line in (g / "football-clubs.tsv").open():
        name, _, aliases = line.rstrip("\n").split("\t")[:3]
        for alias in [name] + [x for x in aliases.split("|") if x and "[" not in x]:
            if alias.isascii() and len(alias) > 2:
                out["ORG"].append(words(alias))
    for row in csv.DictReader((g / "constituents.csv").open()):
        out["ORG"].append(words(row["Security"]))
    for i, u in enumerate(json.load((g / "world_universities_and_domains.json").open())):
        if i % 8 == 0 and len(u["name"]) < 45:
            out["ORG"].append(words(u["name"]))
    with zipfile.ZipFile(g / "cities15000.zip") as z:
        for line in io.TextIOWrapper(z.open("cities15000.txt"), encoding="utf-8"):
            f = line.split("\t")
            if int(f[14]) > 150000:
                out["GPE"].append(words(f[2]))
    for row in csv.DictReader((g / "common-forenames-by-country.csv").open(encoding="utf-8-sig")):
        out["first"].add(row["Romanized Name"])
    for row in csv.DictReader((g / "common-surnames-by-country.csv").open(encoding="utf-8-sig")):
        out["last"].add(row["Romanized Name"])
    simple = lambda names: sorted(n for n in names if n and n.isalpha() and n[0].isupper() and len(n) > 2)
    out["first"], out["last"] = simple(out["first"]), simple(out["last"])
    return out


def main():
    data, out = Path(os.environ.get("DATA", "../shared/data")), Path(sys.argv[1])
    docs = [json.loads(line) for line in (out / "docs.jsonl").open()]
    t, g = topics(data, docs), gazetteer(data)
    (out / "topics.json").write_text(json.dumps(t))
    (out / "gazetteer.json").write_text(json.dumps(g, ensure_ascii=False))
    print(len(t["codes"]), "topics;", {k: len(v) for k, v in g.items()})


if __name__ == "__main__":
    main()
