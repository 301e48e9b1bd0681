#!/usr/bin/env python3
"""Writes models/countries.tsv: names of countries by language, from Unicode's CLDR, for texts that no model reads.

    pip install babel==2.19.0 && scripts/countries.py

Added is what news says and CLDR does not; left out are short names and what is misleading in its own language.
English's names serve languages that the table lacks.
"""

from pathlib import Path

from babel import Locale

MODELS = Path(__file__).resolve().parent.parent / "models"
LATIN = "af bs ca cs cy da de en es et eu fi fr ga gl hr hu id is it lt lv ms nb nl nn no pl pt ro sk sl sq sv sw tr vi"
LANGUAGES = f"{LATIN} be bg el mk ru sr uk".split()
ROMANCE = "ca es eu fr gl it pt ro"
SHORTEST = 4  # bytes of a name by CLDR: shorter ones are words

# Forenames and surnames (Maurice Ravel, Mali Harries, Michael Jordan, Martin Kuba), other places (Granada in Spain,
# Monaco for Munich, what is named after a saint, the other Congo), words (Palau: palace; Oman: own; Mali: small, had,
# property; Grenade: grenade).
MISLEADING = {
    "Chad": "*", "Congo": "*", "Dominica": ROMANCE, "Dominika": "*", "Dominique": "*", "Granada": "*", "Grenade": "fr",
    "Guadalupe": "*", "Jordan": "*", "Kongo": "*", "Kuba": "cs pl sk", "Mali": "bs cs cy hr it pl sk sl sw tr",
    "Maurice": "*", "Maurici": "*", "Mauricio": "*", "Maurizio": "*", "Maurício": "*", "Monaco": "it", "Montserrat": "*",
    "Oman": "fi", "Palau": "ca", "Salvador": "*", "Salvadora": "*", "Salvadoras": "*", "Tunis": "bs hr",
    "Мали": "bg mk sr", "Малі": "uk", "Конго": "*",
}
SAINTS = {"BL", "LC", "MF", "PM", "SH"}

# By the English name of names.tsv.
ADDED = {
    "USA": {"USA": LATIN},
    "Holland": {
        "Holland": "da de en hu nb nn no sv", "Holanda": "ca es eu gl pt", "Hollanti": "fi", "Olanda": "it ro",
    },
    "England": {
        "England": "da de en is nb nn no sv", "Engeland": "af nl", "Anglia": "hu pl ro", "Inglaterra": "es gl pt",
        "Anglaterra": "ca", "Angleterre": "fr", "Inghilterra": "it", "Englanti": "fi", "Engleska": "bs hr",
        "Anglie": "cs", "Anglicko": "sk", "Anglija": "sl", "Inglismaa": "et", "Англия": "bg ru", "Англія": "uk",
        "Αγγλία": "el",
    },
    "Scotland": {
        "Scotland": "en", "Schottland": "de", "Skottland": "nb nn no sv", "Skotland": "da", "Schotland": "nl",
        "Écosse": "fr", "Escocia": "es gl", "Escócia": "pt", "Escòcia": "ca", "Scozia": "it", "Szkocja": "pl",
        "Skotlanti": "fi", "Skotsko": "cs", "Škótsko": "sk", "Шотландия": "bg ru", "Шотландія": "uk", "Σκωτία": "el",
    },
}


def is_misleading(language, code, name):
    where = MISLEADING.get(name, "")
    return where == "*" or language in where.split() or code in SAINTS and language in ROMANCE.split()


def main():
    rows = [line.split("\t") for line in (MODELS / "names.tsv").read_text().splitlines()]
    known = Locale("en").territories
    countries = {}  # code -> the English name that the table has: CLDR's, else its first
    for row in rows:
        if row[2] == "country" and len(row) > 5 and len(row[5]) == 2 and not row[0].startswith("Kingdom of"):
            if row[5] not in countries or row[0] == known.get(row[5]):
                countries[row[5]] = row[0]
    table = {
        (language, name): english
        for english, names in ADDED.items()
        for name, where in names.items()
        for language in where.split()
    }
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if code in countries and len(name.encode()) >= SHORTEST and not is_misleading(language, code, name):
                table[language, name] = countries[code]
    lines = sorted(f"{language}\t{name}\t{english}\n" for (language, name), english in table.items())
    (MODELS / "countries.tsv").write_text("".join(lines))


if __name__ == "__main__":
    main()
