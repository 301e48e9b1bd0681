#!/usr/bin/env python3
"""Copies of the training documents with other names, for the teacher to read too: a name that is new to both is what
news is full of.

    python3 train/copies.py OUT/docs.jsonl OUT/gazetteer.json OUT/lessons.jsonl OUT/copies.jsonl

Our annotated documents are copied by their own tags, machine-tagged news by what the teacher said of it (`eval teach`).
The copies carry no tags of that second kind: the teacher reads them again.
"""

import json
import random
import sys

from windows import Names

SEED = 11


def valid(tags):
    """The tags, an inside that follows nothing of its type made a beginning."""
    out, before = [], 0
    for tag in tags:
        if tag and tag % 2 == 0 and before not in (tag, tag - 1):
            tag -= 1
        out.append(tag)
        before = tag
    return out


def copy(d, tags, names, rng):
    """A document with about half of its names replaced; the same name always by the same one."""
    head, memory = len(d["head"]), {}
    new = {**d, "id": d["id"] + "~", "tokens": [], "tags": [], "ends": [], "paras": []}
    new["head"], new["head_tags"] = names.swap(rng, d["head"], tags[:head], memory)
    at = 0
    for end in d["ends"]:
        words, swapped = names.swap(rng, d["tokens"][at:end], tags[head + at:head + end], memory)
        new["tokens"] += words
        new["tags"] += swapped
        new["ends"].append(len(new["tokens"]))
        at = end
    if d["scheme"] != "full":
        new.update(scheme="none", tags=[], head_tags=[])
    return new


def main():
    documents, gazetteer, lessons, out = sys.argv[1:]
    docs = [json.loads(line) for line in open(documents)]
    said = {}
    for line in open(lessons):
        lesson = json.loads(line)
        said[lesson["id"]] = valid([top[0] for top in lesson["top"]])
    names, rng, count = Names(docs, json.load(open(gazetteer))), random.Random(SEED), 0
    with open(out, "w") as file:
        for d in docs:
            if d["split"] != "train" or not (d["scheme"] == "full" or d["source"] == "gmb-silver"):
                continue
            tags = d["head_tags"] + d["tags"] if d["scheme"] == "full" else said[d["id"]]
            file.write(json.dumps(copy(d, tags, names, rng), ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    print(f"{count} copies")


if __name__ == "__main__":
    main()
