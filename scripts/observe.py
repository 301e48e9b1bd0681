"""Runs workers under load and in trouble on a real Kafka, and asks a real Prometheus what dashboard and alerts make of it.

Called by scripts/observe-test.sh. Ends what it started by its process, and nothing else. Arguments: names of scenarios.
"""

import http.server
import json
import math
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "target/observe"
WAIT_S = 150
SAMPLES = [json.loads(line) for line in (ROOT / "samples/articles.jsonl").read_text().splitlines()]
POISON = b'{"title": '


def wait_for(what, ask, seconds=WAIT_S):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.2)
    raise SystemExit(f"observe: not within {seconds} s: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


class Kafka:
    """The broker of scripts/kafka.sh; topics and records on it."""

    def __init__(self):
        self.start()

    def start(self):
        out = subprocess.run([ROOT / "scripts/kafka.sh", "start"], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.bootstrap = re.search(r"KAFKA_BOOTSTRAP=(\S+)", out).group(1)
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap})
        self.producer = Producer({"bootstrap.servers": self.bootstrap, "message.max.bytes": 200_000_000, "linger.ms": 5})

    def stop(self):
        subprocess.run([ROOT / "scripts/kafka.sh", "stop"], check=True)

    def topics(self, name, partitions=4):
        for kind in ("raw", "enriched", "dead"):
            self.make(f"{name}.{kind}", partitions)

    def make(self, topic, partitions=4):
        self.admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()
        wait_for(f"{topic} is there", lambda: len(self.admin.list_topics(topic).topics[topic].partitions) == partitions)

    def delete(self, topic):
        self.admin.delete_topics([topic])[topic].result()

    def set(self, topic, key, value):
        entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        for done in self.admin.incremental_alter_configs([resource]).values():
            done.result()

    def delete_all_records(self, topic, partitions=4):
        for done in self.admin.delete_records([TopicPartition(topic, n, -1) for n in range(partitions)]).values():
            done.result()

    def send(self, name, values, content_types=None, timestamp_ms=None):
        for n, value in enumerate(values):
            more = {"timestamp": timestamp_ms} if timestamp_ms else {}
            if content_types and content_types[n]:
                more["headers"] = {"content-type": content_types[n]}
            self.producer.produce(f"{name}.raw", value, key=f"{n}", **more)
            self.producer.poll(0)
        self.producer.flush(30)


