#!/usr/bin/env python3
"""Trains the fast recogniser: embeddings of hashed features, convolutions of width 3, a look at the same word elsewhere.

    python3 train/fast.py IN OUT [--soft FILE] [--seconds 120] [--width 128] [--leave SOURCE] [--seed 1]

IN holds fast.npz and fixture.json of train/fast_prepare.py. Writes OUT/names-fast.bin, OUT/fixture.json (for the test of
the Rust side: src/enrich/tagger/fast/parity.json) and OUT/fast.pt, and prints the figures of the dev documents. The weights
are trained as the integers that they become (see `whole`): what is measured here is what runs.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import fast_export
from fast_features import BASE, ROWS, STATIC

TYPES = ["PERSON", "ORG", "GPE", "LOC", "FAC", "NORP", "EVENT", "WORK", "PRODUCT"]
N_TAGS = 19
PARTIAL = [[3 * 2 - 1, 4 * 2 - 1, 5 * 2 - 1], [3 * 2, 4 * 2, 5 * 2], [0, 13, 15, 17, 11], [0, 14, 16, 18, 12],
           [0, 11, 12], [0, 11, 12, 13, 14, 15, 16, 17, 18]]
UNKNOWN = 255
# Fixed point: an activation is a multiple of 1/32 in 0..127, a weight of 1/128 in -127..127.
ACT, WEIGHT = 32.0, 128.0


def whole(x, scale, low, high):
    """x as integers/scale within low..high; gradients pass as if nothing had been rounded."""
    q = torch.floor(x * scale + 0.5).clamp(low, high) / scale
    return x.clamp(low / scale, high / scale) + (q - x.clamp(low / scale, high / scale)).detach()


def act(x):
    return whole(x, ACT, 0, 127)


def weight(x):
    return whole(x, WEIGHT, -127, 127)


def shift(x):
    """A bias, in units of a sum."""
    return whole(x, ACT * WEIGHT, -(1 << 20), 1 << 20)


class Tagger(torch.nn.Module):
    """Widths: `embed` of a token, `width` of each layer."""

    def __init__(self, matrix, embed=128, width=128, layers=3, pool_at=2):
        super().__init__()
        self.embed, self.layers, self.pool_at = embed, layers, pool_at
        self.table = torch.nn.Parameter(torch.randn(sum(ROWS), embed) * 0.1)
        self.register_buffer("matrix", matrix)
        self.project = torch.nn.Parameter(torch.randn(matrix.shape[1], embed) * 0.06)
        self.delta = torch.nn.Parameter(torch.zeros(matrix.shape[0], embed))
        self.bias = torch.nn.Parameter(torch.full((embed,), 0.3))
        self.weights, self.biases = torch.nn.ParameterList(), torch.nn.ParameterList()
        for k in range(layers):
            fan = 3 * (embed if k == 0 else width) + (width if k == pool_at else 0)
            self.weights.append(torch.randn(width, fan) * math.sqrt(2 / fan))
            self.biases.append(torch.zeros(width))
        self.out = torch.nn.Parameter(torch.randn(N_TAGS, width) * math.sqrt(1 / width))
        self.out_bias = torch.nn.Parameter(torch.zeros(N_TAGS))

    def resume(self, path):
        """Begins with the weights of a model file instead of with noise."""
        raw = Path(path).read_bytes()
        size = int.from_bytes(raw[12:16], "little")
        places, body = json.loads(raw[16:16 + size])["tensors"], raw[16 + size:]

        def read(name, kind, scale, shape):
            place = places[name]
            found = np.frombuffer(body[place["start"]:place["start"] + place["length"]], kind).reshape(shape)
            return torch.from_numpy(found.astype(np.float32) / scale)

        with torch.no_grad():
            self.table.copy_(read("table", "<i1", ACT, self.table.shape))
            vectors = read("vectors", "<i1", ACT, self.delta.shape)
            # What a linear map of the vectors gives, and the rest of each row.
            map_ = torch.linalg.lstsq(self.matrix.cpu(), vectors).solution
            self.project.copy_(map_)
            self.delta.copy_(vectors - self.matrix.cpu() @ map_)
            self.bias.copy_(read("bias", "<i1", ACT, self.bias.shape))
            for k in range(self.layers):
                self.weights[k].copy_(read(f"layer.{k}.weight", "<i1", WEIGHT, self.weights[k].shape))
                self.biases[k].copy_(read(f"layer.{k}.bias", "<i4", ACT * WEIGHT, self.biases[k].shape))
            self.out.copy_(read("out.weight", "<i1", WEIGHT, self.out.shape))
            self.out_bias.copy_(read("out.bias", "<i4", ACT * WEIGHT, self.out_bias.shape))

    def vectors(self, rows):
        """Of rows from 1; 0 is the word without a vector."""
        at = (rows - 1).clamp(min=0)
        found = self.matrix[at] @ self.project + F.embedding(at, self.delta)
        return whole(found, ACT, -127, 127) * (rows > 0).unsqueeze(1)

    def forward(self, forms, inverse, context, key, live, drop=None):
        """forms [u, 9]: eight rows of the table and one of the vectors, of every different word; inverse [n] the form of
        each token; context [n, 3] rows of the table; key [n] of the word within its document; live [n, 1] is 0 in a gap."""
        parts = whole(F.embedding(forms[:, :STATIC], self.table), ACT, -127, 127)
        parts = torch.cat([parts, self.vectors(forms[:, STATIC]).unsqueeze(1)], 1)
        if drop:
            parts = parts * (torch.rand(parts.shape[:2], device=key.device) > drop["slot"]).unsqueeze(2)
        around = whole(self.table[BASE[STATIC]:], ACT, -127, 127)
        x = F.embedding(inverse, parts.sum(1)) + F.embedding(context - BASE[STATIC], around).sum(1)
        x = act(x + whole(self.bias, ACT, -127, 127)) * live
        keys = int(key.max()) + 1
        for k in range(self.layers):
            if drop:
                x = F.dropout(x, drop["hidden"])
            wide = torch.cat([F.pad(x[:-1], (0, 0, 1, 0)), x, F.pad(x[1:], (0, 0, 0, 1))], 1)
            if k == self.pool_at:
                index = key.unsqueeze(1).expand_as(x)
                most = torch.zeros(keys, x.shape[1], device=x.device, dtype=x.dtype)
                most = most.scatter_reduce(0, index, x, "amax", include_self=True)
                wide = torch.cat([wide, most[key]], 1)
            x = act(wide @ weight(self.weights[k]).T + shift(self.biases[k])) * live
        if drop:
            x = F.dropout(x, drop["hidden"])
        return x @ weight(self.out).T + shift(self.out_bias)


class Data:
    def __init__(self, folder, device):
        z = np.load(Path(folder) / "fast.npz")
        self.sources = list(z["sources"])
        self.docs, self.meta, self.ends = z["docs"], z["meta"], z["ends"]
        to = lambda a: torch.from_numpy(a).to(device)
        self.forms = to(np.concatenate([z["rows"], z["row"][:, None]], 1).astype(np.int64))
        self.form, self.context = to(z["form"].astype(np.int64)), to(z["context"].clip(BASE[STATIC]))
        self.key, self.tag = to(z["key"].astype(np.int64)), to(z["tag"].astype(np.int64))
        self.live = to((z["form"] > 0).astype(np.float32)).unsqueeze(1)
        self.ids = z["ids"]
        self.soft, self.taught = None, np.zeros(len(self.docs), bool)
        self.matrix = to(z["matrix"].astype(np.float32))
        allowed = torch.ones(256, N_TAGS, dtype=torch.bool)
        for t in range(N_TAGS + len(PARTIAL)):
            allowed[t] = False
            allowed[t, [t] if t < N_TAGS else PARTIAL[t - N_TAGS]] = True
        self.allowed = allowed.to(device)
        self.device = device
        self.words, self.phrases = (z["word_keys"], z["word_rows"]), (z["phrase_keys"], z["phrase_values"])
        known = np.concatenate([[0], np.cumsum(z["tag"] != UNKNOWN)])
        self.tagged = known[self.docs[:, 1]] > known[self.docs[:, 0]]

    def teach(self, path):
        """Takes what the teacher said (`eval teach`): a line a document, per token the three best tags and their parts
        of 255."""
        place = {str(self.ids[d]): d for d in np.flatnonzero(self.meta[:, 0] == 0) if self.ids[d]}
        top, value = np.zeros((len(self.form), 3), np.uint8), np.zeros((len(self.form), 3), np.uint8)
        live = self.form.cpu().numpy() > 0
        for line in open(path):
            lesson = json.loads(line)
            d = place.get(lesson["id"])
            if d is None:
                continue
            at = np.flatnonzero(live[self.docs[d][0]:self.docs[d][1]]) + self.docs[d][0]
            if len(at) != len(lesson["top"]):
                raise SystemExit(f"{lesson['id']}: the teacher saw other tokens")
            if len(at):
                top[at], value[at] = lesson["top"], lesson["parts"]
            self.taught[d] = True
        self.soft = torch.from_numpy(top).to(self.device), torch.from_numpy(value).to(self.device)
        print(f"the teacher marked {int(self.taught.sum())} documents", flush=True)

    def lesson(self, index, allowed):
        """Probabilities of the tags by the teacher, within what is allowed; zeros where it says nothing of use."""
        top, value = (x[index] for x in self.soft)
        said = torch.zeros(len(index), N_TAGS, device=self.device)
        said = said.scatter_add(1, top.long(), value.float()) * allowed
        return said / said.sum(1, keepdim=True).clamp(min=1e-6) * (said.sum(1, keepdim=True) > 100)

    def batch(self, docs):
        """The arrays of some documents, one after another, keys made small; the tags; and the sentences: a grid of
        token numbers, -1 behind the end."""
        spans, places, start = [self.docs[d] for d in docs], [], 0
        for lo, hi in spans:
            a, b = np.searchsorted(self.ends[:, 0], [lo, hi])
            places.append(self.ends[a:b] - lo + start)
            start += hi - lo
        places = torch.from_numpy(np.concatenate(places).astype(np.int64)).to(self.device)
        lengths = places[:, 1] - places[:, 0]
        at = torch.arange(int(lengths.max()), device=self.device)
        grid = torch.where(at < lengths.unsqueeze(1), places[:, :1] + at, -1)
        index = torch.cat([torch.arange(s, e) for s, e in spans]).to(self.device)
        _, key = torch.unique(self.key[index], return_inverse=True)
        used, inverse = torch.unique(self.form[index], return_inverse=True)
        inputs = self.forms[used], inverse, self.context[index].long(), key, self.live[index]
        return inputs, self.tag[index], grid, index


def forbidden(device):
    """[19, 19], -1e4 where the second tag cannot follow the first."""
    bad = torch.zeros(N_TAGS, N_TAGS)
    for t in range(N_TAGS):
        for u in range(2, N_TAGS, 2):
            if t not in (u, u - 1):
                bad[t, u] = -1e4
    return bad.to(device)


def decode(scores, grid):
    """The best valid tag of every token of `grid`, as a grid."""
    bad = forbidden(scores.device)
    n, length = grid.shape
    best = scores[grid[:, 0]].clone()
    best[:, 2::2] -= 1e4
    back = [torch.arange(N_TAGS, device=scores.device).expand(n, -1)]
    for i in range(1, length):
        live = grid[:, i:i + 1] >= 0
        top, arg = (best.unsqueeze(2) + bad).max(1)
        back.append(torch.where(live, arg, back[0]))
        best = torch.where(live, top + scores[grid[:, i].clamp(min=0)], best)
    tags = [best.argmax(1)]
    for i in range(length - 1, 0, -1):
        tags.append(back[i].gather(1, tags[-1].unsqueeze(1))[:, 0])
    return torch.stack(tags[::-1], 1)


def spans_of(tags):
    out, i = [], 0
    while i < len(tags):
        if tags[i] % 2 == 1 and tags[i] < N_TAGS:
            j = i + 1
            while j < len(tags) and tags[j] == tags[i] + 1:
                j += 1
            out.append((i, j, TYPES[tags[i] // 2]))
            i = j
        else:
            i += 1
    return out


def readings(model, data, docs):
    """(document, gold tags, tags found, log-probabilities) of every sentence."""
    model.eval()
    with torch.no_grad():
        for at in range(0, len(docs), 100):
            part = docs[at:at + 100]
            inputs, tag, grid, _ = data.batch(part)
            scores = F.log_softmax(model(*inputs).float(), 1)
            tags = decode(scores, grid).cpu().numpy()
            scores, gold, grid, line = scores.cpu().numpy(), tag.cpu().numpy(), grid.cpu().numpy(), 0
            for d in part:
                lines = np.diff(np.searchsorted(data.ends[:, 0], data.docs[d]))[0]
                for k in range(line, line + lines):
                    live = grid[k] >= 0
                    yield d, gold[grid[k][live]].tolist(), tags[k][live].tolist(), scores[grid[k][live]]
                line += lines


def evaluate(model, data, docs):
    """{name: [right, found, gold]}: by type and by genre where all types are marked, and coarse everywhere."""
    counts = {}
    for d, gold, found, _ in readings(model, data, docs):
        tally(counts, data, d, gold, found)
    return counts


def tally(counts, data, d, gold, found):
    full = data.meta[d][3]
    source = str(data.sources[data.meta[d][1]])
    genre = source.split("-")[0]

    def coarse(spans):
        return {(i, j, {"GPE": "LOC", "FAC": "LOC"}.get(k, k)) for i, j, k in spans if k in
                ("PERSON", "ORG", "GPE", "LOC", "FAC")}

    def add(name, g, f):
        row = counts.setdefault(name, [0, 0, 0])
        row[0] += len(g & f)
        row[1] += len(f)
        row[2] += len(g)

    place = {19: 5, 20: 6}
    f = set(spans_of(found))
    if full:
        g = set(spans_of(gold))
        add("all nine", g, f)
        add("nine " + genre, g, f)
        for kind in TYPES:
            add(kind, {x for x in g if x[2] == kind}, {x for x in f if x[2] == kind})
    g = set(spans_of([place.get(t, t) for t in gold]))
    add("coarse " + genre, coarse(g), coarse(f))


def f1(row):
    return 200 * row[0] / max(1, row[1] + row[2])


def figures(counts):
    return "  ".join(f"{name} {f1(row):.1f}" for name, row in sorted(counts.items()))


def objective(model, data, args, part):
    """Minus the mean log-probability of what is marked, mixed with the distance from the teacher's."""
    inputs, tag, _, index = data.batch(part)
    scores = model(*inputs, {"slot": args.drop_slot, "hidden": args.drop_hidden})
    allowed = data.allowed[tag]
    logp = F.log_softmax(scores, 1)
    marked = (tag != UNKNOWN).float()
    own = -torch.logsumexp(logp.masked_fill(~allowed, -1e9), 1)
    if data.soft is None:
        return (own * marked).sum() / marked.sum().clamp(min=1)
    lesson = data.lesson(index, allowed)
    heard = lesson.sum(1)
    taught = -(lesson * logp).sum(1)
    part_taught = heard * torch.where(marked > 0, args.teacher, 1.0)
    part_own = marked * (1 - part_taught)
    return (part_own * own + part_taught * taught).sum() / (part_own + part_taught).sum().clamp(min=1)


