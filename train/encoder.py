#!/usr/bin/env python3
"""Tunes the encoder of the `accurate` setting: one reader, two heads (names by token, Media Topics by window).

    python3 train/encoder.py --docs docs.jsonl --teacher mpnet.safetensors --student minilm.safetensors \
        --vocab vocab.txt --topics topics.json --out OUT [--leave SOURCE] [--teacher-epochs 4] [--student-epochs 10]

A teacher (mpnet-base, `--seeds` of them averaged) is tuned on the labelled documents, labels every text softly, and the
student (MiniLM-L6) learns from both. OUT gets student.safetensors and soft labels; figures go to standard output.
Runs on a GPU in minutes, on two CPU cores in hours (bfloat16).
"""

import argparse
import json
import multiprocessing as mp
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

import windows as W
from data import TAGS, TYPES

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# How much a labelled corpus weighs in the loss: ours most, those of other rules or registers less.
WEIGHT = {"ewt": 0.5, "re": 0.4, "wikigold": 0.7, "crossner": 0.2, "wnut17": 0.3, "btc": 0.3, "gum": 0.5}
HEAD_RATE = 1e-3
G = {}


def weight(source):
    return next((w for k, w in WEIGHT.items() if source.startswith(k)), 1.0)


class Encoder(nn.Module):
    """A BERT-like reader with letter case, and the two heads."""

    def __init__(self, backbone, hidden, topics, mpnet):
        super().__init__()
        self.backbone, self.mpnet = backbone, mpnet
        self.case_embeddings = nn.Embedding(W.CASE_ROWS, hidden)
        nn.init.zeros_(self.case_embeddings.weight)
        if mpnet:
            self.kind_embeddings = nn.Embedding(2, hidden)
            nn.init.zeros_(self.kind_embeddings.weight)
        self.names = nn.Linear(hidden, len(TAGS))
        self.topics = nn.Linear(hidden, topics)
        nn.init.constant_(self.topics.bias, -3.0)
        self.drop = nn.Dropout(0.1)

    def forward(self, ids, case, kind, mask):
        if self.mpnet:
            # MPNet's vocabulary is BERT's moved by four, with marks of its own.
            moved = torch.where(ids == W.CLS, 0, torch.where(ids == W.SEP, 2, torch.where(ids == W.PAD, 1, ids + 4)))
            moved = torch.where(ids == W.UNK, 3 + 101, moved)
            x = self.backbone.embeddings.word_embeddings(moved) + self.case_embeddings(case) + self.kind_embeddings(kind)
            h = self.backbone(inputs_embeds=x, attention_mask=mask).last_hidden_state
        else:
            x = self.backbone.embeddings.word_embeddings(ids) + self.case_embeddings(case)
            h = self.backbone(inputs_embeds=x, token_type_ids=kind, attention_mask=mask).last_hidden_state
        pooled = (h * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.names(self.drop(h)), self.topics(self.drop(pooled))


def reader(path, topics, mpnet):
    """An encoder with pretrained weights: rows quantised to int8 (`name` and `name.scale`) or plain."""
    from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

    if mpnet:
        backbone = MPNetModel(MPNetConfig(vocab_size=30527, layer_norm_eps=1e-5, max_position_embeddings=514), add_pooling_layer=False)
        hidden = 768
    else:
        backbone = BertModel(BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536), add_pooling_layer=False)
        hidden = 384
    state = load_file(path)
    state = {k: (v.float() * state[k + ".scale"].float()[:, None] if k + ".scale" in state else v.float())
             for k, v in state.items() if not k.endswith(".scale")}
    if any(k.startswith("backbone.") for k in state):
        model = Encoder(backbone, hidden, topics, mpnet)
        model.load_state_dict(state, strict=True)
        return model.to(DEVICE)
    missing, unexpected = backbone.load_state_dict(state, strict=False)
    print("missing", [m for m in missing if "position_ids" not in m], "unexpected", unexpected[:4], flush=True)
    return Encoder(backbone, hidden, topics, mpnet).to(DEVICE)


