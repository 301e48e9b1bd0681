#!/usr/bin/env python3
"""How fast the flow is while a service that finds names is away, for each policy, exactly once on real Kafka.

    cargo build --release --bin dateline && scripts/kafka.sh with scripts/outage.py [--seconds 20] [--service URL]

A backlog is read by one worker for each policy; the service answers, refuses connections, answers again, takes requests
and never answers, answers again. Prints articles a second in each phase. With --service another one is asked, which is
never away.
"""

import argparse
import json
import os
import re
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATELINE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/dateline"
KAFKA = os.environ["KAFKA_BOOTSTRAP"]
POLICIES = ["publish", "dead_letter", "wait"]
PHASES = ["answers", "refuses", "answers again", "is silent", "answers once more"]
FEEDERS = 2


class Service(socketserver.ThreadingTCPServer):
    """Says of every article that it is about weather, unless it is away."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    state = "answers"

    def verify_request(self, *_):
        return self.state != "refuses"

    def handle_error(self, *_):
        """Whoever asked has given up waiting."""


class Handler(BaseHTTPRequestHandler):
    """One request on a connection."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        while self.server.state == "is silent":
            time.sleep(0.1)
        topic = {"code": "medtop:17000000", "confidence": 0.9}
        results = [{"id": article["id"], "topics": [topic]} for article in json.loads(body)["articles"]]
        answer = json.dumps({"model": "weather 1", "results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def topics(*names):
    for name in names:
        tool = [ROOT / "scripts/kafka.sh", "tool", "topics", "--create", "--topic", name, "--partitions", "4"]
        subprocess.run(tool, check=True, stdout=subprocess.DEVNULL)


def figures(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    def total(name):
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))
    return {name: total(f"dateline_{name}_total") for name in ("records_enriched", "records_rejected", "enricher_missing")}


def measure(policy, url, service, seconds, phases):
    """One worker, from the beginning of the backlog."""
    group = f"outage-{policy.replace('_', '-')}-{int(time.time())}"
    port = 29464
    topics(f"{group}.out", f"{group}.dead")
    config = f"""
[kafka]
bootstrap_servers = "{KAFKA}"
group_id = "{group}"
input_topics = ["outage.raw"]
output_topic = "{group}.out"
dead_letter_topic = "{group}.dead"
[admin]
listen = "127.0.0.1:{port}"
[dead_letters]
share_max = 1
run_length_max = 0
[[enrichers]]
name = "desk"
url = "{url}"
gives = {'["topics"]' if service else '["entities"]'}
on_failure = "{policy}"
"""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(config)
        file.flush()
        worker = subprocess.Popen([DATELINE, "run", "--config", file.name], stderr=subprocess.DEVNULL)
        try:
            while True:
                try:
                    if figures(port)["records_enriched"] > 0:
                        break
                except OSError:
                    assert worker.poll() is None, "the worker ended"
                time.sleep(0.2)
            for phase in phases:
                if service:
                    service.state = "answers" if phase.startswith("answers") else phase
                before, started = figures(port), time.monotonic()
                time.sleep(seconds)
                after, took = figures(port), time.monotonic() - started
                rates = {name: round((after[name] - before[name]) / took) for name in after}
                print(f"{policy:12} {phase:18}", *(f"{name} {rate:6}/s" for name, rate in rates.items()), flush=True)
        finally:
            worker.terminate()
            print(f"{policy:12} ended with code {worker.wait()}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=20, help="of each phase")
    arguments.add_argument("--backlog-seconds", type=int, default=120, help="the backlog: 1,000 articles for each")
    arguments.add_argument("--service", help="URL of another service, which is not taken away")
    arguments.add_argument("--policies", nargs="*", default=POLICIES)
    given = arguments.parse_args()
    topics("outage.raw")
    feed = [DATELINE, "feed", "--kafka", KAFKA, "--topic", "outage.raw", "--rate", "500"]
    feeders = [subprocess.Popen([*feed, "--for", f"{given.backlog_seconds}s"]) for _ in range(FEEDERS)]
    assert all(feeder.wait() == 0 for feeder in feeders)
    if given.service:
        for policy in given.policies:
            measure(policy, given.service, None, given.seconds, ["answers"])
        return
    service = Service(("127.0.0.1", 0), Handler)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{service.server_address[1]}/"
    for policy in given.policies:
        measure(policy, url, service, given.seconds, PHASES)


if __name__ == "__main__":
    main()
