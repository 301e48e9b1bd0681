#!/usr/bin/env python3
"""Keeps dateline's plain JSON output in PostgreSQL, each record exactly once: the offsets stand beside the rows.

    python sink.py --bootstrap broker-1:9092 --topic articles.enriched --database postgresql://news@db/news

A tombstone deletes the article: its key must be the article's id then. --until-end stops at the ends seen at start.
"""

import argparse
import pathlib

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

SCHEMA = pathlib.Path(__file__).with_name("schema.sql")
UPSERT = """INSERT INTO articles (id, record) SELECT record ->> 'id', record FROM (SELECT %s::jsonb AS record) AS new
            ON CONFLICT (id) DO UPDATE SET record = excluded.record"""
DELETE = "DELETE FROM articles WHERE id = %s"
POSITION = """INSERT INTO positions VALUES (%s, %s, %s)
              ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset"""
BATCH_RECORDS_MAX = 500


def text(value):
    """PostgreSQL's text and jsonb have no NUL."""
    return value.decode().replace("\\u0000", "\ufffd").replace("\0", "\ufffd")


def start(consumer, database, topic):
    """Every partition, from where the database stands."""
    known = dict(database.execute("SELECT partition, next_offset FROM positions WHERE topic = %s", [topic]).fetchall())
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, known.get(number, OFFSET_BEGINNING)) for number in partitions])
    return set(partitions)


def keep(database, topic, messages):
    """Writes rows and positions as one."""
    with database.transaction(), database.cursor() as cursor:
        for message in messages:
            if message.value() is not None:
                cursor.execute(UPSERT, [text(message.value())])
            elif message.key() is not None:
                cursor.execute(DELETE, [text(message.key())])
        ends = {message.partition(): message.offset() + 1 for message in messages}
        cursor.executemany(POSITION, [(topic, partition, offset) for partition, offset in ends.items()])


def main():
    """Reads until stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--until-end", action="store_true")
    arguments = parser.parse_args()
    consumer = Consumer({
        "bootstrap.servers": arguments.bootstrap,
        # Needed by the client; offsets are ours.
        "group.id": "postgres-sink",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    })
    with psycopg.connect(arguments.database, autocommit=True) as database:
        database.execute(SCHEMA.read_text())
        left = start(consumer, database, arguments.topic)
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
                keep(database, arguments.topic, messages)
    consumer.close()


if __name__ == "__main__":
    main()
