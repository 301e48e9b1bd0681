#!/usr/bin/env python3
"""The speed of the pipe on one real Kafka, all in one run: the client alone, dateline, and its peers at the same job.

    benches/pipe/run.sh            # builds and brings what this needs, then runs it

Each contender reads a topic that is full before it starts and writes to one of its own, where the broker notes the time
of every record. Its rate leaves the first part out, up to a third, so that its start does not count (`times` in tool.rs);
CPU is that of its processes (and of the broker) over the same time.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import report

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
PIPE = BUILT / "examples" / "pipe"
WORK = ROOT / "target" / "bench"
PEERS = HERE / "peers"
BOOTSTRAP = os.environ["KAFKA_BOOTSTRAP"]
TICKS = os.sysconf("SC_CLK_TCK")
GIVE_UP_S = 150
WITHOUT_MODELS = {"ENRICH__ENTITIES": "false", "ENRICH__TOPICS": "false", "ENRICH__KEYWORDS": "false"}


def pipe(*arguments, capture=False):
    """One command of the Kafka tool."""
    done = subprocess.run([PIPE, *map(str, arguments)], check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout) if capture else None


def tree(pid):
    """A process and its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from tree(int(child))


def cpu(pids):
    """CPU seconds that the processes have had."""
    sum_ = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        sum_ += (int(fields[11]) + int(fields[12])) / TICKS
    return sum_


def threads(pid):
    """{name of the thread: CPU seconds}, names without their numbers."""
    found = {}
    for task in Path(f"/proc/{pid}/task").glob("*"):
        name, fields = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
        seconds = (int(fields.split()[11]) + int(fields.split()[12])) / TICKS
        name = name.rstrip("0123456789-")
        found[name] = found.get(name, 0) + seconds
    return found


def peak_mb(pids):
    """Peak resident memory of all of them, in MB."""
    sum_ = 0
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        # A process that has ended has none.
        sum_ += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1000
    return sum_


