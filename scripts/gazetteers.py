#!/usr/bin/env python3
"""Compiles the open data in DATA (default ../shared/data) into the committed files under models/.

    DATA=../shared/data python3 scripts/gazetteers.py

Standard library only; the same data gives the same bytes. Names are checked against the training half of the
annotated news (see split()): a name that is usually something else there is dropped.
"""
import csv
import io
import json
import os
import re
import unicodedata
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("DATA", ROOT.parent / "shared" / "data"))
MODELS = ROOT / "models"
GAZ = DATA / "gazetteers"
TYPES = {"PER": "PERSON", "ORG": "ORG", "GPE": "GPE", "LOC": "LOC", "FAC": "FAC", "NORP": "NORP",
         "EVENT": "EVENT", "WORK": "WORK", "PRODUCT": "PRODUCT"}


def open_csv(name):
    return csv.DictReader(open(GAZ / name, encoding="utf-8-sig"))


def plain(text):
    """Letters without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


# ---------------------------------------------------------------- annotated news

def split(stem, article):
    """True for the training half; the figures in models/README.md are of the other half."""
    return article % 2 == 0


def annotated():
    """(file stem, article number, tokens, tags) of each sentence; gmb is cut into blocks of 50 sentences."""
    for path in sorted((DATA / "names").glob("*.conll")):
        article, sentence, tokens, tags = 0, 0, [], []
        gmb = path.stem.startswith("gmb")
        for line in open(path, encoding="utf-8"):
            line = line.rstrip("\n")
            if line.startswith("-DOCSTART-"):
                article += 1
                continue
            if line:
                token, tag = line.split("\t")
                tokens.append(token)
                tags.append(tag)
            elif tokens:
                yield path.stem, (sentence // 50 if gmb else article), tokens, tags
                sentence, tokens, tags = sentence + 1, [], []


TRAIN = [(stem, tokens, tags) for stem, article, tokens, tags in annotated() if split(stem, article)]


def entities(tokens, tags):
    i = 0
    while i < len(tags):
        if tags[i].startswith("B-"):
            j = i + 1
            while j < len(tags) and tags[j].startswith("I-"):
                j += 1
            yield i, j, TYPES[tags[i][2:]]
            i = j
        else:
            i += 1


LOWER, UPPER = Counter(), Counter()  # how often a word stands in lower case, and with a capital
for _, tokens, _ in TRAIN:
    LOWER.update(t for t in tokens if t.islower() and t.isalpha())
    UPPER.update(t for t in tokens[1:] if t[0].isupper() and t.isalpha())
SOCIAL = {"btc", "wnut17", "wnut17-test"}  # capitals mean little there
for path in sorted((DATA / "ner").glob("*.conll")):
    for line in open(path, encoding="utf-8"):
        token = line.split("\t")[0]
        if token.islower() and token.isalpha() and path.stem not in SOCIAL:
            LOWER[token] += 1


def common(name):
    """Is this single word also an ordinary word?"""
    return " " not in name and LOWER[name.lower()] >= max(2, UPPER[name] / 5)


# ---------------------------------------------------------------- the table

class Names:
    """name -> [type, source, country, iso3166, wikidata, geonames, ticker]; the first to claim a name keeps it."""

    def __init__(self):
        self.rows = {}

    def add(self, name, kind, source, country="", iso="", wikidata="", geonames="", ticker=""):
        name = unicodedata.normalize("NFC", name.strip().replace("\u2019", "'"))
        if len(name) > 1 and name not in self.rows and not re.search(r"[\t\n(),;]", name):
            self.rows[name] = [kind, source, country, iso, wikidata, geonames, ticker]

    def identify(self, name, kind, wikidata):
        """Gives a known name its Wikidata id, or adds the name; never to a city of which there are several."""
        row = self.rows.get(name)
        if row is None:
            source = {"GPE": "place", "LOC": "place", "ORG": "body", "PERSON": "person", "EVENT": "event"}.get(kind, "other")
            self.add(name, kind, source, "", "", wikidata)
        elif not row[4] and (row[0] == kind or {row[0], kind} == {"GPE", "LOC"}) and not (row[1] == "city" and not row[5]) and row[1] != "unsure":
            row[4] = wikidata


names = Names()

ALIASES = {  # common forms that the tables lack
    "US": "U.S.|US|USA|America|U.S|U.S.A.|United States|the United States of America|United States of America|U. S.",
    "GB": "UK|U.K.|Britain|Great Britain|United Kingdom", "RU": "Russia|Russian Federation", "KR": "South Korea|Republic of Korea",
    "KP": "North Korea|DPRK", "IR": "Iran", "SY": "Syria", "VN": "Vietnam|Viet Nam", "LA": "Laos", "TZ": "Tanzania",
    "BO": "Bolivia", "VE": "Venezuela", "MD": "Moldova", "TW": "Taiwan", "CI": "Ivory Coast|Cote d'Ivoire|Côte d'Ivoire",
    "CZ": "Czech Republic|Czechia", "MM": "Myanmar|Burma", "NL": "Netherlands|Holland", "AE": "United Arab Emirates|UAE|U.A.E.",
    "BN": "Brunei", "CV": "Cape Verde", "SZ": "Swaziland|Eswatini", "TL": "East Timor|Timor-Leste", "MK": "Macedonia|North Macedonia",
    "CD": "Democratic Republic of Congo|Democratic Republic of the Congo|DR Congo|DRC|Congo-Kinshasa", "CG": "Republic of Congo|Republic of the Congo|Congo-Brazzaville",
    "TR": "Turkey|Türkiye", "BA": "Bosnia|Bosnia-Herzegovina|Bosnia and Herzegovina", "PS": "Palestine", "XK": "Kosovo", "VA": "Vatican|Vatican City|Holy See",
    "SA": "Saudi Arabia", "CN": "China|People's Republic of China|mainland China", "HK": "Hong Kong", "MO": "Macau|Macao", "TT": "Trinidad|Trinidad and Tobago",
    "KG": "Kyrgyzstan", "GM": "Gambia|The Gambia", "BS": "Bahamas|The Bahamas", "FM": "Micronesia", "SK": "Slovakia", "DO": "Dominican Republic",
    "CF": "Central African Republic", "ZA": "South Africa", "SS": "South Sudan", "NZ": "New Zealand", "PG": "Papua New Guinea", "ST": "Sao Tome and Principe",
    "KN": "Saint Kitts and Nevis", "AG": "Antigua and Barbuda|Antigua", "LC": "St. Lucia|Saint Lucia", "VC": "St. Vincent and the Grenadines",
    "WS": "Samoa", "SB": "Solomon Islands", "PR": "Puerto Rico", "GL": "Greenland", "FK": "Falkland Islands", "GI": "Gibraltar", "CW": "Curaçao|Curacao",
}
WIKIDATA = {"NL": "Q55"}  # the table has the Kingdom of the Netherlands
UNSURE = {"Georgia", "Congo", "Korea", "Guinea", "Jersey", "Ireland", "Micronesia", "Reunion", "Saint Martin", "Macedonia"}
COUNTRY_OF = {}


def countries():
    for row in open_csv("country-codes.csv"):
        code = row["ISO3166-1-Alpha-2"].strip()
        wikidata = row["wikidata_id"].rsplit("/", 1)[-1]
        if not re.fullmatch("[A-Z]{2}", code):
            continue
        forms = ALIASES.get(code, "").split("|")
        forms += [row["CLDR display name"], row["UNTERM English Short"], row["UNTERM English Formal"], row["official_name_en"]]
        for form in forms:
            form = re.sub(r"^the ", "", re.sub(r"\s*\(.*?\)\*?", "", form.replace("\u2019", "'"))).strip(" *")
            if len(form) < 2 or form in {"Jersey", "Reunion", "Norfolk Island", "Bouvet Island"} or "SAR" in form:
                continue
            for shape in {form, plain(form), form.replace(" & ", " and "), form.replace("St. ", "Saint ")}:
                COUNTRY_OF.setdefault(shape.lower(), code)
                if shape in UNSURE and shape not in {"Ireland", "Micronesia", "Macedonia", "Guinea"}:
                    names.add(shape, "GPE", "unsure")
                else:
                    names.add(shape, "GPE", "country", code, code, wikidata if shape.startswith("Kingdom of") else WIKIDATA.get(code, wikidata))
    for name in ("Georgia", "Congo", "Korea"):
        names.add(name, "GPE", "unsure")
    names.add("Kosovo", "GPE", "country", "XK", "", "Q1246")
    for name, iso, wikidata in (("England", "GB-ENG", "Q21"), ("Scotland", "GB-SCT", "Q22"), ("Wales", "GB-WLS", "Q25"), ("Northern Ireland", "GB-NIR", "Q26")):
        names.add(name, "GPE", "country", "GB", iso, wikidata)
    for name in ("Soviet Union", "Yugoslavia", "Czechoslovakia", "East Germany", "West Germany", "Serbia and Montenegro", "USSR", "South Ossetia", "Abkhazia"):
        names.add(name, "GPE", "country")


DEMONYMS = {
    "US": "American|Americans|US|U.S.", "GB": "British|Briton|Britons|English|Englishman|Scottish|Scots|Scot|Welsh|Northern Irish", "RU": "Russian|Russians", "FR": "French|Frenchman|Frenchmen",
    "NL": "Dutch|Dutchman", "IE": "Irish|Irishman", "ES": "Spanish|Spaniard|Spaniards", "PS": "Palestinian|Palestinians", "IL": "Israeli|Israelis", "CN": "Chinese",
    "KR": "South Korean|South Koreans", "KP": "North Korean|North Koreans", "SA": "Saudi|Saudis", "AF": "Afghan|Afghans|Afghani", "IQ": "Iraqi|Iraqis", "TW": "Taiwanese",
    "PH": "Filipino|Filipinos|Philippine", "MM": "Burmese", "XK": "Kosovar|Kosovars", "TR": "Turk|Turks|Turkish", "CH": "Swiss", "SE": "Swedish|Swede|Swedes", "DK": "Danish|Dane|Danes",
    "FI": "Finnish|Finn|Finns", "PL": "Polish|Pole|Poles", "BE": "Belgian|Belgians", "AR": "Argentine|Argentinian|Argentinians|Argentines", "AE": "Emirati|Emiratis", "NZ": "New Zealander|New Zealanders",
    "ZA": "South African|South Africans", "TL": "East Timorese|Timorese", "BA": "Bosnian|Bosnians", "CZ": "Czech|Czechs", "NP": "Nepalese|Nepali", "BD": "Bangladeshi|Bangladeshis", "CI": "Ivorian|Ivorians",
    "LK": "Sri Lankan|Sri Lankans", "PR": "Puerto Rican|Puerto Ricans", "SS": "South Sudanese", "KE": "Kenyan|Kenyans", "YE": "Yemeni|Yemenis", "ZW": "Zimbabwean|Zimbabweans",
}
NORPS = """Muslim Muslims Christian Christians Jewish Jew Jews Shi'ite Shi'ites Shiite Shiites Shia Sunni Sunnis Kurdish Kurd Kurds Arab Arabs Arabic Hindu Hindus Sikh Sikhs Catholic Catholics
Protestant Protestants Buddhist Buddhists Democrat Democrats Republican Republicans European Europeans African Africans Asian Asians Tibetan Tibetans Chechen Chechens Uighur Uighurs Uyghur Uyghurs Tamil Tamils Islamist
Islamists Islamic Hutu Hutus Tutsi Tutsis Pashtun Pashtuns Tory Tories Communist Communists Nazi Nazis Hispanic Hispanics Latino Latinos Anglican Anglicans Soviet Korean Koreans Congolese Maronite Druze Alawite
Baptist Methodist Lutheran Mormon Mormons Quaker Rohingya Roma Maoist Maoists Marxist Socialists Socialist Baathist Baathists Scandinavian Basque Catalan Flemish Inuit Aboriginal Maori Zulu Serb Serbs Croat Croats
Hispanic Slavic Persian Cossack Berber Tuareg Ossetian Abkhaz Crimean Kashmiri Kashmiris Punjabi Bengali Balochi Sinhalese Dalit Dalits Salafist Wahhabi Ismaili Amish Hasidic Zionist Zionists Cherokee Navajo Sioux Chicagoans Parisians
Londoners|Latin American|Latin Americans|African American|African Americans|African-American|African-Americans|Roman Catholic|Roman Catholics|Bosnian Serb|Bosnian Serbs|Bosnian Muslim|New Yorkers|New Yorker|Asian American|Asian Americans|Native American|Native Americans|South American|Central American|Southeast Asian|Middle Eastern|Kosovo Albanian|Kosovo Albanians|Sunni Muslim|Sunni Arab|Sunni Arabs|Shi'ite Muslim|Shiite Muslim|Liberal Democrat|Liberal Democrats|Christian Democrat|Christian Democrats|Social Democrat|Social Democrats|West African|East African|Eastern European"""


