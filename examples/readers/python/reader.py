#!/usr/bin/env python3
"""Reads dateline's output with confluent-kafka: plain JSON, or Avro and JSON Schema through a schema registry.

    python reader.py --bootstrap broker-1:9092 --topic articles.enriched
    python reader.py --bootstrap broker-1:9092 --topic articles.enriched --format avro --registry http://registry:8081

Prints one line of JSON an article. --until-end stops at the ends seen at start.
"""

import argparse
import json
import sys
import uuid

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def deserializer(form, registry):
    """From a value's bytes to a dict."""
    if form == "json":
        return lambda value, _context: json.loads(value)
    client = SchemaRegistryClient({"url": registry})
    if form == "avro":
        return AvroDeserializer(client)
    # The schema is the one that the value names; it is validated against it.
    return JSONDeserializer(None, schema_registry_client=client)


def without_nulls(value):
    """Avro says null where JSON leaves the field out."""
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


def records(arguments):
    """Every committed record: key, article (None: a tombstone)."""
    consumer = Consumer({
        "bootstrap.servers": arguments.bootstrap,
        "group.id": arguments.group or f"reader-{uuid.uuid4()}",
        "auto.offset.reset": "earliest",
        # Without it results of aborted transactions are seen too. It is librdkafka's default; Java's is another.
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    })
    read = deserializer(arguments.format, arguments.registry)
    partitions = consumer.list_topics(arguments.topic, timeout=30).topics[arguments.topic].partitions
    consumer.assign([TopicPartition(arguments.topic, number, OFFSET_BEGINNING) for number in partitions])
    left = set(partitions)
    while left:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            if arguments.until_end:
                left.discard(message.partition())
            continue
        key = message.key().decode("utf-8", "replace") if message.key() is not None else None
        context = SerializationContext(arguments.topic, MessageField.VALUE)
        value = read(message.value(), context) if message.value() is not None else None
        yield key, without_nulls(value)
    consumer.close()


def main():
    """Prints what is read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--format", choices=["json", "avro", "json-schema"], default="json")
    parser.add_argument("--registry")
    parser.add_argument("--group")
    parser.add_argument("--until-end", action="store_true")
    arguments = parser.parse_args()
    for key, article in records(arguments):
        json.dump({"key": key, "article": article}, sys.stdout, ensure_ascii=False)
        print(flush=True)


if __name__ == "__main__":
    main()