class Sampler(threading.Thread):
    """Looks at the processes ten times a second."""

    def __init__(self, roots, broker):
        super().__init__(daemon=True)
        self.roots, self.broker, self.rows, self.peak = roots, broker, [], 0
        self.ended = threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.1):
            pids = {pid for root in self.roots for pid in tree(root)}
            self.rows.append((time.time() * 1000, cpu(pids), cpu([self.broker])))
            self.peak = max(self.peak, peak_mb(pids))

    def between(self, start, end):
        """CPU seconds of contender and broker between two times in milliseconds, straight lines between samples."""

        def at(when, column):
            for before, after in zip(self.rows, self.rows[1:]):
                if before[0] <= when <= after[0]:
                    share = (when - before[0]) / (after[0] - before[0])
                    return before[column] + share * (after[column] - before[column])
            return self.rows[-1][column]

        return [at(end, column) - at(start, column) for column in (1, 2)]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Bench:
    """One run."""

    def __init__(self, scale):
        self.scale = scale
        self.articles = WORK / "articles.jsonl"
        with open(self.articles, "w") as out:
            subprocess.run(["python3", HERE / "articles.py", "2000"], check=True, stdout=out)
        self.inputs = {}
        pid_file = next((ROOT / "target" / "kafka").glob("run-*/pid"))
        self.broker = int(pid_file.read_text())
        self.rows, self.extra = [], {}

    def scaled(self, count):
        """As many records as wanted; never so few that a rate would be that of a batch or two."""
        return max(min(count, 5_000), int(count * self.scale))

    def input(self, count):
        """The topic with that many records, filled once."""
        if count not in self.inputs:
            self.inputs[count] = f"in-{count}"
            pipe("fill", self.inputs[count], count, self.articles)
        return self.inputs[count]

    def measure(self, name, delivery, count, command, processes=1, env=None):
        """Runs `command` (a function of the two topics) until the output is complete; notes rate, CPU, memory."""
        count = self.scaled(count)
        source, target = self.input(count), f"out-{len(self.rows)}"
        pipe("create", target)
        started = []
        for _ in range(processes):
            where = {"KAFKA_BOOTSTRAP": BOOTSTRAP, "IN": source, "OUT": target, **(env(source, target) if env else {})}
            log = open(WORK / f"{target}.log", "w")
            started.append(subprocess.Popen(command(source, target), env=os.environ | where, cwd=PEERS,
                                            stdout=log, stderr=log))
        sampler = Sampler([one.pid for one in started], self.broker)
        try:
            pipe("wait", target, count, GIVE_UP_S)
            self.look(name, delivery, started, where)
        finally:
            sampler.ended.set()
            sampler.join()
            for one in started:
                one.send_signal(signal.SIGTERM)
            for one in started:
                try:
                    one.wait(20)
                except subprocess.TimeoutExpired:
                    one.kill()
                    one.wait()
        got = pipe("times", target, capture=True)
        pipe("delete", target)
        if got["records"] < count:
            raise RuntimeError(f"{name}: {got['records']} of {count} records")
        json.loads(got["value"])
        start, end = got["start"], got["end"]
        of_contender, of_broker = sampler.between(start, end)
        counted = got["counted"]
        row = {
            "name": name, "delivery": delivery, "records": count, "output": got["records"],
            "rate": counted / max(end - start, 1) * 1000, "cpu": of_contender / counted * 1e5,
            "broker_cpu": of_broker / counted * 1e5, "peak_mb": sampler.peak,
        }
        print(f"{name}, {delivery}: {row['rate']:,.0f}/s, {row['cpu']:.2f} CPU s/100k, broker {row['broker_cpu']:.2f}, "
              f"{row['peak_mb']:.0f} MB", flush=True)
        self.rows.append(row)

    def look(self, name, delivery, started, where):
        """dateline alone: CPU by thread, and the shares of the steps."""
        if "DATELINE__ADMIN__LISTEN" not in where:
            return
        address = where["DATELINE__ADMIN__LISTEN"]
        page = urllib.request.urlopen(f"http://{address}/metrics", timeout=5).read().decode()
        lines = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
        sums = lambda metric: {key.split('"')[1]: float(value) for key, value in lines.items()
                               if key.startswith(f"dateline_{metric}_seconds_sum")}
        done = sum(float(lines[f"dateline_records_{become}_total"]) for become in ("enriched", "passed_through"))
        batches = float(lines["dateline_batch_records_count"])
        self.extra[f"{name}, {delivery}"] = {"records": done, "threads": threads(started[0].pid),
                                             "steps": sums("step"), "stages": sums("stage"),
                                             "records_a_batch": done / batches}

    def try_peer(self, *arguments, **more):
        """A peer that cannot be had, or fails, is said; the others go on."""
        try:
            self.measure(*arguments, **more)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            print(f"NOT MEASURED: {arguments[0]}: {error}", flush=True)

    def worker(self, settings, delivery):
        """Environment of a dateline worker."""

        def env(source, target):
            given = {
                "KAFKA__BOOTSTRAP_SERVERS": BOOTSTRAP, "KAFKA__INPUT_TOPICS": source, "KAFKA__OUTPUT_TOPIC": target,
                "KAFKA__GROUP_ID": f"dateline-{target}", "KAFKA__DEAD_LETTER_TOPIC": "dead",
                "KAFKA__DELIVERY": delivery, "ADMIN__LISTEN": f"127.0.0.1:{free_port()}", **settings,
            }
            return {f"DATELINE__{key}": value for key, value in given.items()}

        return env

    def dateline(self, name, settings, count, delivery, program=(BUILT / "dateline", "run", "--config")):
        command = lambda source, target: [*program, HERE / "worker.toml"]
        self.measure(name, delivery, count, command, env=self.worker(settings, delivery))

    def enrich(self, name, settings, count):
        """`dateline enrich` of as many articles, on the same cores without Kafka; the smaller run takes the start off."""
        given = os.environ | {f"DATELINE__{key}": value for key, value in settings.items()}
        lines = open(self.articles).read().splitlines(keepends=True)
        count, walls = self.scaled(count), []
        for part in (count // 10, count):
            payload = "".join(lines[i % len(lines)] for i in range(part))
            start = time.perf_counter()
            subprocess.run([BUILT / "dateline", "enrich"], input=payload, text=True, env=given, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            walls.append(time.perf_counter() - start)
        rate = (count - count // 10) / (walls[1] - walls[0])
        print(f"dateline enrich, {name}: {rate:,.0f}/s", flush=True)
        self.extra[f"enrich, {name}"] = {"rate": rate}

    def latency(self, name, settings, delivery, rate, seconds):
        """End to end in an open loop at `rate`."""
        source, target = f"late-in-{name}-{delivery}", f"late-out-{name}-{delivery}"
        pipe("create", source)
        pipe("create", target)
        env = os.environ | self.worker(settings, delivery)(source, target)
        with open(WORK / f"{target}.log", "w") as log:
            worker = subprocess.Popen([BUILT / "dateline", "run", "--config", HERE / "worker.toml"], env=env,
                                      stdout=log, stderr=log)
        try:
            got = pipe("latency", source, target, rate, seconds, self.articles, capture=True)
        finally:
            worker.terminate()
            worker.wait(40)
        print(f"latency, {name}, {delivery}: {got}", flush=True)
        self.extra[f"latency, {name}, {delivery}"] = got

    def allocations(self, name, settings):
        """Allocations of an article by step."""
        given = os.environ | {f"DATELINE__{key}": value for key, value in settings.items()}
        with open(WORK / "some.jsonl", "w") as out:
            out.writelines(open(self.articles).readlines()[:300])
        done = subprocess.run([BUILT / "examples" / "allocations", WORK / "some.jsonl"], env=given, check=True,
                              text=True, stdout=subprocess.PIPE)
        self.extra[f"allocations, {name}"] = json.loads(done.stdout)

    def rate_of(self, name, delivery):
        return next(row["rate"] for row in self.rows if (row["name"], row["delivery"]) == (name, delivery))

    def peers(self):
        """The same job by others: one field added; and the plain worker around spaCy."""
        python = WORK / "venv" / "bin" / "python"
        for delivery, guarantee in (("at-least-once", "at_least_once"), ("exactly-once", "exactly_once_v2")):
            self.try_peer("Kafka Streams", delivery, 100_000, lambda i, o: [
                "java", "-Xmx512m", "-cp", f"{WORK}/streams/*", PEERS / "streams" / "AddField.java",
                BOOTSTRAP, i, o, guarantee])
        self.try_peer("Benthos", "at-least-once", 200_000, lambda i, o: [WORK / "benthos", "run",
                      PEERS / "benthos" / "benthos.yaml"])
        for delivery in ("at-least-once", "exactly-once"):
            self.try_peer("Quix Streams", delivery, 200_000, lambda i, o: [
                python, PEERS / "quix_add_field.py", BOOTSTRAP, i, o, delivery], processes=2)
        self.try_peer("Bytewax", "none", 200_000, lambda i, o: [
            python, "-m", "bytewax.run", "bytewax_add_field", "-w", "2"])
        self.try_peer("confluent-kafka and spaCy", "at-least-once", 1_000, lambda i, o: [
            python, PEERS / "spacy_worker.py", BOOTSTRAP, i, o, WORK / "spacy-sm"], processes=2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0, help="times as many records")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measure of latency")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md's tables and plot")
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    bench = Bench(args.scale)
    pipe("create", "dead")
    both = ("at-least-once", "exactly-once")
    models = {"fast": {"NAMES__MODEL": "fast"}, "cascade": {}}
    counts = {"fast": 15_000, "cascade": 8_000}
    for delivery in both:
        bench.measure("client alone", delivery, 400_000,
                      lambda i, o: [PIPE, "copy", i, o, delivery, str(bench.scaled(400_000))])
    plain = WITHOUT_MODELS | {"KAFKA__COMPRESSION": "none"}
    for delivery in both:
        bench.dateline("identity", plain, 400_000, delivery, [BUILT / "examples" / "identity"])
    for delivery in both:
        bench.dateline("no models", plain, 200_000, delivery)
    bench.enrich("no models", WITHOUT_MODELS, 60_000)
    for name, settings in models.items():
        for delivery in both:
            bench.dateline(name, settings, counts[name], delivery)
        bench.enrich(name, settings, counts[name])
    for name, settings in models.items():
        for delivery in both:
            bench.latency(name, settings, delivery, bench.rate_of(name, delivery) / 2, args.seconds)
    for name, settings in {"no models": WITHOUT_MODELS, **models}.items():
        bench.allocations(name, settings)
    if not args.no_peers:
        bench.peers()
    result = {"rows": bench.rows, "extra": bench.extra}
    (WORK / "result.json").write_text(json.dumps(result, indent=1))
    print(report.text(result))
    if args.write:
        report.write(result, ROOT / "docs")


if __name__ == "__main__":
    main()