def topic_targets(doc, index, level1):
    """(target, weight) of a labelled document over all topics: ancestors are implied."""
    y, m = np.zeros(len(index), np.float32), np.ones(len(index), np.float32)
    for code in doc["topics"]:
        for c in G["closure"].get(code, [code]):
            if c in index:
                y[index[c]] = 1
    if doc["source"] == "huffpost":
        m[:] = 0
        m[level1] = 0.3
        m[y > 0] = 0.5
    return y, m


def batches(job):
    """One epoch's batches, made by a worker process: padded arrays, longest windows first within a shuffled pool."""
    seed, ids, soft, budget_pieces = job
    rng = random.Random(seed)
    items = []
    for di in ids:
        doc, classes = W.noisy(rng, G["docs"][di], G["names"])
        budget = rng.choice([96, 128, 192, 192, 256]) if doc["tokens"] else 96
        for w in W.cut(G["vocab"], doc, budget, classes=classes):
            items.append((di, doc, w))
    rng.shuffle(items)
    pools = [sorted(items[i:i + 2048], key=lambda x: len(x[2].ids)) for i in range(0, len(items), 2048)]
    out = []
    for pool in pools:
        at = 0
        while at < len(pool):
            end, longest = at, 0
            while end < len(pool) and (end - at + 1) * max(longest, len(pool[end][2].ids)) <= budget_pieces:
                longest = max(longest, len(pool[end][2].ids))
                end += 1
            out.append(collate(pool[at:max(end, at + 1)], soft))
            at = max(end, at + 1)
    rng.shuffle(out)
    return out


def collate(items, soft):
    n, m = len(items), max(len(w.ids) for _, _, w in items)
    ids, case, kind = (np.zeros((n, m), np.int64) for _ in range(3))
    mask = np.zeros((n, m), np.float32)
    label = np.full((n, m), -1, np.int64)
    lw = np.zeros((n, m), np.float32)
    use, teach = np.zeros((n, m), bool), []
    ty, tm = np.zeros((n, len(G["index"])), np.float32), np.zeros((n, len(G["index"])), np.float32)
    ts, tsm = np.zeros((n, len(G["index"])), np.float16), np.zeros(n, np.float32)
    for r, (di, doc, w) in enumerate(items):
        k = len(w.ids)
        ids[r, :k], case[r, :k], kind[r, :k], mask[r, :k] = w.ids, w.case, w.kind, 1
        if doc["scheme"] != "none" and G["supervised"](doc):
            tags = doc["head_tags"] + doc["tags"]
            label[r, w.first] = [tags[a] for a in w.at]
            lw[r, w.first] = weight(doc["source"])
        share = 1.0 if w.leads else 0.3
        if "topics" in doc and G["supervised"](doc):
            y, m_ = topic_targets(doc, G["index"], G["level1"])
            ty[r], tm[r] = y, m_ * share
        if soft:
            if not doc.get("moved") and doc["source"] != "huffpost":
                use[r, w.first] = True
                s = G["soft_names"][di]
                teach.append(s[[a + doc.get("gone", 0) for a in w.at]])
            ts[r], tsm[r] = G["soft_topics"][di], share * (0.3 if doc["source"] == "huffpost" else 1.0)
    soft_rows = np.concatenate(teach) if teach else np.zeros((0, len(TAGS)), np.float16)
    return ids, case, kind, mask, label, lw, use, soft_rows, ty, tm, ts, tsm


def diet(rng, ids, soft, headlines):
    """The documents of one epoch: ours twice where they are all there is, those of little weight half of the time."""
    docs, out, heads = G["docs"], [], []
    for i in ids:
        d = docs[i]
        if d["source"] == "huffpost":
            heads.append(i)
        elif soft or weight(d["source"]) >= 0.5 or rng.random() < 0.5:
            out += [i] if soft or d["scheme"] != "full" else [i, i]
    return out + rng.sample(heads, min(headlines, len(heads)))