def demonyms():
    for code, forms in DEMONYMS.items():
        for form in forms.split("|"):
            if form not in ("US", "U.S."):
                names.add(form, "NORP", "demonym", code)
    owners = defaultdict(set)
    for line in open(GAZ / "factbook-countries.jsonl", encoding="utf-8"):
        row = json.loads(line)
        code = COUNTRY_OF.get(row.get("short_name", "").lower()) or COUNTRY_OF.get(row.get("long_name", "").lower())
        if not code:
            continue
        for text in (row.get("nationality_noun", ""), row.get("nationality_adjective", "")):
            for form in re.split(r"[,;/]| or | and ", text):
                plural = "(s)" in form
                form = re.sub(r"\(.*?\)", "", form).strip()
                if re.fullmatch(r"[A-Z][a-z]{3,}(?:[ -][A-Z][a-z]+)?", form):
                    owners[form].add(code)
                    if plural or form[-1] in "ni":
                        owners[form + "s"].add(code)
    for form in sorted(owners):
        if form not in {"Christmas", "None", "Island", "Virgin", "Mosotho", "Guinean", "Guineans"}:
            codes = owners[form]
            names.add(form, "NORP", "demonym", codes.copy().pop() if len(codes) == 1 else "")
    for line in NORPS.replace("\n", " ").split("|"):
        for form in (line.split() if "Muslims" in line else [line]):
            names.add(form, "NORP", "group")


