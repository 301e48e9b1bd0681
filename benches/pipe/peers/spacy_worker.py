"""What most teams write: confluent-kafka's consumer and producer around spaCy's small English pipeline.

    spacy_worker.py BOOTSTRAP IN OUT FOLDER_OF_THE_PIPELINE

At-least-once: offsets are committed once the producer has nothing out. The pipeline runs its name recogniser alone.
"""

import json
import sys
from pathlib import Path

import spacy
from confluent_kafka import Consumer
from confluent_kafka import Producer

bootstrap, source, target, folder = sys.argv[1:]
UNUSED = ["tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]
config = next(path for path in sorted(Path(folder).rglob("config.cfg")) if (path.parent / "ner").is_dir())
nlp = spacy.load(config.parent, exclude=UNUSED)
consumer = Consumer(
    {
        "bootstrap.servers": bootstrap,
        "group.id": f"spacy-{target}",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
    }
)
producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
consumer.subscribe([source])
while True:
    messages = [message for message in consumer.consume(64, timeout=0.5) if not message.error()]
    articles = [json.loads(message.value()) for message in messages]
    texts = (article["headline"] + "\n\n" + article["body"] for article in articles)
    for message, article, doc in zip(messages, articles, nlp.pipe(texts, batch_size=64)):
        article["entities"] = [
            {"type": name.label_, "text": name.text, "start": name.start_char, "end": name.end_char}
            for name in doc.ents
        ]
        producer.produce(target, json.dumps(article).encode(), message.key())
    producer.flush()
    if messages:
        consumer.commit(asynchronous=False)
