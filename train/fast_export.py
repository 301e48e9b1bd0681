"""Writes a trained fast recogniser as the file that `src/enrich/tagger/fast/model.rs` reads, with its calibration."""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch

MAGIC, LAYOUT = b"dlfastnm", 1
POINTS = 14


def whole(x, scale, most):
    return torch.floor(x.detach().double().cpu() * scale + 0.5).clamp(-most, most).numpy()


def tensors(model, data):
    rows = torch.arange(1, len(data.matrix) + 1, device=data.matrix.device)
    with torch.no_grad():
        vectors = model.vectors(rows) * 32
    out = {"table": whole(model.table, 32, 127).astype("<i1"), "vectors": whole(vectors, 1, 127).astype("<i1"),
           "bias": whole(model.bias, 32, 127).astype("<i1")}
    for k in range(model.layers):
        out[f"layer.{k}.weight"] = whole(model.weights[k], 128, 127).astype("<i1")
        out[f"layer.{k}.bias"] = whole(model.biases[k], 4096, 1 << 30).astype("<i4")
    out["out.weight"] = whole(model.out, 128, 127).astype("<i1")
    out["out.bias"] = whole(model.out_bias, 4096, 1 << 30).astype("<i4")
    for name, (keys, values) in [("words", data.words), ("phrases", data.phrases)]:
        out[f"{name}.keys"], out[f"{name}.values"] = keys.astype("<u4"), values.astype("<u2")
    return out


def calibrate(pairs):
    """Rising points (raw score, probability) by pooling adjacent violators over equal bins of names."""
    pairs = sorted(pairs)
    bins = [b for b in np.array_split(np.array(pairs), POINTS) if len(b)]
    groups = [[b[:, 0].mean() * len(b), b[:, 1].sum() + 0.5, len(b) + 1.0, len(b)] for b in bins]
    merged = []
    for g in groups:
        merged.append(g)
        while len(merged) > 1 and merged[-2][1] / merged[-2][2] > merged[-1][1] / merged[-1][2]:
            last = merged.pop()
            merged[-1] = [a + b for a, b in zip(merged[-1], last)]
    points = []
    for raw, right, count, n in merged:
        point = [round(float(raw / n), 5), round(float(right / count), 4)]
        if not points or point[0] > points[-1][0]:
            points.append(point)
    return points


def probability(points, raw):
    return float(np.interp(raw, [p[0] for p in points], [p[1] for p in points]))


def names_of(model, data, docs):
    """(document, raw score, right) of every name found where all types are marked."""
    import fast
    out = []
    for d, gold, found, scores in fast.readings(model, data, docs):
        if data.meta[d][3]:
            truth = set(fast.spans_of(gold))
            for i, j, kind in fast.spans_of(found):
                raw = float(np.mean([scores[k][found[k]] for k in range(i, j)]))
                out.append((int(d), raw, (i, j, kind) in truth))
    return out


def reliability(names):
    """The table for the card: fitted on every second document, measured on the others."""
    docs = sorted({n[0] for n in names})
    half = set(docs[::2])
    points = calibrate([(raw, right) for d, raw, right in names if d in half])
    bins = {}
    for d, raw, right in names:
        if d not in half:
            p = probability(points, raw)
            row = bins.setdefault(min(9, int(p * 10)), [0, 0.0, 0])
            row[0], row[1], row[2] = row[0] + 1, row[1] + p, row[2] + right
    error = sum(abs(p - r) for _, p, r in bins.values()) / max(1, sum(n for n, _, _ in bins.values()))
    print("reliability: said, was, names: " + "; ".join(
        f"{p / n:.2f} {r / n:.2f} {n}" for _, (n, p, r) in sorted(bins.items())) + f"; expected error {error:.3f}")


def write(model, data, args, dev):
    names = names_of(model, data, dev)
    reliability(names)
    header = {"name": "names-fast", "version": args.version, "embed": model.embed, "width": args.width, "layers": model.layers,
              "pool_at": model.pool_at, "words": len(data.words[0]), "phrases": len(data.phrases[0]),
              "vectors": len(data.matrix), "calibration": calibrate([(raw, right) for _, raw, right in names]),
              "transitions": None}
    places, body = {}, b""
    for name, array in tensors(model, data).items():
        raw = array.tobytes()
        places[name] = {"length": len(raw), "start": len(body)}
        body += raw
    head = json.dumps({"model": header, "tensors": places}, separators=(",", ":")).encode()
    content = MAGIC + LAYOUT.to_bytes(4, "little") + len(head).to_bytes(4, "little") + head + body
    out = Path(args.out)
    (out / "names-fast.bin").write_bytes(content + hashlib.sha256(content).digest())
    print(f"names-fast.bin: {len(content) + 32} bytes")
    source = Path(args.folder) / "fixture.json"
    if source.exists():
        fixture = json.loads(source.read_text())
        docs = np.flatnonzero(data.meta[:, 0] == 3)
        for doc, d in zip(fixture, docs):
            with torch.no_grad():
                inputs = data.batch([d])[0]
                model.eval()
                sums = (model(*inputs) * 4096).round().long()
            doc["sums"] = sums[inputs[4][:, 0] > 0].cpu().tolist()
        (out / "fixture.json").write_text(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")) + "\n")