STATES = dict(p.split(":") for p in """Alabama:AL Alaska:AK Arizona:AZ Arkansas:AR California:CA Colorado:CO Connecticut:CT Delaware:DE Florida:FL Hawaii:HI Idaho:ID Illinois:IL Indiana:IN Iowa:IA Kansas:KS Kentucky:KY
Louisiana:LA Maine:ME Maryland:MD Massachusetts:MA Michigan:MI Minnesota:MN Mississippi:MS Missouri:MO Montana:MT Nebraska:NE Nevada:NV New_Hampshire:NH New_Jersey:NJ New_Mexico:NM North_Carolina:NC North_Dakota:ND
Ohio:OH Oklahoma:OK Oregon:OR Pennsylvania:PA Rhode_Island:RI South_Carolina:SC South_Dakota:SD Tennessee:TN Texas:TX Utah:UT Vermont:VT Virginia:VA West_Virginia:WV Wisconsin:WI Wyoming:WY""".split())
ADMIN1 = {"CA", "AU", "IN", "DE", "BR", "MX", "CN", "PK", "NG", "ES", "IT", "AF", "RU", "ZA", "ID"}


def states():
    for name, code in STATES.items():
        names.add(name.replace("_", " "), "GPE", "state", "US", "US-" + code)
    names.add("Washington state", "GPE", "state", "US", "US-WA")
    names.add("New York state", "GPE", "state", "US", "US-NY")


def divisions():
    for row in json.load(open(GAZ / "admin1.json", encoding="utf-8")):
        country = row["code"][:2]
        name = row["name"]
        if country in ADMIN1 and len(name) > 4 and not common(name) and name not in FORENAMES and name not in SURNAMES:
            is_city = any(there == country and population >= 1_000_000 for population, there, *_ in MAIN_FORMS.get(name, ()))
            if not is_city and not re.search(r"^(North|South|East|West|Central|Northern|Southern|Eastern|Western)$|State of", name):
                names.add(name, "GPE", "region", country)


CITY_FORMS = {"Kiev": "UA", "Bombay": "IN", "Calcutta": "IN", "Mecca": "SA", "Medina": "SA", "Rangoon": "MM", "Gaza City": "PS", "Baghdad": "IQ", "Washington": "US", "Washington, D.C.": "US", "Washington DC": "US",
              "New York": "US", "New York City": "US", "Los Angeles": "US", "Geneva": "CH", "Brussels": "BE", "Tehran": "IR", "Fallujah": "IQ", "Ramadi": "IQ", "Mosul": "IQ", "Kirkuk": "IQ", "Tikrit": "IQ", "Basra": "IQ", "Najaf": "IQ",
              "Karbala": "IQ", "Kandahar": "AF", "Jalalabad": "AF", "Bethlehem": "PS", "Ramallah": "PS", "Tel Aviv": "IL", "Jerusalem": "", "Port-au-Prince": "HT", "Sao Paulo": "BR", "Saint Petersburg": "RU", "Hague": "NL", "The Hague": "NL",
              "Seville": "ES", "Munich": "DE", "Cologne": "DE", "Vienna": "AT", "Prague": "CZ", "Warsaw": "PL", "Rome": "IT", "Milan": "IT", "Turin": "IT", "Naples": "IT", "Venice": "IT", "Lisbon": "PT", "Athens": "GR", "Moscow": "RU", "Beijing": "CN",
              "Cairo": "EG", "Damascus": "SY", "Aleppo": "SY", "Beirut": "LB", "Khartoum": "SD", "Nairobi": "KE", "Islamabad": "PK", "Sharm el-Sheikh": "EG", "Guantanamo": "CU", "Copenhagen": "DK", "Bucharest": "RO", "Kyiv": "UA", "Kharkiv": "UA", "Odesa": "UA", "Zurich": "CH"}
# Alone these are the cities, as datelines have it, though a state or another city has the name too; no id where a city
# and its region are hard to tell apart.
CITIES_BY_CUSTOM = {"Barcelona": ("ES", "3128760"), "Manchester": ("GB", "2643123"), "Gaza": ("PS", ""), "Odessa": ("UA", "698740"), "New York": ("US", "5128581"), "New York City": ("US", "5128581"), "Washington": ("US", "4140963"),
                      "Washington, D.C.": ("US", "4140963"), "Washington DC": ("US", "4140963"), "Mecca": ("SA", "104515")}