def train(model, ids, epochs, lr, soft, seed, budget_pieces=16384, topic_weight=0.5, headlines=6000):
    """Tunes the model; the mean loss of each epoch is printed."""
    table = torch.from_numpy(W.allowed()).to(DEVICE)
    # What starts from nothing learns faster than what is pretrained.
    new = [p for n, p in model.named_parameters() if not n.startswith("backbone.")]
    decay = [p for n, p in model.named_parameters() if n.startswith("backbone.") and p.ndim > 1]
    rest = [p for n, p in model.named_parameters() if n.startswith("backbone.") and p.ndim <= 1]
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01, "rate": lr}, {"params": rest, "weight_decay": 0.0, "rate": lr},
                             {"params": new, "weight_decay": 0.0, "rate": max(lr, HEAD_RATE)}], lr=lr, betas=(0.9, 0.98))
    jobs = [(seed * 1000 + e, diet(random.Random(seed * 1000 + e), ids, soft, headlines), soft, budget_pieces) for e in range(epochs)]
    with mp.get_context("fork").Pool(min(10, epochs)) as pool:
        step, total = 0, None
        for e, epoch in enumerate(pool.imap(batches, jobs)):
            total = total or len(epoch) * epochs
            began, sums = time.time(), np.zeros(4)
            model.train()
            for b in epoch:
                for g in opt.param_groups:
                    g["lr"] = g["rate"] * min(1.0, (step + 1) / (0.06 * total), max(0.02, (total - step) / (0.94 * total)))
                ids_, case, kind, mask, label, lw, use, srows, ty, tm, ts, tsm = (torch.from_numpy(x).to(DEVICE, non_blocking=True) for x in b)
                with torch.autocast(DEVICE, torch.bfloat16):
                    names, topics = model(ids_, case, kind, mask)
                logp = F.log_softmax(names.float(), -1)
                here = label >= 0
                gold = -torch.logsumexp(logp[here].masked_fill(~table[label[here]], -1e9), -1)
                gold = (gold * lw[here]).sum() / lw[here].sum().clamp(min=1)
                t = topics.float()
                bce = F.binary_cross_entropy_with_logits(t, ty, reduction="none") * tm
                topic = bce.sum() / tm.sum().clamp(min=1) * 40
                loss = gold + topic_weight * topic
                if soft:
                    kl = -(srows.float() * logp[use]).sum(-1).sum() / max(1, len(srows))
                    st = (F.binary_cross_entropy_with_logits(t, ts.float(), reduction="none").mean(1) * tsm).sum() / tsm.sum().clamp(min=1) * 40
                    loss = 0.4 * gold + 1.0 * kl + topic_weight * (0.4 * topic + 1.0 * st)
                    sums[2:] += [kl.item(), st.item()] if step % 10 == 0 else [0, 0]
                opt.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                opt.step()
                step += 1
                if step % 10 == 0:
                    sums[:2] += [gold.item(), topic.item()]
            print(f"  epoch {e + 1}: {len(epoch)} steps, {time.time() - began:.0f} s, gold {sums[0] / len(epoch) * 10:.4f} topics {sums[1] / len(epoch) * 10:.4f} soft {sums[2] / len(epoch) * 10:.4f}", flush=True)
    return model


