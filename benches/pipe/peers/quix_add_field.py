"""Quix Streams, as its quick start has it: JSON in, a field added, JSON out.

    quix_add_field.py BOOTSTRAP IN OUT at-least-once|exactly-once
"""

import sys

from quixstreams import Application

bootstrap, source, target, guarantee = sys.argv[1:]
app = Application(
    broker_address=bootstrap,
    consumer_group=f"quix-{target}",
    auto_offset_reset="earliest",
    processing_guarantee=guarantee,
    auto_create_topics=False,
)
articles = app.dataframe(app.topic(source, value_deserializer="json"))
articles["length"] = articles["body"].apply(len)
articles.to_topic(app.topic(target, value_serializer="json"))
app.run()