BIG = {"London", "Paris", "Berlin", "Sydney", "Houston", "Dallas", "Austin", "Boston", "Chicago", "Madrid", "Melbourne", "Tokyo", "Delhi", "New Delhi", "Mumbai", "Manchester", "Liverpool", "Birmingham", "Dublin", "Edinburgh", "Glasgow", "Toronto",
       "Vancouver", "Montreal", "Ottawa", "Philadelphia", "Detroit", "Miami", "Atlanta", "Denver", "Seattle", "San Francisco", "San Diego", "Las Vegas", "New Orleans", "Baltimore", "Cleveland", "Pittsburgh", "Minneapolis", "Dubai", "Doha", "Singapore",
       "Shanghai", "Hong Kong", "Seoul", "Bangkok", "Manila", "Jakarta", "Lagos", "Kabul", "Frankfurt", "Hamburg", "Barcelona", "Valencia", "Lyon", "Marseille", "Santiago", "Lima", "Bogota", "Caracas", "Havana", "Quito", "Oslo", "Stockholm", "Helsinki"}


MAIN_FORMS = defaultdict(list)  # a city's name, with and without accents -> likewise
OTHER_FORMS = defaultdict(set)  # every form of a city's name -> population, country, GeoNames id, kind of place


def foremost(places):
    """(country, GeoNames id) of the city that is by far the largest of those with one name, else nothing."""
    (population, country, geonames, feature), *rest = sorted(places, reverse=True)
    rivals = [other for other, *_ in rest]
    if rivals and population <= (4 if feature == "PPLC" else 10) * max(rivals):
        return ("" if any(there != country for _, there, *_ in rest) else country), ""
    return country, geonames


def city(form):
    """Country and GeoNames id of a well-known city, by any form of its name."""
    places = OTHER_FORMS.get(form, ())
    return foremost(places) if places and max(places)[0] >= 100_000 else ("", "")


def city_country(form):
    """Country of the city that is by far the largest of this name, else nothing."""
    return city(form)[0]


def read_cities():
    """Fills MAIN_FORMS and OTHER_FORMS."""
    with zipfile.ZipFile(GAZ / "cities15000.zip") as archive:
        text = archive.read("cities15000.txt").decode("utf-8")
    for line in text.splitlines():
        f = line.split("\t")
        place = (int(f[14]), f[8], f[0], f[7])
        for form in {f[1], f[2]}:
            MAIN_FORMS[form].append(place)
        for form in set(f[3].split(",")) | {f[1], f[2]}:
            OTHER_FORMS[form].add(place)


def cities():
    for form, found in sorted(MAIN_FORMS.items()):
        found.sort(reverse=True)
        population, _, _, feature = found[0]
        if population < 100_000 and feature != "PPLC" or len(form) < 4 and form not in BIG:
            continue
        if form not in BIG and feature != "PPLC" and population < 3_000_000 and (common(form) or form in FORENAMES or form in SURNAMES):
            continue
        if common(form) and form not in BIG or not re.match(r"[A-Z]", plain(form)):
            continue
        same = MAIN_FORMS.get(form.replace("St. ", "Saint "), []) if form.startswith("St. ") else []
        country, geonames = CITIES_BY_CUSTOM.get(form) or foremost(set(found + same))
        names.add(form, "GPE", "city", country, "", "", geonames)
    for form, country in CITY_FORMS.items():
        there, geonames = CITIES_BY_CUSTOM.get(form) or city(form)
        names.add(form, "GPE", "city", country, "", "", geonames if there == country else "")
    for form in sorted(BIG):
        country, geonames = city(form)
        names.add(form, "GPE", "city", country, "", "", geonames)


