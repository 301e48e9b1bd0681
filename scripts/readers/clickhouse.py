"""Runs ClickHouse (chdb) in FOLDER with the statements on standard input, then puts the file VALUES through them as the
Kafka engine would, and prints the table `articles` as JSON, one row a line.

    python clickhouse.py FOLDER FORMAT VALUES REGISTRY

chdb has no threads for the Kafka engine, so that table is one of the engine `Null` here: what is inserted goes on to the
view. The columns, the format, the view and the registry are those of the statements."""

import re
import sys

from chdb import session


def main():
    """See above."""
    folder, form, values, registry = sys.argv[1:]
    lines = [line for line in sys.stdin.read().splitlines() if not line.startswith("--")]
    database = session.Session(folder)
    database.query("CREATE DATABASE IF NOT EXISTS news ENGINE = Atomic")
    database.query("USE news")
    for statement in "\n".join(lines).split(";"):
        statement, kafka = re.subn(r"ENGINE = Kafka\s+SETTINGS.*", "ENGINE = Null", statement, flags=re.DOTALL)
        if statement.strip():
            database.query(statement)
        if kafka:
            columns = str(database.query("DESCRIBE TABLE articles_queue", "TSV")).strip().splitlines()
    structure = ", ".join(" ".join(column.split("\t")[:2]) for column in columns).replace("\'", "\\'")
    database.query(f"""INSERT INTO articles_queue SELECT * FROM file('{values}', '{form}', '{structure}')
                       SETTINGS format_avro_schema_registry_url = '{registry}'""")
    print(database.query("SELECT * FROM articles FINAL", "JSONEachRow"), end="")


if __name__ == "__main__":
    main()
