"""Bytewax, as its Kafka connector's documentation has it: JSON in, a field added, JSON out.

    KAFKA_BOOTSTRAP=... IN=... OUT=... python -m bytewax.run bytewax_add_field

Without a recovery store, as in the quick start, it keeps no place: a restart begins anew.
"""

import json
import os

from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSinkMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow

BROKERS = [os.environ["KAFKA_BOOTSTRAP"]]


def longer(message):
    article = json.loads(message.value)
    article["length"] = len(article["body"])
    return KafkaSinkMessage(message.key, json.dumps(article).encode())


flow = Dataflow("add_field")
articles = kop.input("in", flow, brokers=BROKERS, topics=[os.environ["IN"]])
kop.output("out", op.map("longer", articles.oks, longer), brokers=BROKERS, topic=os.environ["OUT"])