PLACES = """Europe|Africa|Asia|Middle East|Latin America|North America|South America|Central America|Southeast Asia|South Asia|Central Asia|East Asia|West Africa|East Africa|North Africa|Southern Africa|Eastern Europe|Western Europe|Central Europe|
Antarctica|Arctic|Antarctic|Atlantic|Pacific|Atlantic Ocean|Pacific Ocean|Indian Ocean|Arctic Ocean|Mediterranean|Mediterranean Sea|Black Sea|Red Sea|Baltic Sea|North Sea|Caspian Sea|Dead Sea|South China Sea|East China Sea|Arabian Sea|Caribbean|
Caribbean Sea|Persian Gulf|Gulf of Mexico|Gulf of Aden|Strait of Hormuz|Taiwan Strait|English Channel|Bay of Bengal|Horn of Africa|Sahara|Sahel|Balkans|Caucasus|North Caucasus|Himalayas|Alps|Andes|Amazon rainforest|Rocky Mountains|Appalachia|Pyrenees|
Scandinavia|Siberia|Kashmir|Gaza Strip|West Bank|East Jerusalem|Golan Heights|Sinai|Sinai Peninsula|Korean Peninsula|Korean peninsula|Crimean Peninsula|Niger Delta|Sub-Saharan Africa|Maghreb|Iberian Peninsula|Arabian Peninsula|Gulf Coast|Midwest|
New England|Silicon Valley|Mount Everest|Mississippi River|Nile|Danube|Rhine|Thames|Ganges|Mekong|Great Lakes|Lake Victoria|Suez Canal|Panama Canal|Great Barrier Reef|Donbas|Donbass|Transnistria|Asia-Pacific|Asia Pacific|Far East|Near East|Oceania|
Sea of Japan|Yellow Sea|Andaman Sea|Adriatic Sea|Aegean Sea|Gulf of Guinea|Bosporus|Yangtze River|Rio Grande|Manhattan|Brooklyn|Hollywood|Kuril Islands|Spratly Islands|Canary Islands|Tian Shan|Hindu Kush|Swat Valley|Great Plains|Scottish Highlands|Outback"""
ORGS = """United Nations=Q1065|U.N.=Q1065|UN=Q1065|European Union=Q458|EU=Q458|E.U.=Q458|NATO=Q7184|North Atlantic Treaty Organization=Q7184|IAEA=Q41984|International Atomic Energy Agency=Q41984|WHO=Q7817|World Health Organization=Q7817|
World Bank=Q7164|International Monetary Fund=Q7804|IMF=Q7804|World Trade Organization=Q7825|WTO=Q7825|OPEC=Q7795|African Union=Q7159|Arab League=Q7172|UNICEF=Q740308|UNESCO=Q7809|Interpol=Q8475|INTERPOL=Q8475|FBI=Q8333|CIA=Q37230|Pentagon|
White House|Congress|Senate|House of Representatives|U.S. House of Representatives|U.S. Congress|U.S. Senate|Supreme Court|U.S. Supreme Court|State Department|U.S. State Department|US State Department|US Supreme Court|US Congress|US Senate|US House of Representatives|US Navy|U.S. Navy|US Army|U.S. Army|US Air Force|U.S. Air Force|Defense Department|Treasury Department|Justice Department|
Homeland Security|Federal Reserve|European Commission=Q8880|European Parliament=Q8889|European Central Bank=Q8901|ECB=Q8901|European Council=Q8886|Security Council=Q37470|U.N. Security Council=Q37470|UN Security Council=Q37470|General Assembly|
U.N. General Assembly|United Nations General Assembly|General Assembly|International Criminal Court=Q47488|ICC|International Court of Justice=Q7801|Red Cross|International Committee of the Red Cross|Amnesty International|Human Rights Watch|Greenpeace|Oxfam|Doctors Without Borders|Red Crescent|
Reuters|Associated Press|Agence France-Presse|AFP|BBC=Q9531|CNN=Q48340|Al-Jazeera|Al Jazeera|New York Times|Washington Post|Wall Street Journal|The Guardian|Xinhua|Bloomberg|NASA=Q23548|ESA|NOAA|FDA|EPA|Centers for Disease Control and Prevention|CDC|
Hamas|Hezbollah|Fatah|Taliban|Taleban|al-Qaida|Al-Qaida|al-Qaeda|Al-Qaeda|al Qaeda|Islamic State|ISIS|Boko Haram|al-Shabab|Al-Shabab|FARC|PKK|ETA|IRA|Tamil Tigers|Muslim Brotherhood|Lashkar-e-Taiba|Kremlin|Knesset|House of Commons|House of Lords|
Scotland Yard|Republican Party|Democratic Party|Labour Party|Labor Party|Conservative Party|Liberal Democrats|Communist Party|Likud|Kadima|Socialist Party|Green Party|Wikipedia|Wikimedia Foundation|Google|Microsoft|Apple|Facebook|Twitter|Amazon|
YouTube|Tesla|Boeing|Airbus|Toyota|General Motors|Ford Motor|Volkswagen|Samsung|Sony|Nintendo|Intel|IBM|Gazprom|Rosneft|Lukoil|Yukos|Shell|Royal Dutch Shell|ExxonMobil|Exxon Mobil|Chevron|BP|Citigroup|Goldman Sachs|JPMorgan|JPMorgan Chase|Lehman Brothers|
Bank of America|Bank of England|Bank of Japan|Barclays|HSBC|Deutsche Bank|FIFA=Q253414|UEFA=Q35572|IOC=Q40970|International Olympic Committee=Q40970|NBA=Q155223|NFL=Q1215884|MLB|NHL|Premier League|ASEAN=Q7768|ECOWAS|G8|G20|G7|OECD=Q41550|OSCE=Q81299|UNHCR=Q132551|
World Food Program|World Food Programme|WFP|Met Office|National Weather Service|National Hurricane Center|U.S. Geological Survey|USGS|NHS|MI5|MI6|KGB|Mossad|Organization of American States|Commonwealth of Nations|Mercosur|Nasdaq|Royal Navy|Air Force|Navy|Army|
Wall Street|International Energy Agency|Food and Drug Administration|Environmental Protection Agency|Federal Bureau of Investigation=Q8333|Central Intelligence Agency=Q37230|National Aeronautics and Space Administration=Q23548|Formula One|Blackwater|Halliburton|Walmart|Wal-Mart|Starbucks|McDonald's|Coca-Cola|Pepsi|Nestle|Netflix|Disney|Walt Disney"""
EVENTS = """World War I|World War II|World War One|World War Two|First World War|Second World War|Cold War|Vietnam War|Korean War|Gulf War|Iraq War|Holocaust|World Cup|Olympics|Olympic Games|Winter Olympics|Summer Olympics|Paralympics|Super Bowl|Commonwealth Games|
Asian Games|Wimbledon|U.S. Open|US Open|French Open|Australian Open|Tour de France|World Series|Champions League|Euro 2012|Davis Cup|Ryder Cup|Oscars|Eurovision|Eurovision Song Contest|Arab Spring|Hurricane Katrina|Hurricane Rita|Cannes Film Festival|World Economic Forum|Brexit|Orange Revolution"""
OTHER = {"WORK": "Kyoto Protocol|Paris Agreement|Geneva Conventions|Geneva Convention|Nobel Peace Prize|Nobel Prize|Patriot Act|Pulitzer Prize|Koran|Quran|Bible|Affordable Care Act|Non-Proliferation Treaty|Nuclear Non-Proliferation Treaty|Lisbon Treaty|Good Friday Agreement",
         "PRODUCT": "iPhone|iPad|Android|Viagra|Tamiflu|Boeing 737|Boeing 747|Airbus A380|Airbus A320|Space Shuttle|Kalashnikov|AK-47|Windows Vista|PlayStation|Xbox|ChatGPT|Bitcoin",
         "FAC": "Guantanamo Bay|Abu Ghraib|Capitol Hill|Tiananmen Square|Red Square|Eiffel Tower|Heathrow|Heathrow Airport|Ground Zero|World Trade Center|Buckingham Palace|Downing Street|Yankee Stadium|Wembley|Wembley Stadium|Old Trafford|Golden Gate Bridge|Chernobyl|Times Square|Trafalgar Square|Green Zone|Hyde Park|Suez Canal"}


