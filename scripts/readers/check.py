"""Publishes the samples through dateline in each form, runs each reader of examples/readers over them, and compares what
the reader saw with what was published. Needs KAFKA_BOOTSTRAP and SCHEMA_REGISTRY_URL; see scripts/readers-test.sh."""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request
import uuid

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

ROOT = pathlib.Path(__file__).resolve().parents[2]
READERS = ROOT / "examples" / "readers"
BOOTSTRAP = os.environ["KAFKA_BOOTSTRAP"]
REGISTRY = os.environ["SCHEMA_REGISTRY_URL"]
DEADLINE_S = 120


def create(*topics):
    """Makes Kafka topics of two partitions that keep everything."""
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    made = admin.create_topics([NewTopic(topic, 2, 1, config={"retention.ms": "-1"}) for topic in topics])
    for future in made.values():
        future.result()


class Published:
    """The samples, published by dateline in one form, into topics of their own."""

    def __init__(self, dateline, work, name, registry=None):
        self.name = f"{name}-{uuid.uuid4().hex[:8]}"
        self.output, self.dead = f"{self.name}.out", f"{self.name}.dead"
        self.config = work / f"{self.name}.toml"
        self.dateline = dateline
        create(f"{self.name}.in", self.output, self.dead)
        settings = [
            "[kafka]", f'bootstrap_servers = "{BOOTSTRAP}"', f'group_id = "{self.name}"',
            f'input_topics = ["{self.name}.in"]', f'output_topic = "{self.output}"', f'dead_letter_topic = "{self.dead}"',
            "[admin]", 'listen = "127.0.0.1:0"', "[names]", 'model = "fast"',
        ]
        if registry:
            settings += ["[output.schema_registry]", f'url = "{REGISTRY}"', *registry]
        self.config.write_text("\n".join(settings) + "\n")

    def feed(self, with_tombstone=False, producer=None):
        """Writes the samples, and where wanted a tombstone."""
        producer = producer or Producer({"bootstrap.servers": BOOTSTRAP})
        for number, line in enumerate((ROOT / "samples" / "articles.jsonl").read_text().splitlines()):
            sample = json.loads(line)
            kind = sample["content_type"]
            headers = [("content-type", kind)] if kind else []
            producer.produce(f"{self.name}.in", key=f"k-{number}", value=sample["value"].encode(), headers=headers)
        if with_tombstone:
            producer.produce(f"{self.name}.in", key="gone", value=None)
        producer.flush()

    def run(self):
        """One run to the end of the input; its exit code and log."""
        command = [self.dateline, "run", "--config", str(self.config), "--until-end"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        return done.returncode, done.stderr

    def publish(self, **feed):
        """Feeds and runs; all went well."""
        self.feed(**feed)
        code, log = self.run()
        assert code == 0, f"dateline ended with {code}:\n{log}"
        return self

    def raw(self, topic=None):
        """Every committed message of a topic."""
        consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "check", "enable.partition.eof": True})
        consumer.assign([TopicPartition(topic or self.output, number, 0) for number in range(2)])
        messages, left = [], 2
        while left:
            message = consumer.poll(10)
            assert message is not None, "the topic was not read to its end"
            if message.error():
                left -= 1
            else:
                messages.append(message)
        consumer.close()
        return messages


def run_reader(published, form):
    """What examples/readers/python/reader.py sees: key to article."""
    command = [sys.executable, READERS / "python" / "reader.py", "--bootstrap", BOOTSTRAP, "--topic", published.output,
               "--format", form, "--registry", REGISTRY, "--until-end"]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=True).stdout.splitlines()
    seen = {entry["key"]: entry["article"] for entry in map(json.loads, lines)}
    assert len(seen) == len(lines)
    return seen


def comparable(article):
    """Without what differs from run to run; carried fields are text in Avro."""
    if article is None:
        return None
    article = json.loads(json.dumps(article))
    provenance = article["provenance"]
    for name in ("processed_at", "source", "received_at"):
        provenance.pop(name, None)
    carried = article.get("given", {}).get("passthrough", {})
    for name, value in carried.items():
        carried[name] = json.loads(value) if isinstance(value, str) else value
    return article


