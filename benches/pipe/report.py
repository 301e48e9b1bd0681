"""Tables and plot of what bench.py measured."""

import math
import re

BASE = ("client alone", "at-least-once")
OURS = ("identity", "no models", "fast", "cascade")


def by_name(result):
    return {(row["name"], row["delivery"]): row for row in result["rows"]}


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def label(name):
    return f"dateline, {name}" if name in OURS else name


def rates(result):
    """Every contender, as a share of the client's own limit."""
    rows = by_name(result)
    base = rows[BASE]["rate"]
    head = ["", "delivery", "records/s", "of the client's limit", "CPU s for 100,000", "broker's CPU s", "peak memory"]
    return table(head, [
        [label(row["name"]), row["delivery"], f"{row['rate']:,.0f}", f"{row['rate'] / base:.1%}", f"{row['cpu']:.1f}",
         f"{row['broker_cpu']:.1f}", f"{row['peak_mb']:,.0f} MB"] for row in result["rows"]])


def targets(result):
    """Each target, what was measured, and whether it is met."""
    rows, extra = by_name(result), result["extra"]
    rate = lambda name, delivery: rows[name, delivery]["rate"]
    lines = [
        ("identity, at-least-once, of the client's limit", rate("identity", "at-least-once") / rows[BASE]["rate"], 0.6),
        ("identity, exactly-once, of at-least-once",
         rate("identity", "exactly-once") / rate("identity", "at-least-once"), 0.6),
    ]
    for name in ("fast", "cascade"):
        core = extra[f"enrich, {name}"]["rate"]
        for delivery in ("at-least-once", "exactly-once"):
            lines.append((f"{name}, {delivery}, of `dateline enrich`", rate(name, delivery) / core, 0.85))
        lines.append((f"{name}, exactly-once, of at-least-once",
                      rate(name, "exactly-once") / rate(name, "at-least-once"), 0.9))
    return table(["what", "measured", "target", ""],
                 [[what, f"{got:.0%}", f"{least:.0%}", "met" if got >= least else "**not met**"]
                  for what, got, least in lines])


def latencies(result):
    found = [(key.split(", ")[1:], value) for key, value in result["extra"].items() if key.startswith("latency")]
    shown = lambda ms: "none arrived" if ms is None else f"{ms:,.0f} ms"
    return table(["", "delivery", "articles/s", "p50", "p99", "p99.9", "records", "missing"], [
        [label(name), delivery, f"{got['rate']:,.0f}", *(shown(got[f'{p}_ms']) for p in ("p50", "p99", "p999")),
         f"{got['measured']:,}", got["missing"]] for (name, delivery), got in found])


def stages(result):
    """CPU seconds for 100,000 records: threads by the kernel's account, those of the core split by the steps' time."""
    head = ["", "delivery", "consume", "decode", "accept", "entities", "topics", "keywords", "encode",
            "produce and commit", "Kafka client's threads", "start and rest", "records a batch"]
    rows = []
    for key, got in result["extra"].items():
        if "threads" not in got:
            continue
        name, delivery = key.split(", ")
        per = lambda seconds: f"{seconds / got['records'] * 1e5:.2f}"
        used = dict(got["threads"])
        take = lambda prefix: sum(used.pop(thread) for thread in list(used) if thread.startswith(prefix))
        consume, core, client, commit = take("kafka-poll"), take("enrich"), take("rdk"), take("tokio")
        client += take("producer")
        whole = sum(got["steps"].values()) or 1
        steps = [per(core * got["steps"].get(step, 0) / whole)
                 for step in ("decode", "accept", "entities", "topics", "keywords", "encode")]
        rows.append([label(name), delivery, per(consume), *steps, per(commit), per(client), per(sum(used.values())),
                     f"{got['records_a_batch']:,.0f}"])
    return table(head, rows)


def allocated(result):
    found = [(key.split(", ")[1], value) for key, value in result["extra"].items() if key.startswith("allocations")]
    steps = list(found[0][1])
    rows = []
    for name, got in found:
        cells = [f"{got[step]['calls']} ({got[step]['bytes'] / 1000:,.0f} kB)" for step in steps]
        rows.append([label(name), *cells, sum(got[step]["calls"] for step in steps)])
    return table(["", *steps, "all"], rows)


def text(result):
    core = ", ".join(f"{key.split(', ')[1]} {got['rate']:,.0f}/s" for key, got in result["extra"].items()
                     if key.startswith("enrich"))
    parts = {
        "targets": targets(result), "rates": rates(result) + f"\n\n`dateline enrich`, no Kafka, same cores: {core}.",
        "latency": latencies(result), "stages": stages(result), "allocations": allocated(result),
    }
    return "\n\n".join(f"<!-- {name} -->\n{part}\n<!-- /{name} -->" for name, part in parts.items())


def plot(result):
    """Bars of records a second on a logarithmic scale."""
    rows = result["rows"]
    height, left, width, step = 24 * len(rows) + 60, 270, 420, 105
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{height}" '
           f'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="#fff"/>',
           f'<text x="{left}" y="18">records a second, 2.7 KB each, logarithmic</text>']
    for power in range(5):
        x = left + power * step
        out.append(f'<line x1="{x}" y1="28" x2="{x}" y2="{height - 24}" stroke="#ddd"/>'
                   f'<text x="{x}" y="{height - 8}" text-anchor="middle">{10 ** (power + 1):,}</text>')
    for place, row in enumerate(rows):
        y = 34 + 24 * place
        long = max(1, (math.log10(row["rate"]) - 1) * step)
        colour = {"client alone": "#888"}.get(row["name"], "#1b6ca8" if row["name"] in OURS else "#c8892b")
        out.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{label(row["name"])}, {row["delivery"]}</text>'
                   f'<rect x="{left}" y="{y}" width="{long:.0f}" height="17" fill="{colour}"/>'
                   f'<text x="{left + long + 6:.0f}" y="{y + 13}">{row["rate"]:,.0f}</text>')
    return "\n".join([*out, "</svg>", ""])


def write(result, docs):
    """Puts the tables between their marks in docs/benchmarks.md, and the plot beside it."""
    page = (docs / "benchmarks.md").read_text()
    for name, part in re.findall(r"<!-- (\w+) -->\n(.*?)\n<!-- /\1 -->", text(result), re.S):
        page = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _: f"<!-- {name} -->\n{part}\n<!-- /{name} -->",
                      page, flags=re.S)
    (docs / "benchmarks.md").write_text(page)
    (docs / "benchmarks.svg").write_text(plot(result))