@torch.no_grad()
def label(models, ids, budget=192, budget_pieces=65536):
    """Tag probabilities of every token and topic probabilities of every document, averaged over the models."""
    for m in models:
        m.eval()
    items = [(di, w) for di in ids for w in W.cut(G["vocab"], G["docs"][di], budget)]
    items.sort(key=lambda x: len(x[1].ids))
    probs = {di: np.zeros((len(G["docs"][di]["head"]) + len(G["docs"][di]["tokens"]), len(TAGS)), np.float16) for di in ids}
    edge = {di: np.full(len(probs[di]), -1, np.int32) for di in ids}
    topics = {}
    at = 0
    while at < len(items):
        end = at
        while end < len(items) and (end - at + 1) * len(items[end][1].ids) <= budget_pieces:
            end += 1
        part = items[at:max(end, at + 1)]
        n, m = len(part), len(part[-1][1].ids)
        ids_, case, kind = (torch.zeros((n, m), dtype=torch.long) for _ in range(3))
        mask = torch.zeros((n, m))
        for r, (_, w) in enumerate(part):
            k = len(w.ids)
            ids_[r, :k], case[r, :k], kind[r, :k], mask[r, :k] = torch.tensor(w.ids), torch.tensor(w.case), torch.tensor(w.kind), 1
        args = [x.to(DEVICE) for x in (ids_, case, kind, mask)]
        p, t = 0, 0
        for model in models:
            with torch.autocast(DEVICE, torch.bfloat16):
                a, b = model(*args)
            p, t = p + a.float().softmax(-1), t + b.float().sigmoid()
        p, t = (p / len(models)).half().cpu().numpy(), (t / len(models)).cpu().numpy()
        for r, (di, w) in enumerate(part):
            first = np.array(w.first, dtype=np.int64)
            if len(first):
                where = np.array(w.at)
                far = np.minimum(first, len(w.ids) - first)
                better = far > edge[di][where]
                probs[di][where[better]] = p[r, first[better]]
                edge[di][where[better]] = far[better]
            if w.leads:
                topics[di] = t[r]
        at = max(end, at + 1)
    return probs, topics


def viterbi(logp):
    """The best BIO sequence: I-X only after B-X or I-X."""
    n, k = logp.shape
    if n == 0:
        return []
    can = np.zeros((k, k), np.float32)
    for j in range(2, k, 2):
        can[:, j] = -1e9
        can[j - 1, j] = can[j, j] = 0
    score, back = logp[0].copy(), np.zeros((n, k), np.int64)
    score[2::2] = -1e9
    for i in range(1, n):
        total = score[:, None] + can
        back[i] = total.argmax(0)
        score = total.max(0) + logp[i]
    out = [int(score.argmax())]
    for i in range(n - 1, 0, -1):
        out.append(int(back[i, out[-1]]))
    return out[::-1]


def coarse(spans, partial):
    """The outside view: PERSON, ORG and places as LOC; other types left aside."""
    keep = {"PERSON": "PERSON", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "PLACE": "LOC"}
    return {(s, e, keep[t]) for s, e, t in spans if t in keep}


def gold_spans(tags):
    """Spans of possibly partial labels; PLACE where only that much is known."""
    plain = [t if t < len(TAGS) else 0 for t in tags]
    out = W.spans(plain)
    start = None
    for i, t in enumerate(list(tags) + [0]):
        if start is not None and t != len(TAGS) + 1:
            out.append((start, i, "PLACE"))
            start = None
        if t == len(TAGS):
            start = i
    return out


def copies(ids, probs, rounds):
    """Appends copies of our documents (and of machine-tagged news, by the teacher's tags) with all names open to swapping."""
    added = []
    for k in range(rounds):
        rng = random.Random(k)
        for di in ids:
            d = G["docs"][di]
            silver = d["source"] == "gmb-silver"
            if d["split"] != "train" or not (d["scheme"] == "full" or (silver and k == 0)):
                continue
            n = len(d["head"])
            tags = viterbi(np.log(probs[di][n:].astype(np.float32) + 1e-6)) if silver else d["tags"]
            memory = {}
            head, head_tags = G["names"].swap(rng, d["head"], d["head_tags"], memory)
            new = dict(d, id=f"{d['id']}~{k}", head=head, head_tags=head_tags, tokens=[], tags=[], ends=[], paras=[])
            at = 0
            for e in d["ends"]:
                a, b = G["names"].swap(rng, d["tokens"][at:e], tags[at:e], memory)
                new["tokens"] += a
                new["tags"] += b
                new["ends"].append(len(new["tokens"]))
                at = e
            added.append(len(G["docs"]))
            G["docs"].append(new)
    return added