def ask(path, body=None, method=None):
    """One request to the registry."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(REGISTRY + path, data=data, method=method,
                                     headers={"content-type": "application/vnd.schemaregistry.v1+json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def size(published):
    """Bytes of all values."""
    return sum(len(message.value() or b"") for message in published.raw())


def header(message, name):
    """The last header of that name, as text."""
    return next((value.decode() for key, value in reversed(message.headers() or []) if key == name), None)


def check_registry(context):
    """Avro and JSON Schema, read by Confluent's deserializers; numbers, subjects, rules; what is not framed."""
    plain = context.samples("json")
    expected = {key: comparable(article) for key, article in run_reader(plain, "json").items()}
    assert len(expected) > 100, len(expected)
    for form, media in (("avro", "avro"), ("json-schema", "json")):
        framed = context.samples(form)
        subject = f"{framed.output}-value"
        known = ask(f"/subjects/{subject}/versions/latest")
        seen = {key: comparable(article) for key, article in run_reader(framed, form).items()}
        assert seen["gone"] is None, "the tombstone did not pass as one"
        assert seen == expected, f"{form} differs from JSON"
        values = [message for message in framed.raw() if message.value()]
        for message in values:
            assert message.value()[:5] == b"\0" + known["id"].to_bytes(4, "big")
            assert header(message, "content-type") == f"application/vnd.confluent.{media}"
            assert header(message, "ce_dataschema") == f"{REGISTRY}/schemas/ids/{known['id']}"
        letters = framed.raw(framed.dead)
        originals = {json.loads(line)["value"].encode() for line in (ROOT / "samples/articles.jsonl").open()}
        assert letters and all(letter.value() in originals for letter in letters), "a dead letter is not the original"
        print(f"registry: {form}: {len(seen)} records as in JSON, {len(letters)} dead letters as they were,"
              f" {size(framed)} bytes (JSON {size(plain)})")
        check_rules(framed, form, subject)
    for naming, subject in (("record", "dateline.RecordV1"), ("topic-record", None)):
        named = context.publish(naming, ['format = "avro"', f'subject = "{naming}"'])
        subject = subject or f"{named.output}-dateline.RecordV1"
        assert ask(f"/subjects/{subject}/versions") == [1]
        assert len(run_reader(named, "avro")) == len(expected) - 1
    print("registry: subjects by record and by both are read too")


def check_rules(framed, form, subject):
    """A second run looks up; a schema that readers could not live with ends with 78, before any record."""
    before = len(framed.raw())
    framed.config.write_text(framed.config.read_text() + "auto_register = false\n")
    code, log = framed.run()
    assert (code, ask(f"/subjects/{subject}/versions")) == (0, [1]), log
    other = f"{framed.output}-other"
    create(other)
    framed.config.write_text(framed.config.read_text().replace(f'"{framed.output}"', f'"{other}"'))
    code, log = framed.run()
    assert code == 78 and "has no schema, and auto_register is off" in log, f"{code}: {log}"
    # Whoever owns the subject wants a field that dateline does not write.
    schema = {"avro": {"type": "record", "name": "RecordV1", "namespace": "dateline",
                       "fields": [{"name": "desk", "type": "long"}, {"name": "id", "type": "bytes"}]},
              "json-schema": {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
                              "properties": {"id": {"type": "integer"}}, "required": ["id"]}}[form]
    kind = {"avro": "AVRO", "json-schema": "JSON"}[form]
    ask(f"/subjects/{other}-value/versions", {"schemaType": kind, "schema": json.dumps(schema)})
    code, log = framed.run()
    assert code == 78 and "is not either" in log, f"{code}: {log}"
    framed.config.write_text(framed.config.read_text().replace("auto_register = false", "auto_register = true"))
    ask(f"/config/{other}-value", {"compatibility": "BACKWARD"}, method="PUT")
    code, log = framed.run()
    assert code == 78 and "is not compatible with the latest version" in log, f"{code}: {log}"
    assert ask(f"/subjects/{other}-value/versions") == [1], "it was registered all the same"
    assert len(framed.raw()) == before
    print(f"registry: {form}: an incompatible subject is refused with 78 before the first record")


def check_json(context):
    """examples/readers/python over plain JSON."""
    plain = context.samples("json")
    seen = run_reader(plain, "json")
    assert seen == {m.key().decode(): m.value() and json.loads(m.value()) for m in plain.raw()}
    print(f"json: {len(seen)} records")