def learn(data, args, chosen, dev, model):
    """Trains for so many epochs or, if given, so many seconds; the rate falls to nothing at the end."""
    gen = np.random.default_rng(args.seed)
    sizes = data.docs[:, 1] - data.docs[:, 0]
    headline_source = data.sources.index("huffpost") if "huffpost" in data.sources else -1
    many = data.meta[:, 1] == headline_source
    steps = args.epochs * (int(sizes[chosen].sum()) // args.batch + 1)
    groups = [{"params": [model.delta], "lr": args.rate * 0.3, "weight_decay": 0.1},
              {"params": [p for n, p in model.named_parameters() if n != "delta"], "weight_decay": 0.01}]
    opt = torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.98), fused=True)
    base = [g["lr"] for g in opt.param_groups]
    began, step, epoch = time.time(), 0, 0
    left = lambda: 1 - ((time.time() - began) / args.seconds if args.seconds else step / steps)
    while left() > 0:
        order, at, total, n = gen.permutation(chosen), 0, 0.0, 0
        # The headlines without capitals are many and all alike: a share of them each time.
        order = order[~many[order] | (gen.random(len(order)) < args.headlines)]
        model.train()
        while at < len(order) and left() > 0:
            part, size = [], 0
            while at < len(order) and size < args.batch:
                part.append(order[at])
                size += sizes[order[at]]
                at += 1
            for group, rate in zip(opt.param_groups, base):
                group["lr"] = rate * min(1, (step + 1) / 100) * max(0.01, left())
            loss = objective(model, data, args, part)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            step += 1
            total, n = total + loss.detach(), n + 1
        epoch += 1
        if left() <= 0 or epoch % args.every == 0:
            print(f"epoch {epoch} loss {float(total) / max(1, n):.4f} {time.time() - began:.0f} s  "
                  + figures(evaluate(model, data, dev)), flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    p.add_argument("out")
    for name, kind, value in [("epochs", int, 12), ("width", int, 128), ("embed", int, 128), ("layers", int, 3),
                              ("pool-at", int, 2), ("batch", int, 8000), ("seed", int, 1), ("every", int, 2),
                              ("rate", float, 3e-3), ("drop-slot", float, 0.1), ("drop-hidden", float, 0.15),
                              ("leave", str, ""), ("made", str, "012"), ("genre", str, ""), ("limit", int, 0)]:
        p.add_argument("--" + name, type=kind, default=value)
    for name, value in [("teacher", 0.5), ("seconds", 0.0), ("headlines", 0.2)]:
        p.add_argument("--" + name, type=float, default=value)
    p.add_argument("--version", default="2", help="what records call the model")
    p.add_argument("--soft", default="", help="file of the teacher's probabilities")
    p.add_argument("--resume", default="", help="file of a model to go on from")
    p.add_argument("--sweep", default="", help="lines of options, separated by semicolons: one training each")
    args = p.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    data = Data(args.folder, device)
    if args.soft:
        data.teach(args.soft)
    for line in args.sweep.split(";"):
        run(p.parse_args(sys.argv[1:] + line.split()), data, device)


def run(args, data, device):
    torch.manual_seed(args.seed)
    source = np.array([str(data.sources[m[1]]) for m in data.meta])
    left = np.array([bool(args.leave) and s.startswith(args.leave) for s in source])
    made = np.array([str(m[2]) in args.made for m in data.meta])
    chosen = np.flatnonzero((data.meta[:, 0] == 0) & ~left & made & (data.tagged | data.taught))
    dev = np.flatnonzero((data.meta[:, 2] == 0) & data.tagged & (left if args.leave else data.meta[:, 0] == 1))
    if args.genre == "full":
        chosen, dev = chosen[data.meta[chosen, 3] == 1], dev[data.meta[dev, 3] == 1]
    if args.limit:
        chosen, dev = chosen[:args.limit], dev[:args.limit]
    model = Tagger(data.matrix, args.embed, args.width, args.layers, args.pool_at).to(device)
    if args.resume:
        model.resume(args.resume)
    shown = {k: v for k, v in vars(args).items() if k not in ("folder", "out", "sweep")}
    print(f"{len(chosen)} documents to learn, {len(dev)} to measure on {device}; {shown}", flush=True)
    learn(data, args, chosen, dev, model)
    Path(args.out).mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), Path(args.out) / "fast.pt")
    fast_export.write(model, data, args, dev)


if __name__ == "__main__":
    main()
