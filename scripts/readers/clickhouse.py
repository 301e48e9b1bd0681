"""Runs ClickHouse (chdb) in FOLDER with the statements on standard input, waits until `articles` has COUNT articles, and
prints them as JSON, one a line."""

import sys
import time

from chdb import session

DEADLINE_S = 100


def main():
    """See above."""
    folder, count = sys.argv[1], int(sys.argv[2])
    lines = [line for line in sys.stdin.read().splitlines() if not line.startswith("--")]
    database = session.Session(folder)
    database.query("CREATE DATABASE IF NOT EXISTS news ENGINE = Atomic")
    database.query("USE news")
    for statement in "\n".join(lines).split(";"):
        if statement.strip():
            database.query(statement)
    deadline = time.monotonic() + DEADLINE_S
    while int(str(database.query("SELECT uniqExact(id) FROM articles", "TSV")).strip()) < count:
        if time.monotonic() > deadline:
            errors = database.query("SELECT last_exception_time, exceptions FROM system.kafka_consumers", "Vertical")
            sys.exit(f"not all articles came: {errors}")
        time.sleep(0.5)
    print(database.query("SELECT * FROM articles FINAL", "JSONEachRow"), end="")


if __name__ == "__main__":
    main()