def f1(tp, p, g):
    return 200 * tp / max(1, p + g)


def evaluate(models, ids, title):
    """Span F1 by source and type, coarse F1 by source, level-1 topics. Returns the figures."""
    probs, topics = label(models, ids)
    per, types, fine = {}, {}, np.zeros(3)
    for di in ids:
        d = G["docs"][di]
        if d["scheme"] == "none":
            continue
        n = len(d["head"])
        logp = np.log(probs[di].astype(np.float32) + 1e-6)
        got = W.spans(viterbi(logp[:n])) + [(s + n, e + n, t) for s, e, t in W.spans(viterbi(logp[n:]))]
        gold = gold_spans(d["head_tags"]) + [(s + n, e + n, t) for s, e, t in gold_spans(d["tags"])]
        src = d["source"].rstrip("0123456789abcABCD").rstrip("-") if d["scheme"] == "full" else d["source"]
        a, b = coarse(got, False), coarse(gold, True)
        row = per.setdefault(src, np.zeros(6))
        row[:3] += [len(a & b), len(a), len(b)]
        if d["scheme"] == "full":
            a, b = set(got), set(gold)
            row[3:] += [len(a & b), len(a), len(b)]
            fine += [len(a & b), len(a), len(b)]
            for t in TYPES:
                x, y = {s for s in a if s[2] == t}, {s for s in b if s[2] == t}
                types[t] = types.get(t, np.zeros(3)) + [len(x & y), len(x), len(y)]
    print(f"{title}: nine types F1 {f1(*fine):.2f} (P {100 * fine[0] / max(1, fine[1]):.1f} R {100 * fine[0] / max(1, fine[2]):.1f})")
    print("   coarse " + " ".join(f"{k} {f1(*v[:3]):.1f}" for k, v in sorted(per.items())))
    print("   nine   " + " ".join(f"{k} {f1(*v[3:]):.1f}" for k, v in sorted(per.items()) if v[5]))
    print("   types  " + " ".join(f"{k} {f1(*v):.1f}" for k, v in types.items()))
    hit, n, micro = 0, 0, np.zeros(3)
    lv = G["level1"]
    by = {}
    for di in ids:
        d = G["docs"][di]
        if "topics" not in d or d["source"] == "huffpost":
            continue
        y = topic_targets(d, G["index"], lv)[0][lv]
        t = topics[di][lv]
        ok = y[t.argmax()] > 0
        row = by.setdefault(d["source"].split("-")[0], np.zeros(5))
        row += [ok, 1, ((t > 0.4) & (y > 0)).sum(), (t > 0.4).sum(), y.sum()]
    print("   topics " + " ".join(f"{k}: best {100 * v[0] / v[1]:.1f} micro {f1(*v[2:]):.1f} (n {int(v[1])})" for k, v in sorted(by.items())), flush=True)
    return f1(*fine)


def soft_files(out, ids, probs, topics, codes):
    """Top three tags of each token and topic probabilities above 0.01, as arrays: what the fast models learn from."""
    order = [G["docs"][di]["id"] for di in ids]
    lengths = np.array([len(probs[di]) for di in ids], np.int32)
    flat = np.concatenate([probs[di] for di in ids]).astype(np.float32)
    top = np.argsort(-flat, axis=1)[:, :3].astype(np.uint8)
    value = np.round(255 * np.take_along_axis(flat, top.astype(np.int64), 1)).astype(np.uint8)
    np.savez_compressed(f"{out}/soft-names.npz", ids=np.array(order), lengths=lengths, top=top, value=value)
    t = np.stack([topics[di] for di in ids])
    np.savez_compressed(f"{out}/soft-topics.npz", ids=np.array(order), codes=np.array(codes), probability=np.round(255 * t).astype(np.uint8))