def check_clickhouse(context):
    """The statements of examples/readers/clickhouse, in ClickHouse itself (chdb), all but its Kafka engine."""
    for name in ("json", "avro"):
        published = context.samples(name)
        expected = {key: article for key, article in run_reader(published, name).items() if article}
        sql = (READERS / "clickhouse" / f"{name}.sql").read_text()
        for written, real in (("broker-1:9092", BOOTSTRAP), ("articles.enriched", published.output),
                              ("http://registry.example:8081", REGISTRY)):
            sql = sql.replace(written, real)
        form = re.search(r"kafka_format = '(\w+)'", sql).group(1)
        folder = context.work / f"{published.name}-clickhouse"
        values = folder.with_suffix(".values")
        end = b"\n" if name == "json" else b""
        values.write_bytes(b"".join(message.value() + end for message in published.raw() if message.value()))
        script = pathlib.Path(__file__).with_name("clickhouse.py")
        command = [sys.executable, script, folder, form, values, REGISTRY]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        rows = {row["id"]: row for row in map(json.loads, done.stdout.splitlines())}
        shutil.rmtree(folder, ignore_errors=True)
        values.unlink()
        wanted = {article["id"]: article for article in expected.values()}
        assert rows.keys() == wanted.keys()
        for key, article in wanted.items():
            row = rows[key]
            for field in ("headline", "text", "language", "published_at", "publisher"):
                assert row[field] == article.get(field), (key, field)
            if name == "json":
                names = [(entity["type"], entity["name"]) for entity in article.get("entities", [])]
                assert [(entity["type"], entity["name"]) for entity in row["entities"]] == names
                assert [topic["code"] for topic in row["topics"]] == [t["code"] for t in article.get("topics", [])]
            else:
                assert (row["bylines"], row["flags"]) == (article["bylines"], article["flags"])
        print(f"clickhouse: {name}.sql: {len(rows)} rows as published")