class Feed:
    """Sends batches of records from a thread until it is left."""

    def __init__(self, kafka, name, values, a_second, content_types=None, timestamp_ms=None):
        self.over = threading.Event()

        def play():
            place = 0
            while not self.over.wait(0.1):
                chosen = [(place + n) % len(values) for n in range(max(1, a_second // 10))]
                place += len(chosen)
                types = [content_types[n] for n in chosen] if content_types else None
                kafka.send(name, [values[n] for n in chosen], types, timestamp_ms)

        self.thread = threading.Thread(target=play, daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(60)


class Worker:
    """A worker on the topics NAME.raw, NAME.enriched and NAME.dead, scraped by Prometheus."""

    def __init__(self, world, name, **settings):
        self.world, self.name = world, name
        self.settings = {
            "KAFKA__BOOTSTRAP_SERVERS": world.kafka.bootstrap,
            "KAFKA__GROUP_ID": name,
            "KAFKA__INPUT_TOPICS": f"{name}.raw",
            "KAFKA__OUTPUT_TOPIC": f"{name}.enriched",
            "KAFKA__DEAD_LETTER_TOPIC": f"{name}.dead",
            "KAFKA__STATISTICS_INTERVAL_MS": "250",
            "KAFKA__SESSION_TIMEOUT_MS": "6000",
            "ADMIN__LISTEN": f"127.0.0.1:{world.port}",
            **settings,
        }

    def start(self):
        variables = {f"DATELINE__{key}": str(value) for key, value in self.settings.items()}
        log = (OUT / f"{self.name}.log").open("ab")
        command = [os.environ["DATELINE"], "run", "--config", OUT / "empty.toml"]
        self.process = subprocess.Popen(command, env={**os.environ, **variables}, stderr=log)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise SystemExit(f"observe: the worker {self.name} ended with {self.process.returncode}: see {OUT}/{self.name}.log")
        try:
            return get(f"http://127.0.0.1:{self.world.port}/readyz")["ready"]
        except OSError:
            return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __enter__(self):
        self.start()
        wait_for(f"{self.name} is ready", self.is_ready)
        return self

    def __exit__(self, *_):
        self.stop()


class Prometheus:
    """A Prometheus that scrapes twice a second and takes each minute of the rules for a second."""

    def __init__(self, port):
        home = OUT / "prometheus"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        rules = (ROOT / "deploy/prometheus/alerts.yaml").read_text()
        rules = re.sub(r"(for: |\[|:)(\d+)m\b", r"\1\2s", rules).replace("[1h]", "[60s]")
        (home / "alerts.yaml").write_text(rules)
        self.alerts = set(re.findall(r"alert: (\w+)", rules))
        self.targets, self.target = home / "targets.json", f"127.0.0.1:{port}"
        self.scrape(True)
        config = (ROOT / "deploy/prometheus/prometheus.yaml").read_text()
        config = re.sub(r"_interval: \w+", "_interval: 500ms", config)
        config = re.sub(r"static_configs:\n.*\n", "file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]\n", config)
        (home / "prometheus.yaml").write_text(config)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={home}/prometheus.yaml", f"--storage.tsdb.path={home}/data",
             f"--web.listen-address={self.url[7:]}", "--query.lookback-delta=3s"],
            stderr=(OUT / "prometheus.log").open("wb"))

    def scrape(self, wanted):
        new = self.targets.with_suffix(".new")
        new.write_text(json.dumps([{"targets": [self.target]}] if wanted else []))
        new.rename(self.targets)

    def query(self, text):
        answer = get(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": text}))
        return answer["data"]["result"]

    def firing(self):
        found = get(f"{self.url}/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in found if alert["state"] == "firing"}


class World:
    def __init__(self):
        self.port = free_port()
        self.seen = {}
        self.prometheus = Prometheus(self.port)
        try:
            self.kafka = Kafka()
            wait_for("Prometheus answers", self.prometheus_answers)
        except BaseException:
            self.close()
            raise

    def prometheus_answers(self):
        try:
            return get(self.prometheus.url + "/api/v1/alerts")
        except OSError:
            return None

    def close(self):
        self.prometheus.process.terminate()
        self.prometheus.process.wait()
        subprocess.run([ROOT / "scripts/kafka.sh", "stop"], check=False)

    def expect(self, *alerts, meanwhile=lambda: None):
        """Waits until each of the alerts has fired."""
        started, missing = time.monotonic(), set(alerts)

        def all_seen():
            meanwhile()
            for alert in missing & self.prometheus.firing():
                self.seen[alert] = time.monotonic() - started
                missing.discard(alert)
                print(f"   {alert} fires after {self.seen[alert]:.0f} s", flush=True)
            return not missing

        try:
            wait_for("", all_seen)
        except SystemExit:
            raise SystemExit(f"observe: not fired: {', '.join(sorted(missing))}; firing: {self.prometheus.firing()}") from None

    def expect_calm(self):
        wait_for("no alert fires any more", lambda: not self.prometheus.firing())


class Pages(http.server.BaseHTTPRequestHandler):
    """A site: articles that do not change, one of ten in trouble the first time."""

    asked = set()

    def do_GET(self):
        if self.path.endswith("0") and self.path not in self.asked:
            self.asked.add(self.path)
            return self.answer(503, b"")
        if self.path == "/robots.txt":
            return self.answer(404, b"")
        if self.headers.get("if-none-match"):
            return self.answer(304, b"")
        text = "<p>The European Central Bank raised interest rates on Thursday to slow inflation in Germany.</p>" * 5
        return self.answer(200, f"<html><body><article><h1>Rates rise</h1>{text}</article></body></html>".encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "text/html")
        self.send_header("etag", '"1"')
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def urls(port, count=40):
    return [json.dumps({"id": f"url-{n}", "url": f"http://127.0.0.1:{port}/{n}"}).encode() for n in range(count)]


def fetching(port):
    return {"FETCH__ENABLED": "true", "FETCH__ALLOW_HOSTS": f"127.0.0.1:{port}", "FETCH__HOST_INTERVAL_MS": 0}


def healthy(world):
    """Every query of the dashboard finds something, and no alert fires."""
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    port = site.server_address[1]
    world.kafka.topics("healthy")
    values = [sample["value"].encode() for sample in SAMPLES] + urls(port)
    types = [sample["content_type"] for sample in SAMPLES] + [None] * 40
    queries = [
        (panel["title"], target["expr"])
        for panel in json.loads((ROOT / "deploy/grafana/dateline.json").read_text())["panels"]
        for target in panel.get("targets", [])
    ]
    empty = []

    def all_found():
        empty.clear()
        for title, text in queries:
            asked = re.sub(r"\$(job|instance)\b", ".*", text).replace("$__rate_interval", "15s")
            found = world.prometheus.query(asked)
            if not any(not math.isnan(float(series["value"][1])) for series in found):
                empty.append(f"{title}: {asked}")
        return not empty

    fired = set()
    # Small batches: the rules' minutes are seconds here, and a batch that waits for pages is no standstill.
    settings = {**fetching(port), "WORKER__BATCH_RECORDS_MAX": 50, "FETCH__HOST_CONCURRENCY_MAX": 16}
    with Worker(world, "healthy", **settings), Feed(world.kafka, "healthy", values, 100, types):
        try:
            wait_for("every query finds something", all_found, 60)
        except SystemExit:
            raise SystemExit("observe: empty panels:\n" + "\n".join(empty)) from None
        for _ in range(20):
            fired |= world.prometheus.firing()
            time.sleep(1)
    site.shutdown()
    if fired:
        raise SystemExit(f"observe: these fire on a healthy worker: {fired}")
    print(f"   {len(queries)} queries, none empty; no alert for 20 s", flush=True)


def poison(world):
    """Two of five records are rubbish, then all: the worker stops, and stops again at each restart."""
    world.kafka.topics("poison")
    good = SAMPLES[0]["value"].encode()
    with Worker(world, "poison") as worker:
        with Feed(world.kafka, "poison", [good, POISON, good, POISON, good], 100):
            world.expect("DatelineDeadLetters", "DatelineDeadLetterLimitNear")
        world.kafka.send("poison", [POISON] * 2000)
        wait_for("it stops", lambda: worker.process.poll() is not None)
        if worker.process.returncode != 76:
            raise SystemExit(f"observe: exit code {worker.process.returncode}, not 76")
        world.expect("DatelineDown")

        def restarted():
            if worker.process.poll() is not None:
                worker.start()

        world.expect("DatelineRestarting", meanwhile=restarted)


def nobody(world):
    """No target; a worker whose pattern matches nothing."""
    world.prometheus.scrape(False)
    world.expect("DatelineAbsent")
    world.prometheus.scrape(True)
    world.kafka.topics("nobody")
    worker = Worker(world, "nobody", KAFKA__INPUT_TOPICS="^nothing-at-all-.*").start()
    try:
        world.expect("DatelineNothingAssigned")
    finally:
        worker.stop()


def stalled(world):
    """The output topic is deleted, and made again."""
    world.kafka.topics("stalled")
    good = [sample["value"].encode() for sample in SAMPLES[:20]]
    with Worker(world, "stalled"):
        world.kafka.send("stalled", good)
        world.kafka.delete("stalled.enriched")
        with Feed(world.kafka, "stalled", good, 20):
            world.expect("DatelineDeliveryStalled", "DatelineNoProgress")
            world.kafka.make("stalled.enriched")
            world.expect_calm()


def refused(world):
    """The output topic takes small records alone from now on."""
    world.kafka.topics("refused")
    good = [sample["value"].encode() for sample in SAMPLES[:20]]
    with Worker(world, "refused", DEAD_LETTERS__SHARE_MAX=1, DEAD_LETTERS__RUN_LENGTH_MAX=0):
        world.kafka.send("refused", good)
        world.kafka.set("refused.enriched", "max.message.bytes", "3000")
        with Feed(world.kafka, "refused", good, 20):
            world.expect("DatelineTransactionsAborting")


def slow(world):
    """More comes in than one thread with the accurate model works off, and it is old."""
    world.kafka.topics("slow")
    values = [sample["value"].encode() for sample in SAMPLES]
    old = int(time.time() * 1000) - 3_600_000
    settings = {"NAMES__MODEL": "accurate", "WORKER__THREADS": 1, "WORKER__BATCH_RECORDS_MAX": 2}
    with Worker(world, "slow", **settings), Feed(world.kafka, "slow", values, 1000, timestamp_ms=old):
        world.expect("DatelineLagOld", "DatelineLagGrowing", "DatelineSaturated")


def rebalances(world):
    """A member that comes and goes; then the worker is frozen for longer than its session."""
    world.kafka.topics("rebalances")
    strategy = {"partition.assignment.strategy": "cooperative-sticky", "heartbeat.interval.ms": 100}
    settings = {"bootstrap.servers": world.kafka.bootstrap, "group.id": "rebalances", **strategy}

    def come_and_go():
        guest = Consumer(settings)
        guest.subscribe(["rebalances.raw"])
        wait_for("the guest is served", lambda: guest.poll(0.05) or guest.assignment(), 20)
        guest.close()

    with Worker(world, "rebalances", **{"KAFKA__LIBRDKAFKA__HEARTBEAT_INTERVAL_MS": 100}) as worker:
        world.expect("DatelineRebalancing", meanwhile=come_and_go)
        worker.process.send_signal(signal.SIGSTOP)
        time.sleep(9)
        worker.process.send_signal(signal.SIGCONT)
        world.expect("DatelinePartitionsLost")


def retention(world):
    """What was committed is deleted while the worker is away."""
    world.kafka.topics("retention")
    good = [SAMPLES[0]["value"].encode()] * 50
    with Worker(world, "retention"):
        world.kafka.send("retention", good)
        done = "sum(dateline_records_enriched_total) >= 50"
        wait_for("all is enriched", lambda: world.prometheus.query(done))
    world.kafka.send("retention", good)
    world.kafka.delete_all_records("retention.raw")
    world.kafka.send("retention", good)
    with Worker(world, "retention"):
        world.expect("DatelineOffsetsOutOfRange")


def site_gone(world):
    """Articles that are only a URL, and nobody there to ask."""
    port = free_port()
    world.kafka.topics("gone")
    settings = {**fetching(port), "FETCH__BREAKER_FAILURES": 2, "FETCH__BREAKER_REST_MS": 3_600_000, "FETCH__RETRIES_MAX": 0}
    with Worker(world, "gone", **settings), Feed(world.kafka, "gone", urls(port), 20):
        world.expect("DatelineHttpFailing", "DatelineBreakerOpen")


def memory(world):
    """Articles of many megabytes, where little is allowed for; again and again, since their peaks are short."""
    world.kafka.topics("memory", 1)
    for kind in ("raw", "enriched", "dead"):
        world.kafka.set(f"memory.{kind}", "max.message.bytes", "200000000")
    settings = {"INPUT__PAYLOAD_BYTES_MAX": 99_000_000, "WORKER__MEMORY_BUDGET_BYTES": 400_000_000}
    article = json.dumps({"id": "large", "title": "Large", "body": "Berlin and Paris agreed on Monday. " * 2_800_000}).encode()

    def more():
        if not world.prometheus.query("sum(dateline_lag_records) > 2"):
            world.kafka.send("memory", [article])

    with Worker(world, "memory", **settings):
        world.expect("DatelineMemoryHigh", meanwhile=more)


def collector_gone(world):
    """Traces for a collector that is not there."""
    world.kafka.topics("traced")
    good = [sample["value"].encode() for sample in SAMPLES[:20]]
    settings = {"TELEMETRY__TRACES_URL": f"http://127.0.0.1:{free_port()}/v1/traces", "TELEMETRY__INTERVAL_MS": 100}
    with Worker(world, "traced", **settings), Feed(world.kafka, "traced", good, 20):
        world.expect("DatelineSpansLost")


def outage(world):
    """The broker is stopped under load."""
    world.kafka.topics("outage")
    good = [sample["value"].encode() for sample in SAMPLES[:20]]
    with Worker(world, "outage"):
        world.kafka.send("outage", good)
        world.kafka.stop()
        world.expect("DatelineNoBroker")


SCENARIOS = [healthy, poison, nobody, stalled, refused, slow, rebalances, retention, site_gone, memory, collector_gone, outage]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "empty.toml").write_text("")
    wanted = [s for s in SCENARIOS if s.__name__ in sys.argv[1:]] or SCENARIOS
    world = World()
    try:
        for scenario in wanted:
            print(f"== {scenario.__name__}: {scenario.__doc__.splitlines()[0]}", flush=True)
            scenario(world)
    finally:
        world.close()
    missing = world.prometheus.alerts - world.seen.keys()
    if wanted == SCENARIOS and missing:
        raise SystemExit(f"observe: never provoked: {sorted(missing)}")
    print(f"observe: {len(world.seen)} of {len(world.prometheus.alerts)} alerts fired")


if __name__ == "__main__":
    main()
