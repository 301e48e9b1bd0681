"""What the checks of the readers share: the samples as dateline publishes them, and programs to look at them with.
Needs KAFKA_BOOTSTRAP and SCHEMA_REGISTRY_URL; see scripts/readers-test.sh."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
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


def jars(work, folder):
    """Where Maven has put what a program of Java needs, once."""
    lib = work / f"{folder.name}-jars"
    if not lib.exists():
        subprocess.run(["mvn", "-q", "-B", "-f", folder / "pom.xml", "dependency:copy-dependencies",
                        f"-DoutputDirectory={lib}"], check=True)
    return lib


@contextlib.contextmanager
def job(name, command, log):
    """A program that runs until it is no longer looked at; gives a function that waits until what is asked is as it should be."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log.open("w"))
    deadline = time.monotonic() + DEADLINE_S

    def wait_for(expected, ask):
        while (seen := ask()) != expected:
            assert running.poll() is None, log.read_text()[-4000:]
            assert time.monotonic() < deadline, f"{name}: {str(seen)[:500]} is not {str(expected)[:500]}"
            time.sleep(1)

    try:
        yield wait_for
    finally:
        running.terminate()
        running.wait()
        log.unlink()