@contextlib.contextmanager
def postgres(work):
    """A PostgreSQL of our own on a socket; None where Debian's is not installed."""
    binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        yield None
        return
    folder = work / f"postgres-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    as_user = []
    if os.getuid() == 0:
        # It refuses to run as root.
        shutil.chown(folder, "postgres", "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = folder / "data"
    run = dict(check=True, capture_output=True, text=True, cwd="/")
    subprocess.run([*as_user, binaries[-1] / "initdb", "-D", data, "-U", "news", "--auth=trust", "-E", "UTF8"], **run)
    server = subprocess.Popen([*as_user, binaries[-1] / "postgres", "-D", data, "-k", folder, "-h", ""], cwd="/",
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not (folder / ".s.PGSQL.5432").exists():
            assert time.monotonic() < deadline and server.poll() is None, "PostgreSQL did not start"
            time.sleep(0.1)
        yield f"postgresql://news@/postgres?host={folder}"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def check_postgres(context):
    """examples/readers/postgres: rows as published, the same after a second run, and after a kill in between."""
    import psycopg

    with postgres(context.work) as database:
        if database is None:
            print("*** NOT RUN: postgres, for want of Debian's postgresql ***")
            return
        plain = context.samples("json")
        command = [sys.executable, READERS / "postgres" / "sink.py", "--bootstrap", BOOTSTRAP, "--topic", plain.output,
                   "--database", database]
        expected = {}
        for message in sorted(plain.raw(), key=lambda message: (message.partition(), message.offset())):
            if message.value() is not None:
                article = json.loads(message.value())
                expected[article["id"]] = article
        killed = subprocess.Popen(command)
        deadline = time.monotonic() + DEADLINE_S
        with psycopg.connect(database, autocommit=True) as connection:
            while not connection.execute("SELECT to_regclass('articles')").fetchone()[0]:
                assert time.monotonic() < deadline
            killed.kill()
            killed.wait()
            for _ in range(2):
                subprocess.run([*command, "--until-end"], check=True, timeout=DEADLINE_S)
                rows = dict(connection.execute("SELECT id, record FROM articles").fetchall())
                assert rows.keys() == expected.keys()
            some = connection.execute(
                """SELECT count(*) FROM articles WHERE record -> 'entities' @> '[{"type": "GPE"}]'""").fetchone()[0]
            assert some > 10, some
        print(f"postgres: {len(rows)} rows as published, {some} of them found by an entity's type")


def check_streams(context):
    """examples/readers/kafka-streams: counts of entities, against a count of our own."""
    folder = READERS / "kafka-streams"
    jars = context.work / "streams-jars"
    if not jars.exists():
        subprocess.run(["mvn", "-q", "-B", "-f", folder / "pom.xml", "dependency:copy-dependencies",
                        f"-DoutputDirectory={jars}"], check=True)
    plain = context.samples("json")
    expected = {}
    for article in filter(None, run_reader(plain, "json").values()):
        for name in {f"{entity['type']} {entity['name']}" for entity in article.get("entities", [])}:
            expected[name] = expected.get(name, 0) + 1
    counts = f"{plain.name}.counts"
    create(counts)
    state = context.work / f"{plain.name}-state"
    command = ["java", "-Xmx256m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", f"-Dstate.dir={state}", "-cp", f"{jars}/*", folder / "EntityCounts.java",
               BOOTSTRAP, plain.output, counts]
    log = state.with_suffix(".log")
    streams = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log.open("w"))
    try:
        deadline = time.monotonic() + DEADLINE_S
        seen = None
        while seen != expected:
            assert streams.poll() is None, log.read_text()[-4000:]
            assert time.monotonic() < deadline, f"{len(seen or {})} of {len(expected)} entities"
            time.sleep(1)
            messages = sorted(Published.raw(plain, counts), key=lambda message: (message.partition(), message.offset()))
            seen = {message.key().decode(): int.from_bytes(message.value(), "big") for message in messages}
    finally:
        streams.terminate()
        streams.wait()
        shutil.rmtree(state, ignore_errors=True)
        log.unlink()
    print(f"streams: {len(expected)} entities counted as by hand")


def check_traces(context):
    """Spans of batches, with links to the producers' spans; a collector that refuses all loses no record."""
    from traces import Collector

    for status in (200, 500):
        collector = Collector(status)
        traced = Published(context.dateline, context.work, f"traces-{status}")
        traced.config.write_text(f'{traced.config.read_text()}[telemetry]\ntraces_url = "{collector.url}"\n')
        trace, parent = uuid.uuid4().hex, uuid.uuid4().hex[:16]
        producer = Producer({"bootstrap.servers": BOOTSTRAP})
        producer.produce(f"{traced.name}.in", key="traced", value='{"title": "Rain in Paris"}',
                         headers=[("traceparent", f"00-{trace}-{parent}-01")])
        traced.publish(producer=producer)
        read = {message.key(): message for message in traced.raw()}
        assert header(read[b"traced"], "traceparent") == f"00-{trace}-{parent}-01"
        if status == 500:
            print(f"traces: a collector that answers 500 held up none of {len(read)} records")
            continue
        whole = [span for span in collector.spans if span.name == f"process {traced.name}.in"]
        links = [link for span in whole for link in span.links]
        assert [(link.trace_id.hex(), link.span_id.hex()) for link in links] == [(trace, parent)]
        counted = {pair.key: pair.value.int_value for span in whole for pair in span.attributes}
        assert counted["dateline.records.enriched"] > 0
        stages = {span.name for span in collector.spans if span.parent_span_id}
        assert stages == {"enrich", "commit"}
        print(f"traces: {len(collector.spans)} spans of {len(whole)} batches, linked to the producer's")


class Context:
    """Where to work, and what to publish with."""

    def __init__(self, dateline, work):
        self.dateline, self.work = dateline, work
        self.known = {}

    def samples(self, form):
        """The samples and a tombstone, published in a form once for all parts."""
        if form not in self.known:
            registry = None if form == "json" else [f'format = "{form}"']
            self.known[form] = self.publish(form, registry, with_tombstone=True)
        return self.known[form]

    def publish(self, name, registry=None, **feed):
        """The samples, published."""
        return Published(self.dateline, self.work, name, registry).publish(**feed)


def main():
    """Runs the parts that are named."""
    parts = {"registry": check_registry, "json": check_json, "clickhouse": check_clickhouse, "postgres": check_postgres,
             "streams": check_streams, "traces": check_traces}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dateline", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("parts", nargs="+", choices=parts)
    arguments = parser.parse_args()
    context = Context(arguments.dateline, arguments.work)
    for name in arguments.parts:
        parts[name](context)
    for config in arguments.work.glob("*.toml"):
        config.unlink()


if __name__ == "__main__":
    main()
