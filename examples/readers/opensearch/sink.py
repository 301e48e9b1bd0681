#!/usr/bin/env python3
"""Keeps dateline's plain JSON output in an index of OpenSearch, one document an article: its id is the document's, so that
what is read again after a crash is written over itself. Offsets are committed after the index has taken the records.

    python sink.py --bootstrap broker-1:9092 --topic articles.enriched --url https://opensearch.example:9200 --index articles

index.json says how the index is made; fields that it does not name are kept, but not searched. A tombstone deletes the
article: its key must be the article's id then. --until-end stops at the ends seen at start.
"""

import argparse
import json
import pathlib
import urllib.error
import urllib.request

from confluent_kafka import Consumer, KafkaError, KafkaException

INDEX = pathlib.Path(__file__).with_name("index.json")
BATCH_RECORDS_MAX = 500
TIMEOUT_S = 60


def ask(url, body, method, kind="application/json"):
    """One request, and its answer."""
    request = urllib.request.Request(url, data=body, method=method, headers={"content-type": kind})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        return json.load(answer)


def make(url):
    """The index, where it is not there yet."""
    try:
        ask(url, INDEX.read_bytes(), "PUT")
    except urllib.error.HTTPError as error:
        if b"resource_already_exists_exception" not in error.read():
            raise


def actions(messages):
    """The lines of a bulk request."""
    for message in messages:
        if message.value() is not None:
            yield json.dumps({"index": {"_id": json.loads(message.value())["id"]}}).encode()
            yield message.value()
        elif message.key() is not None:
            yield json.dumps({"delete": {"_id": message.key().decode()}}).encode()


def keep(url, messages):
    """Writes the articles, or raises: a document that the index refuses is not passed over."""
    lines = list(actions(messages))
    if not lines:
        return
    answer = ask(f"{url}/_bulk", b"\n".join(lines) + b"\n", "POST", "application/x-ndjson")
    refused = [item["index"] for item in answer["items"] if item.get("index", {}).get("error")]
    if refused:
        raise SystemExit(f"{len(refused)} documents are refused: {refused[0]}")


def main():
    """Reads until stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("bootstrap", "topic", "url", "index"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--until-end", action="store_true")
    arguments = parser.parse_args()
    url = f"{arguments.url}/{arguments.index}"
    make(url)
    consumer = Consumer({
        "bootstrap.servers": arguments.bootstrap,
        "group.id": f"opensearch-{arguments.index}",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    })
    consumer.subscribe([arguments.topic])
    left = set(consumer.list_topics(arguments.topic, timeout=30).topics[arguments.topic].partitions)
    while left:
        messages = []
        for message in consumer.consume(BATCH_RECORDS_MAX, timeout=1.0):
            if not message.error():
                messages.append(message)
            elif message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            elif arguments.until_end:
                left.discard(message.partition())
        if messages:
            keep(url, messages)
            consumer.commit(asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    main()
