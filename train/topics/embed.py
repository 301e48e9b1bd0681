"""Vectors of words: a sentence encoder reads each word alone (the way of Model2Vec).

    python3 train/topics/embed.py ENCODER DOCS OUT

ENCODER is a folder of a BERT-like sentence encoder (all-MiniLM-L6-v2), DOCS the output of train/data.py, OUT an .npz of
`words` and `vectors`. Words of DOCS that stand at least twice, of the lexicon, and of the encoder's vocabulary.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel
from transformers import AutoTokenizer

import lexicon
from words import fold
from words import words

SPOKEN = {"US": "united states", "WHO": "world health organization", "IT": "information technology",
          "ICE": "immigration enforcement", "AIDS": "aids disease"}


def vocabulary(docs, tokenizer):
    """Folded words worth a vector, sorted."""
    count = Counter()
    for line in open(docs, encoding="utf-8"):
        doc = json.loads(line)
        for part in ("head", "tokens"):
            count.update(word for word, _ in words(doc[part]))
    wanted = {word for word, n in count.items() if n >= 2}
    wanted |= {word for phrase in lexicon.load() for word in phrase}
    wanted |= {fold(piece) for piece in tokenizer.get_vocab() if piece.isalpha() and len(piece) > 2}
    return sorted(word for word in wanted if not word.isdigit())


def main(encoder, docs, out):
    torch.set_num_threads(2)
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    model = AutoModel.from_pretrained(encoder).eval()
    names = vocabulary(docs, tokenizer)
    spoken = [SPOKEN.get(name, name) for name in names]
    order = sorted(range(len(names)), key=lambda i: (len(tokenizer.tokenize(spoken[i])), i))
    vectors = np.zeros((len(names), model.config.hidden_size), np.float32)
    with torch.no_grad():
        for at in range(0, len(order), 512):
            batch = order[at:at + 512]
            inputs = tokenizer([spoken[i] for i in batch], return_tensors="pt", padding=True, truncation=True,
                               max_length=16)
            hidden = model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            vectors[batch] = ((hidden * mask).sum(1) / mask.sum(1)).numpy()
    np.savez(out, words=np.array(names), vectors=vectors.astype(np.float16))
    print(f"{len(names)} words")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
