"""The readers that keep articles in a store: ClickHouse, PostgreSQL, OpenSearch. Called by check.py."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

from common import BOOTSTRAP, DEADLINE_S, READERS, REGISTRY, jars, job, run_reader


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


@contextlib.contextmanager
def opensearch(work):
    """An OpenSearch of one node; gives a function that asks it."""
    folder = pathlib.Path(__file__).with_name("opensearch")
    data = work / f"opensearch-{uuid.uuid4().hex[:8]}"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"

    def ask(path, body=None):
        request = urllib.request.Request(url + path, data=body and json.dumps(body).encode(),
                                         headers={"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.URLError as error:
            return {"error": str(error)}

    command = ["java", "-Xmx512m", "-cp", f"{jars(work, folder)}/*", folder / "Node.java", data, str(port)]
    with job("opensearch", command, data.with_suffix(".log")) as wait_for:
        wait_for("opensearch", lambda: ask("/").get("version", {}).get("distribution"))
        yield url, ask, wait_for
    shutil.rmtree(data, ignore_errors=True)


def check_opensearch(context):
    """examples/readers/opensearch/sink.py: documents as published, the same after a second run, and after a kill in between."""
    plain = context.samples("json")
    expected = {article["id"]: article for article in filter(None, run_reader(plain, "json").values())}
    with opensearch(context.work) as (url, ask, wait_for):
        command = [sys.executable, READERS / "opensearch" / "sink.py", "--bootstrap", BOOTSTRAP, "--topic", plain.output,
                   "--url", url, "--index", plain.name]
        killed = subprocess.Popen(command)
        wait_for(True, lambda: "error" not in ask(f"/{plain.name}"))
        killed.kill()
        killed.wait()
        for _ in range(2):
            subprocess.run([*command, "--until-end"], check=True, timeout=DEADLINE_S)
            ask(f"/{plain.name}/_refresh", {})
            found = ask(f"/{plain.name}/_search", {"size": 1000})["hits"]["hits"]
            assert {hit["_id"]: hit["_source"] for hit in found} == expected
        place = {"nested": {"path": "entities", "query": {"term": {"entities.type": "GPE"}}}}
        some = ask(f"/{plain.name}/_count", {"query": place})["count"]
        assert some > 10, some
    print(f"opensearch: {len(found)} documents as published, {some} of them found by an entity's type")