def hand_lists():
    for form in PLACES.replace("\n", "").split("|"):
        names.add(form, "LOC", "place")
    for item in ORGS.replace("\n", "").split("|"):
        form, _, wikidata = item.partition("=")
        names.add(form, "ORG", "body", "", "", wikidata)
    for form in EVENTS.replace("\n", "").split("|"):
        names.add(form, "EVENT", "event")
    for kind, forms in OTHER.items():
        for form in forms.split("|"):
            names.add(form, kind, "other")


def organisations():
    for row in open_csv("constituents.csv"):
        full = re.sub(r"\s*\(.*?\)", "", row["Security"]).strip()
        short = re.sub(r",? (Inc\.?|Corp\.?|Corporation|Company|Co\.|plc|Ltd\.?|Holdings|Incorporated|Group|& Company|Technologies|Companies)$", "", full)
        for form in {full, short}:
            risky = " " not in form and (common(form) or form in FORENAMES or form in SURNAMES or len(form) < 4)
            if not risky and not re.fullmatch(r"(American|General|International|United|First|Public|Global|Universal) \w+", form) or form == full and " " in form:
                names.add(form, "ORG", "company", "", "", "", "", row["Symbol"])
    for line in open(GAZ / "football-clubs.tsv", encoding="utf-8"):
        f = line.rstrip("\n").split("\t")
        for form in [f[0]] + (f[2].split("|") if len(f) > 2 else []):
            if " " in form and "[" not in form and re.fullmatch(r"[A-Z][\w.&' -]+", form) and len(form) > 7 and form not in COUNTRY_NAMES:
                names.add(form, "ORG", "club")
    for row in json.load(open(GAZ / "world_universities_and_domains.json", encoding="utf-8")):
        form = re.sub(r"\s*\(.*?\)", "", row["name"]).strip()
        if re.search(r"\b(University|College|Institute|Universidad|Université)\b", form) and 2 <= len(form.split()) <= 5 and form.isascii() and "," not in form:
            if row["alpha_two_code"] in {"US", "GB", "CA", "AU", "NZ", "IE", "IN"} and form[0].isupper():
                names.add(form, "ORG", "university")
    for line in open(GAZ / "factbook-countries.jsonl", encoding="utf-8"):
        for party in json.loads(line).get("parties", []):
            form = re.split(r" or | \(|\[|;", party)[0].strip()
            if re.fullmatch(r"[A-Z][\w'.-]+( (of|the|for|and|[A-Z][\w'.-]+)){1,6}", form) and re.search(r"Party|Movement|Front|Union|Alliance|Coalition|Congress|League|Rally", form):
                names.add(form, "ORG", "party")


def people():
    rows = defaultdict(list)
    owners = defaultdict(set)
    for row in open_csv("wikidata-top10k-aliases.csv"):
        rows[row["Entity"]].append(row["Label"])
        owners[row["Label"]].add(row["Entity"])
    for entity, labels in rows.items():
        label = labels[0]
        words = label.split()
        if len(owners[label]) == 1:
            MAIN_LABEL[label] = entity
            if 2 <= len(words) <= 3 and words[0] in FORENAMES and words[0] not in PLACE_FORENAMES and all(re.fullmatch(r"[A-Z][\w'.-]+", w) for w in words) and not any(common(w) for w in words[1:]):
                names.add(label, "PERSON", "person", "", "", entity)
    text = open(GAZ / "legislators-current.yaml", encoding="utf-8").read()
    for full in re.findall(r"official_full: (.+)", text):
        full = re.sub(r" [A-Z]\. ", " ", full.strip("'\"").replace("''", "'"))
        if len(full.split()) in (2, 3):
            names.add(full, "PERSON", "person")
    for line in open(GAZ / "factbook-countries.jsonl", encoding="utf-8"):
        row = json.loads(line)
        for text in (row.get("chief_of_state", ""), row.get("head_of_government", "")):
            found = re.search(r"(?:President|Minister|Chancellor|Premier) ([A-Z][\w'-]+(?: [\w'-]+)* [A-Z][A-Z'-]{2,}(?: [A-Z][A-Z'-]{2,})*)(?= \(|;|$)", text)
            if found and len(found[1].split()) in (2, 3):
                names.add(" ".join(w.capitalize() if w.isupper() else w for w in found[1].split()), "PERSON", "person")


MAIN_LABEL = {}
COUNTRY_NAMES = {r["CLDR display name"] for r in open_csv("country-codes.csv")}
PLACE_FORENAMES = {"Paris", "London", "Chad", "Jordan", "Georgia", "Virginia", "Carolina", "Charlotte", "Sydney", "Florence", "Victoria", "Israel", "India", "China", "Kenya", "Austin", "Dallas", "Houston", "Chelsea", "Milan", "Roma",
                   "Asia", "Lima", "Santiago", "San", "Santa", "Saint", "Los", "Las", "Real", "New", "Royal", "Prince", "Princess", "King", "Queen", "May", "April", "June", "August", "Summer", "Christian", "Faith", "Hope", "Grace", "Will",
                   "Grant", "Holy", "Major", "Judge", "Sunday", "Friday", "Monday", "Messiah", "Islam", "Lincoln", "Madison", "Jackson", "Washington", "Savannah", "Brooklyn", "Dakota", "Carson", "Trinity", "Angel", "Princes", "Amazon", "Star",
                   "Art", "Sun", "An", "The", "Man", "Van", "Da", "De", "La", "Le", "El", "Al", "In", "On", "My", "Long", "Young", "Bay", "Do", "Many", "Even", "Or", "Mai", "Sky", "River", "Lake", "Ocean", "Park", "Rose", "Pearl", "Crystal",
                   "Jade", "Ivory", "Ruby", "Daily", "Golden", "Eastern", "Western", "Prime", "Nova", "Florida", "Adelaide", "Lourdes", "Mercy", "Justice", "Reading", "Mission", "Marina", "Alba", "Ria", "Wood", "Ali", "Sri", "Abu", "Bin", "Ho", "Kim", "Lee", "Park", "Stan", "Valencia", "Cordoba", "Regina", "Marseille", "Darwin", "Bali", "Ana", "Sierra", "Catalina", "Phoenix", "Denver", "Memphis", "Aurora", "Vienna", "Geneva", "Verona", "Siena", "Alexandria", "Odessa", "Troy", "Kent", "Essex", "Devon", "Chester", "Lancaster", "Preston", "Nelson", "Wellington", "Hamilton", "Kingston", "Windsor", "Bristol", "Oxford", "Cambridge", "Bath"}


