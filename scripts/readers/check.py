"""Publishes the samples through dateline in each form, runs each reader of examples/readers over them, and compares what
the reader saw with what was published. Needs KAFKA_BOOTSTRAP and SCHEMA_REGISTRY_URL; see scripts/readers-test.sh."""

import argparse
import json
import pathlib
import shutil
import urllib.request
import uuid

from confluent_kafka import Producer

from common import BOOTSTRAP, READERS, REGISTRY, ROOT, Published, create, jars, job, run_reader
from stores import check_clickhouse, check_opensearch, check_postgres


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


def check_flink(context):
    """examples/readers/flink: a row for each entity of each article, against rows of our own."""
    folder = READERS / "flink"
    plain = context.samples("json")
    expected = []
    for article in filter(None, run_reader(plain, "json").values()):
        topic = next((topic["code"] for topic in article.get("topics", [])), None)
        for entity in article.get("entities") or [{}]:
            expected.append({"id": article["id"], "headline": article.get("headline"),
                             "published_at": article.get("published_at"), "type": entity.get("type"),
                             "name": entity.get("name"), "confidence": entity.get("confidence"), "topic": topic})
    rows = f"{plain.name}.entities"
    create(rows)
    sql = (folder / "articles.sql").read_text()
    for written, real in (("broker-1:9092", BOOTSTRAP), ("articles.enriched", plain.output), ("articles.entities", rows)):
        sql = sql.replace(written, real)
    script = context.work / f"{plain.name}.sql"
    script.write_text(sql)
    opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.lang", "java.util")]
    command = ["java", "-Xmx700m", *opens, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
               f"{jars(context.work, folder)}/*", folder / "RunSql.java", script]
    in_order = lambda found: sorted(json.dumps(row, sort_keys=True) for row in found)
    with job("flink", command, script.with_suffix(".log")) as wait_for:
        wait_for(in_order(expected), lambda: in_order(json.loads(message.value()) for message in plain.raw(rows)))
    script.unlink()
    print(f"flink: articles.sql: {len(expected)} rows as by hand")


def check_streams(context):
    """examples/readers/kafka-streams: counts of entities, against a count of our own."""
    folder = READERS / "kafka-streams"
    plain = context.samples("json")
    expected = {}
    for article in filter(None, run_reader(plain, "json").values()):
        for name in {f"{entity['type']} {entity['name']}" for entity in article.get("entities", [])}:
            expected[name] = expected.get(name, 0) + 1
    counts = f"{plain.name}.counts"
    create(counts)
    state = context.work / f"{plain.name}-state"
    command = ["java", "-Xmx256m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", f"-Dstate.dir={state}", "-cp",
               f"{jars(context.work, folder)}/*", folder / "EntityCounts.java", BOOTSTRAP, plain.output, counts]

    def counted():
        messages = sorted(plain.raw(counts), key=lambda message: (message.partition(), message.offset()))
        return {message.key().decode(): int.from_bytes(message.value(), "big") for message in messages}

    with job("streams", command, state.with_suffix(".log")) as wait_for:
        wait_for(expected, counted)
    shutil.rmtree(state, ignore_errors=True)
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
             "opensearch": check_opensearch, "flink": check_flink, "streams": check_streams, "traces": check_traces}
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
