#!/usr/bin/env python3
"""Writes models/countries.tsv: names of countries in other languages than English, from Unicode's CLDR.

    pip install babel==2.19.0 && scripts/countries.py

Left out: short names, and those that are a forename, or in English news another place, a person or a body.
"""

from pathlib import Path

from babel import Locale

MODELS = Path(__file__).resolve().parent.parent / "models"
LANGUAGES = ("af be bg bs ca cs cy da de el es et eu fi fr ga gl hr hu id is it lt lv mk ms nb nl nn no pl pt ro ru sk sl sq "
             "sr sv sw tr uk vi").split()
SHORTEST = 4  # bytes, as in src/enrich/entities/countries.rs


def main():
    rows = [line.split("\t") for line in (MODELS / "names.tsv").read_text().splitlines()]
    english = {row[0] for row in rows}
    countries = {}  # code -> the English name that the table has: CLDR's, else its first
    for row in rows:
        if row[2] == "country" and len(row) > 5 and len(row[5]) == 2 and not row[0].startswith("Kingdom of"):
            if row[5] not in countries or row[0] == Locale("en").territories.get(row[5]):
                countries[row[5]] = row[0]
    forenames = set((MODELS / "forenames.txt").read_text().split())
    lines = []
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if code in countries and len(name.encode()) >= SHORTEST and name not in english and name not in forenames:
                lines.append(f"{language}\t{name}\t{countries[code]}\n")
    (MODELS / "countries.tsv").write_text("".join(sorted(lines)))


if __name__ == "__main__":
    main()