def forename_lists():
    fore, sur = Counter(), set()
    for row in open_csv("common-forenames-by-country.csv"):
        for form in {row["Localized Name"], row["Romanized Name"]}:
            if re.fullmatch(r"[A-Z][a-zé]{2,}(-[A-Z][a-z]+)?", form or ""):
                fore[form] += 1
    for form in re.findall(r"^    first: (\w+)", open(GAZ / "legislators-current.yaml", encoding="utf-8").read(), re.M):
        if re.fullmatch("[A-Z][a-z]{2,}", form):
            fore[form] += 1
    for row in open_csv("common-surnames-by-country.csv"):
        sur.update(f for f in (row["Localized Name"], row["Romanized Name"]) if f)
    return fore, sur


FORENAMES, SURNAMES = forename_lists()
for word in """James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony Mark Donald Steven Paul Andrew Joshua Kenneth Kevin Brian George Edward Ronald Timothy Jason Jeffrey Ryan Jacob Gary Nicholas Eric
Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Frank Alexander Raymond Patrick Jack Dennis Jerry Tyler Aaron Jose Adam Henry Nathan Douglas Zachary Peter Kyle Walter Ethan Jeremy Harold Keith Roger Arthur Terry Lawrence Sean
Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Margaret Sandra Ashley Kimberly Emily Donna Michelle Carol Amanda Dorothy Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia Kathleen Amy Angela Shirley Anna
Brenda Pamela Emma Nicole Helen Samantha Katherine Christine Debra Rachel Carolyn Janet Catherine Maria Heather Diane Ruth Julie Olivia Joyce Virginia Kelly Lauren Christina Joan Evelyn Judith Megan Andrea Cheryl Hannah Jacqueline Martha Gloria
Teresa Ann Sara Madison Frances Kathryn Janice Jean Alice Judy Barack Condoleezza Hillary Bill Tony Gordon Jim Bob Tom Mike Joe Dick Ted Ben Dan Sam Tim Ken Ron Jeff Greg Steve Chris Matt Nick Andy Alan Colin Neil Ian Simon Nigel Graham Hugo Vladimir
Dmitry Sergei Mikhail Boris Viktor Igor Oleg Yulia Nikolai Alexei Ahmed Mohammed Muhammad Mohamed Mahmoud Hassan Hussein Ibrahim Abdullah Abdul Khalid Omar Yasser Hamid Mustafa Ehud Ariel Benjamin Shimon Yitzhak Kofi Nelson Thabo Robert Jacques
Nicolas Angela Gerhard Silvio Luiz Fidel Raul Evo Alvaro Felipe Vicente Luis Carlos Juan Pedro Javier Fernando Miguel Manuel Jorge Ricardo Roberto Pablo Diego Lionel Cristiano Rafael Roger Novak Andre Serena Venus Lewis Fernando Usain Tiger Lance""".split():
    FORENAMES[word] += 1


def learnt():
    """Names of the training half that always were one thing; wide types need two sightings, people two words."""
    seen, kinds = Counter(), defaultdict(Counter)
    for stem, tokens, tags in TRAIN:
        for i, j, kind in entities(tokens, tags):
            form = " ".join(tokens[i:j]).replace(" 's", "'s").replace(" - ", "-").replace("\u2019", "'")
            kinds[form][kind] += 1
    places = {form.upper() for form, row in names.rows.items() if row[0] == "GPE" and form.upper() != form}
    for form in sorted(kinds):
        kind, count = kinds[form].most_common(1)[0]
        if form.isupper() and len(form) > 3 and (form in places or kind == "PERSON"):
            continue  # a dateline's capitals: the table has the name
        total = sum(kinds[form].values())
        words = form.split()
        if count < 2 or count < 0.9 * total or not form[0].isupper() and not form.startswith("al-") or re.search(r'["/\d.]$|^\W', form) and not re.search(r"[A-Z]\.$", form):
            continue
        if len(words) == 1 and (common(form) and count < 4 or len(form) < 3 or kind == "PERSON" and (count < 4 or form in FORENAMES)):
            continue
        if re.search(r"-(led|based|backed|linked|majority|run|born|held|controlled)$", form):
            continue
        if kind in ("WORK", "PRODUCT") and len(words) == 1 and common(form):
            continue
        country = city_country(form) if kind == "GPE" else ""
        names.add(form, kind, "learnt", country, "", MAIN_LABEL.get(form, "") if kind in ("PERSON", "ORG", "EVENT", "LOC", "PRODUCT") and len(words) > 1 else "")


# Labels of one thing that others share, though the table of Wikidata has only one owner.
SHARED = re.compile(r"""(the )?(Senate|Congress|House|Supreme Court|Parliament|Army|Navy|Air Force|Royal Navy|Labour|Conservatives|Tories|Republicans?|Democrats|
Party|Communist Party|Socialist Party|Nazis?|Commonwealth|Coalition|Security Council|Government|Rangers|Eagles|Giants|Police|Doors|Community|Foundation|The Company|
Emirates|Kiss|Drake|Galaxy|Kremlin|Pentagon|Fed|Marines|Union|League|Federation|Islam|Chiefs|The City|Capital|Central|Republic|Empire|Reds|Blues|Celtic|Apollo)""".replace("\n", ""), re.I)
TITLES = re.compile(r"(President|Prime Minister|Prince|Princess|King|Queen|Sir|Lord|Lady|Dr|Mr|Mrs|Saint|St|Emperor|General|Chancellor|Ayatollah|Sheikh|City of|State of|Sultan) ")
NOT_A_FORM = re.compile(r"[,;()/\[\]\d]|\b[A-Z]{2}$|, ")