def prepare(a):
    G["vocab"] = W.Vocabulary(a.vocab)
    G["docs"] = W.load(a.docs)
    t = json.load(open(a.topics))
    G["index"] = {c: i for i, c in enumerate(t["codes"])}
    G["closure"] = t["closure"]
    G["level1"] = np.array([G["index"][c] for c in t["level1"]])
    G["names"] = W.Names(G["docs"], json.load(open(a.gazetteer)) if a.gazetteer else None)
    leave = a.leave.split(",") if a.leave else []
    G["supervised"] = lambda d: d["split"] == "train" and not any(d["source"].startswith(x) for x in leave)
    docs = G["docs"]
    return {
        "labelled": [i for i, d in enumerate(docs) if G["supervised"](d) and (d["scheme"] != "none" or "topics" in d)],
        "text": [i for i, d in enumerate(docs) if d["split"] == "train"],
        "dev": [i for i, d in enumerate(docs) if d["split"] == "dev"],
        "left": [i for i, d in enumerate(docs) if any(d["source"].startswith(x) for x in leave)],
        "gum": [i for i, d in enumerate(docs) if d["split"] == "test" and not d["source"].startswith(("gmb", "wikinews", "written"))],
        "codes": t["codes"],
    }


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("docs", "teacher", "student", "vocab", "topics", "gazetteer", "out", "leave"):
        p.add_argument(f"--{name}")
    p.add_argument("--teacher-epochs", type=int, default=4)
    p.add_argument("--student-epochs", type=int, default=12)
    p.add_argument("--seeds", type=int, default=2)
    p.add_argument("--copies", type=int, default=2, help="rounds of copies with swapped names that the teacher labels")
    p.add_argument("--limit", type=int, default=0)
    p.add_argument("--test", action="store_true", help="report on the held-out documents too")
    return p.parse_args()


def main():
    a = arguments()
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    began = time.time()
    sets = prepare(a)
    if a.limit:
        sets = {k: v[: a.limit] for k, v in sets.items()} | {"codes": sets["codes"]}
    print(f"prepared in {time.time() - began:.0f} s: labelled {len(sets['labelled'])} text {len(sets['text'])} dev {len(sets['dev'])}", flush=True)
    topics = len(sets["codes"])
    teachers = []
    for seed in range(1, a.seeds + 1):
        torch.manual_seed(seed)
        teachers.append(train(reader(a.teacher, topics, True), sets["labelled"], a.teacher_epochs, 5e-5, False, seed, 6144))
        evaluate(teachers[-1:], sets["dev"], f"teacher {seed}, dev")
        print(f"{time.time() - began:.0f} s", flush=True)
    evaluate(teachers, sets["dev"], "teachers together, dev")
    if sets["left"]:
        evaluate(teachers, sets["left"], f"teachers, left out {a.leave}")
    everything = sorted(set(sets["text"]) | set(sets["labelled"]))
    probs, tops = label(teachers, everything)
    added = copies(everything, probs, a.copies)
    more, more_tops = label(teachers, added)
    probs, tops, everything = probs | more, tops | more_tops, everything + added
    with open(f"{a.out}/copies.jsonl", "w") as f:
        for di in added:
            f.write(json.dumps({k: v for k, v in G["docs"][di].items() if k != "paras"}, ensure_ascii=False, separators=(",", ":")) + "\n")
    soft_files(a.out, everything, probs, tops, sets["codes"])
    G["soft_names"], G["soft_topics"] = probs, tops
    del teachers
    print(f"labelled in {time.time() - began:.0f} s", flush=True)
    student = train(reader(a.student, topics, False), everything, a.student_epochs, 3e-4, True, 7, 8192)
    evaluate([student], sets["dev"], "student, dev")
    if sets["left"]:
        evaluate([student], sets["left"], f"student, left out {a.leave}")
    if a.test:
        evaluate([student], sets["gum"], "student, other corpora's test files")
    save_file({k: v.half().contiguous() for k, v in student.state_dict().items()}, f"{a.out}/student.safetensors")
    print(f"done in {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