IDS_BY_HAND = {"New York": ("GPE", "Q60"), "Washington": ("GPE", "Q61"), "Kiev": ("GPE", "Q1899"), "Odessa": ("GPE", "Q1874"), "Vienna": ("GPE", "Q1741"),
               "Europe": ("LOC", "Q46"), "Rome": ("GPE", "Q220"), "Florence": ("GPE", "Q2044"), "Munich": ("GPE", "Q1726"), "Milan": ("GPE", "Q490"),
               "Amazon": ("ORG", "Q3884"), "Saint Petersburg": ("GPE", "Q656"), "Barcelona": ("GPE", "Q1492"), "Manchester": ("GPE", "Q18125"),
               "Lima": ("GPE", "Q2868"), "World War II": ("EVENT", "Q362"), "World War I": ("EVENT", "Q361"),
               "Cold War": ("EVENT", "Q8683"), "Holocaust": ("EVENT", "Q2763"), "Vietnam War": ("EVENT", "Q8740")}


def wikidata():
    """Ids of what `wikidata-kinds.tsv` says what it is, for each label that is one thing's alone and no common word."""
    kinds = {q: kind for q, kind, _ in (line.rstrip("\n").split("\t") for line in open(ROOT / "scripts" / "wikidata-kinds.tsv", encoding="utf-8"))}
    labels, owners = defaultdict(list), defaultdict(list)
    for row in open_csv("wikidata-top10k-aliases.csv"):
        label = row["Label"].replace("\u2019", "'")
        labels[row["Entity"]].append(label)
        owners[label].append(row["Entity"])
    main = Counter(forms[0] for forms in labels.values())
    for form, (kind, entity) in IDS_BY_HAND.items():
        names.identify(form, kind, entity)
    for entity, kind in kinds.items():
        for label in labels[entity]:
            if len(set(owners[label])) > 1 and (label != labels[entity][0] or main[label] > 1):
                continue
            if is_form(label, kind):
                names.identify(label, kind, entity)
    told = {row[4]: row for row in names.rows.values() if row[4] and row[2]}
    for row in names.rows.values():
        if row[4] in told and not row[2] and row[0] == "GPE":
            _, row[1], row[2], row[3], _, row[5], row[6] = told[row[4]]


def is_form(label, kind):
    """Is this a form of a name by which articles mean just this thing?"""
    if SHARED.fullmatch(label) or TITLES.match(label) or not re.match(r"[A-Z]|al-", plain(label)):
        return False
    known = label in names.rows
    if '"' in label or not known and label.startswith("The "):
        return False
    if kind == "PERSON":
        return " " in label and not NOT_A_FORM.search(label) and all(w[0].isupper() or len(w) < 5 for w in label.split())
    if kind in ("GPE", "LOC"):
        return known or len(label) > 3 and not label.isupper() and not NOT_A_FORM.search(label) and not common(label)
    return known or len(label) > 2 and not re.search(r"[;()\[\]]", label) and not common(label)


def check():
    """Greedy longest match over the training half; a name that is usually something else is dropped."""
    first = defaultdict(int)
    for form in names.rows:
        words = form.split()
        first[words[0]] = max(first[words[0]], len(words))
    good, bad = Counter(), Counter()
    for _, tokens, tags in TRAIN:
        gold = {(i, j): k for i, j, k in entities(tokens, tags)}
        i = 0
        while i < len(tokens):
            step = 1
            for n in range(min(first.get(tokens[i], 0), len(tokens) - i), 0, -1):
                form = " ".join(tokens[i:i + n])
                if form in names.rows:
                    (good if gold.get((i, i + n)) == names.rows[form][0] else bad)[form] += 1
                    step = n
                    break
            i += step
    dropped = []
    for form in set(good) | set(bad):
        if bad[form] >= 2 and good[form] < 0.7 * (good[form] + bad[form]) or bad[form] == 1 and good[form] == 0 and names.rows[form][1] in ("city", "club", "company", "learnt", "party"):
            dropped.append(form)
    for form in sorted(dropped):
        if names.rows[form][1] not in ("country", "state") or good[form] + bad[form] > 4 and good[form] < bad[form]:
            del names.rows[form]
    return sorted((f, good[f], bad[f]) for f in dropped)


def write_names():
    out = io.StringIO()
    for form in sorted(names.rows):
        row = names.rows[form]
        weak = "w" if common(form) else ""
        out.write("\t".join([form, row[0], row[1], weak, *row[2:]]).rstrip("\t") + "\n")
    (MODELS / "names.tsv").write_text(out.getvalue(), encoding="utf-8")
    fore = Counter()
    for _, tokens, tags in TRAIN:
        for i, j, kind in entities(tokens, tags):
            if j - i > 1 and re.fullmatch("[A-Z][a-z]{2,}(-[A-Z][a-z]+)?", tokens[i]):
                fore[tokens[i], kind == "PERSON"] += 1
    total = {w for w, _ in fore}
    keep = {w for w in FORENAMES if not (fore[w, False] > fore[w, True])}
    keep |= {w for w in total if fore[w, True] >= 1 and fore[w, False] == 0 and not common(w) and fore[w, True] >= 2}
    keep = {w for w in keep if w not in PLACE_FORENAMES and LOWER[w.lower()] < 20 or w in ("Mark", "Bill", "Jack", "Frank")}
    keep = {w for w in keep if names.rows.get(w, ["PERSON"])[0] in ("PERSON",)} | {"Michael", "Jordan"} - {"Jordan"}
    (MODELS / "forenames.txt").write_text("".join(w + "\n" for w in sorted(keep)), encoding="utf-8")


def write_vocabulary():
    out = []
    for code, c in sorted(json.load(open(DATA / "topics" / "mediatopics.json", encoding="utf-8")).items()):
        if not c["retired"]:
            wikidata = (c["wikidata"] or "").rsplit("/", 1)[-1]
            out.append("\t".join([code.split(":")[1], str(c["level"]), (c["parent"] or ":").split(":")[1], c["name"], wikidata]).rstrip("\t") + "\n")
    (MODELS / "mediatopics-2023-10-24.tsv").write_text("".join(out), encoding="utf-8")


if __name__ == "__main__":
    read_cities()
    countries()
    demonyms()
    states()
    divisions()
    hand_lists()
    cities()
    people()
    organisations()
    learnt()
    dropped = check()
    wikidata()
    write_names()
    write_vocabulary()
    print(len(names.rows), "names;", len(dropped), "dropped by the training half")
    if os.environ.get("VERBOSE"):
        for row in sorted(dropped, key=lambda r: -r[2]):
            print(*row)
