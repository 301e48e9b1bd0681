//! The table of heads: what is read from each, and what must not be read.

use proptest::prelude::*;

use super::*;
use crate::text::dateline::languages::MORE_HEADS;
use crate::text::dateline::traps::TRAPS;

/// Opening; head as `places with countries | date | agency | bytes left after the head`; `-` for what is not there.
const HEADS: &[(&str, &str)] = &[
    // Wire text with a date alone.
    (
        " date 2023-07-06 (Agency) -- First paragraph.",
        "- | 2023-07-06 | Agency",
    ),
    ("date 2023-07-06 (Agency) -- First.", "- | 2023-07-06 | Agency"),
    ("date 2024-02-29 (AFP) - First.", "- | 2024-02-29 | AFP"),
    (
        "   date 1999-12-31 (Reuters) \u{2014} First.",
        "- | 1999-12-31 | Reuters",
    ),
    // Place, date, agency.
    ("PARIS, July 6 (Agency) - The", "Paris FR | --07-06 | Agency"),
    ("PARIS, July 6 (Agency) -- The", "Paris FR | --07-06 | Agency"),
    (
        "PARIS, July 6 (Agency) \u{2013} The",
        "Paris FR | --07-06 | Agency",
    ),
    ("PARIS, July 6 (Agency)-- The", "Paris FR | --07-06 | Agency"),
    ("PARIS, July 6 (Agency)\u{2014}The", "Paris FR | --07-06 | Agency"),
    ("PARIS, July 6 (Agency): The", "Paris FR | --07-06 | Agency"),
    ("PARIS, July 6 (Agency) - - The", "Paris FR | --07-06 | Agency"),
    (
        "PARIS,\u{a0}July\u{a0}6\u{a0}(Agency)\u{a0}\u{2014}\u{a0}The",
        "Paris FR | --07-06 | Agency",
    ),
    ("  PARIS, July 6 (Agency) - The", "Paris FR | --07-06 | Agency"),
    ("PARIS July 6 (AFP) - The", "Paris FR | --07-06 | AFP"),
    ("KIGALI, Jun 15 2022 (IPS) - The", "Kigali RW | 2022-06-15 | IPS"),
    (
        "SHARM EL-SHEIKH, Nov. 15 (Agency) - Small",
        "Sharm el-Sheikh EG | --11-15 | Agency",
    ),
    (
        "BEIJING, Oct. 9 (Xinhua) -- China",
        "Beijing CN | --10-09 | Xinhua",
    ),
    (
        "UNITED NATIONS, Sept 12 (IPS)  - The",
        "United Nations | --09-12 | IPS",
    ),
    (
        "MOSCOW. July 6 (Interfax) - The",
        "Moscow RU | --07-06 | Interfax",
    ),
    ("MOSCOW, July 6. /TASS/. The", "Moscow RU | --07-06 | TASS"),
    ("MOSCOW, 6 July. /TASS/. The", "Moscow RU | --07-06 | TASS"),
    ("KIEV, July 6 /Ukrinform/. The", "Kiev UA | --07-06 | Ukrinform"),
    (
        "NAIROBI, 6 July 2012 (IRIN) - Aid",
        "Nairobi KE | 2012-07-06 | IRIN",
    ),
    ("SEOUL, July 6 (Yonhap) -- South", "Seoul KR | --07-06 | Yonhap"),
    ("TEHRAN, Mar. 3, 2011 (MNA) - The", "Tehran IR | 2011-03-03 | MNA"),
    ("ROME, JUL 6 (ANSA) - The", "Rome IT | --07-06 | ANSA"),
    ("(ANSA) - ROME, JUL 6 - The", "Rome IT | --07-06 | ANSA"),
    (
        "NEW DELHI, Monday, July 6 (PTI) - The",
        "New Delhi IN | --07-06 | PTI",
    ),
    (
        "ADDIS ABABA, March 12 (Agency) - At",
        "Addis Ababa ET | --03-12 | Agency",
    ),
    (
        "N'DJAMENA, October 2 (Agency) - After",
        "N'Djamena TD | --10-02 | Agency",
    ),
    (
        "N\u{2019}DJAMENA, October 2 (Agency) - After",
        "N\u{2019}Djamena TD | --10-02 | Agency",
    ),
    (
        "PORT-AU-PRINCE, March 27 (Agency) - The",
        "Port-au-Prince HT | --03-27 | Agency",
    ),
    (
        "RIO DE JANEIRO, February 24 (Agency) - The",
        "Rio de Janeiro BR | --02-24 | Agency",
    ),
    ("BOGOT\u{c1}, May 5 (EFE) - El", "Bogot\u{e1} CO | --05-05 | EFE"),
    (
        "LOCARNO, Switzerland, August 15 (Agency) - A",
        "Locarno CH | --08-15 | Agency",
    ),
    (
        "BUFFALO, New York, January 9 (Agency) - With",
        "Buffalo US | --01-09 | Agency",
    ),
    (
        "BUTTE, Montana, Feb. 14 (Agency) - Federal",
        "Butte US | --02-14 | Agency",
    ),
    (
        "RANCHO PALOS VERDES, California, Sept. 3 (Agency) - Ground",
        "Rancho Palos Verdes US | --09-03 | Agency",
    ),
    (
        "GALLE, Sri Lanka, July 12 (Agency) - On",
        "Galle LK | --07-12 | Agency",
    ),
    (
        "MAHEBOURG, Mauritius, Aug. 9 (Agency) - Thousands",
        "Mahebourg MU | --08-09 | Agency",
    ),
    (
        "LA PAZ, Bolivia, March 3 /PRNewswire/ -- The",
        "La Paz BO | --03-03 | PRNewswire",
    ),
    (
        "SAN FRANCISCO, Feb. 3, 2020 /PRNewswire/ -- The",
        "San Francisco US | 2020-02-03 | PRNewswire",
    ),
    (
        "TORONTO, March 03, 2020 (GLOBE NEWSWIRE) -- The",
        "Toronto CA | 2020-03-03 | GLOBE NEWSWIRE",
    ),
    (
        "VANCOUVER, BC / ACCESSWIRE / January 5, 2021 / The",
        "Vancouver CA | 2021-01-05 | ACCESSWIRE",
    ),
    (
        "Brussels, 6 July 2023 (Agence Europe) \u{2013} The",
        "Brussels BE | 2023-07-06 | Agence Europe",
    ),
    ("Paris, July 6 (Agency) - The", "Paris FR | --07-06 | Agency"),
    ("Kabul, July 6 (Pajhwok) - The", "Kabul AF | --07-06 | Pajhwok"),
    (
        "ALMATY, July 6 (Tengrinews) - The",
        "Almaty | --07-06 | Tengrinews",
    ),
    (
        "LONDON, July 6 (Reuters Breakingviews) - The",
        "London GB | --07-06 | Reuters Breakingviews",
    ),
    (
        "LONDON, July 6 (Thomson Reuters Foundation) - The",
        "London GB | --07-06 | Thomson Reuters Foundation",
    ),
    (
        "LONDON, July 6 (Reuters) - oil prices fell",
        "London GB | --07-06 | Reuters",
    ),
    ("ATHENS, Feb 29 (ANA) - The", "Athens GR | --02-29 | ANA"),
    // Several places.
    (
        "LONDON/NEW YORK (Reuters) \u{2014} The",
        "London GB, New York US | - | Reuters",
    ),
    (
        "LONDON/NEW YORK, July 6 (Reuters) - The",
        "London GB, New York US | --07-06 | Reuters",
    ),
    (
        "LONDON / PARIS, July 6 (Reuters) - The",
        "London GB, Paris FR | --07-06 | Reuters",
    ),
    (
        "SYDNEY and KUALA LUMPUR, Jul 26 2022 (IPS) - The",
        "Sydney AU, Kuala Lumpur MY | 2022-07-26 | IPS",
    ),
    (
        "LONDON, PARIS and BERLIN (AFP) - The",
        "London GB, Paris FR, Berlin DE | - | AFP",
    ),
    (
        "BAGHDAD/BASRA, Iraq (Reuters) - The",
        "Baghdad IQ, Basra IQ | - | Reuters",
    ),
    (
        "HONG KONG/SINGAPORE, July 6 (Reuters) - The",
        "Hong Kong HK, Singapore SG | --07-06 | Reuters",
    ),
    (
        "BEIJING & SHANGHAI, July 6 (Agency) - The",
        "Beijing CN, Shanghai CN | --07-06 | Agency",
    ),
    ("DAKAR, LAGOS (Reuters) - The", "Dakar SN, Lagos NG | - | Reuters"),
    (
        "GOMA, Congo/KIGALI (Reuters) - The",
        "Goma, Kigali RW | - | Reuters",
    ),
    // Place and agency.
    ("WASHINGTON (AP) \u{2014} The", "Washington US | - | AP"),
    ("WASHINGTON (AP) -- The", "Washington US | - | AP"),
    ("WASHINGTON (AP) _ The", "Washington US | - | AP"),
    ("Paris (AFP) - The", "Paris FR | - | AFP"),
    ("Srinagar (PTI) - The", "Srinagar IN | - | PTI"),
    (
        "Tokyo, July 6 (Jiji Press)--The",
        "Tokyo JP | --07-06 | Jiji Press",
    ),
    ("LAGOS, Nigeria (AP) _ The", "Lagos NG | - | AP"),
    ("COX'S BAZAR, Bangladesh (AP) - The", "Cox's Bazar BD | - | AP"),
    (
        "COX\u{2019}S BAZAR, Bangladesh (AP) \u{2014} The",
        "Cox\u{2019}s Bazar BD | - | AP",
    ),
    ("TORONTO (Agency) - Two", "Toronto CA | - | Agency"),
    ("SAGUENAY, Quebec (Agency) - Sawmills", "Saguenay CA | - | Agency"),
    ("ABERDEEN (Agency) - Gas", "Aberdeen | - | Agency"),
    ("KINGSTON, Jamaica (Agency) - The", "Kingston JM | - | Agency"),
    ("TBILISI, Georgia (AP) \u{2014} The", "Tbilisi GE | - | AP"),
    ("ATLANTA, Georgia (AP) \u{2014} The", "Atlanta US | - | AP"),
    ("SAVANNAH, Georgia (AP) \u{2014} The", "Savannah | - | AP"),
    ("SAVANNAH, Ga. (AP) \u{2014} The", "Savannah US | - | AP"),
    ("SPRINGFIELD, Ill. (AP) \u{2014} The", "Springfield US | - | AP"),
    ("ALBANY, N.Y. (AP) \u{2014} The", "Albany US | - | AP"),
    ("FORT BRAGG, N.C. (AP) \u{2014} The", "Fort Bragg US | - | AP"),
    ("ST. PAUL, Minn. (AP) \u{2014} The", "St. Paul US | - | AP"),
    ("PARIS, Texas (AP) \u{2014} The", "Paris US | - | AP"),
    ("LONDON, ONTARIO (CP) \u{2014} The", "London CA | - | CP"),
    (
        "SARAJEVO, Bosnia and Herzegovina (AP) \u{2014} The",
        "Sarajevo BA | - | AP",
    ),
    (
        "SARAJEVO, Bosnia-Herzegovina (AP) \u{2014} The",
        "Sarajevo BA | - | AP",
    ),
    ("ABIDJAN, Ivory Coast (AP) \u{2014} The", "Abidjan CI | - | AP"),
    (
        "GUANTANAMO BAY NAVAL BASE, Cuba (AP) \u{2014} The",
        "Guantanamo Bay Naval Base CU | - | AP",
    ),
    ("WASHINGTON, D.C. (AP) - The", "Washington US | - | AP"),
    ("WASHINGTON, DC (AP) - The", "Washington US | - | AP"),
    (
        "NEW YORK--(BUSINESS WIRE)--Acme",
        "New York US | - | BUSINESS WIRE",
    ),
    ("McALLEN, Texas (AP) \u{2014} The", "McAllen US | - | AP"),
    (
        "DAR ES SALAAM, Tanzania (AP) \u{2014} The",
        "Dar es Salaam TZ | - | AP",
    ),
    ("JERUSALEM (AP) \u{2014} The", "Jerusalem | - | AP"),
    ("GAZA CITY, Gaza Strip (AP) \u{2014} The", "Gaza City PS | - | AP"),
    ("ABOARD AIR FORCE ONE (AP) \u{2014} The", "- | - | AP"),
    ("KABUL, Afghanistan (AP) \u{2014} \"We", "Kabul AF | - | AP"),
    ("GAZA (Reuters) (AP) - The", "Gaza PS | - | Reuters"),
    ("KABUL (Pajhwok): The", "Kabul AF | - | Pajhwok"),
    ("KABUL [AFP] - The", "Kabul AF | - | AFP"),
    ("WASHINGTON, Reuters \u{2014} The", "Washington US | - | Reuters"),
    ("THE HAGUE (Reuters) - The", "The Hague NL | - | Reuters"),
    (
        "By JOHN SMITH\n\nWASHINGTON (AP) \u{2014} The",
        "Washington US | - | AP",
    ),
    (
        "By JOHN SMITH, Associated Press\nLAGOS, Nigeria (AP) \u{2014} The",
        "Lagos NG | - | AP",
    ),
    // A date that is not understood.
    (
        "S\u{c3}O PAULO, 12 mars (AFP) - Le",
        "S\u{e3}o Paulo BR | --03-12 | AFP",
    ),
    (
        "Paris, le 6 juillet 2023 (AFP) - Le",
        "Paris FR | 2023-07-06 | AFP",
    ),
    ("Moscow, 12.05.2023 (TASS) - The", "Moscow RU | - | TASS"),
    ("Moscow, 13.05.2023 (TASS) - The", "Moscow RU | 2023-05-13 | TASS"),
    ("DUBLIN, 5/6/2023 (PA) - The", "Dublin IE | - | PA"),
    (
        "BEIJING, Feb. 29, 2023 (Xinhua) -- The",
        "Beijing CN | - | Xinhua",
    ),
    ("PARIS, Feb. 30 (Agency) - The", "Paris FR | - | Agency"),
    ("PARIS, July 32 (Agency) - The", "Paris FR | - | Agency"),
    ("LAGOS, Nigeria, 12 mars (AFP) - Le", "Lagos NG | --03-12 | AFP"),
    (
        "LONDON/PARIS, 12 mars (AFP) - Le",
        "London GB, Paris FR | --03-12 | AFP",
    ),
    // Dates in brackets, and agencies after the dash.
    (
        "GENEVA (23 January 2024) \u{2013} The",
        "Geneva CH | 2024-01-23 | -",
    ),
    ("CHICAGO (June 6, 2023) - The", "Chicago US | 2023-06-06 | -"),
    ("Geneva ( 23 January ) - The", "Geneva CH | --01-23 | -"),
    (
        "MOSCOW, July 6 - RIA Novosti. The",
        "Moscow RU | --07-06 | RIA Novosti",
    ),
    ("MOSCOW, July 6 - Reuters said", "Moscow RU | --07-06 | -"),
    // Below a headline.
    (
        "EU leaders agree\n\nBRUSSELS, Dec 10 2020 (Reuters) - The",
        "Brussels BE | 2020-12-10 | Reuters",
    ),
    (
        "EU leaders agree\nBy John Smith\n\nBRUSSELS (Reuters) - The",
        "Brussels BE | - | Reuters",
    ),
    (
        "EU leaders agree\n\nBy John Smith\n\nBRUSSELS, Dec 10 - The",
        "Brussels BE | --12-10 | -",
    ),
    (
        "Oil falls\n\nMOSCOW, July 6. /TASS/. The",
        "Moscow RU | --07-06 | TASS",
    ),
    ("Oil falls\n\n(Reuters) - The", "- | - | Reuters"),
    // Agency, or agency and date.
    ("(Reuters) - The", "- | - | Reuters"),
    ("(Reuters) \u{2014} The", "- | - | Reuters"),
    ("(AP) -- The", "- | - | AP"),
    ("Sept 9 (Reuters) - The", "- | --09-09 | Reuters"),
    ("July 6 (Agency) - The", "- | --07-06 | Agency"),
    ("afrol News, 27 January - The", "- | --01-27 | afrol News"),
    // Date first.
    ("July 6, PARIS (Agency) - The", "Paris FR | --07-06 | Agency"),
    ("6 July 2023, Paris - The", "Paris FR | 2023-07-06 | -"),
    (
        "2023-07-06, GENEVA (Agency) - The",
        "Geneva CH | 2023-07-06 | Agency",
    ),
    ("6 July 2023, KABUL \u{2013} The", "Kabul AF | 2023-07-06 | -"),
    // Place and date.
    ("MOSCOW, July 6 \u{2014} The", "Moscow RU | --07-06 | -"),
    ("Srinagar, July 6: The", "Srinagar IN | --07-06 | -"),
    ("ROSKILDE, Denmark, July 6 - The", "Roskilde DK | --07-06 | -"),
    ("KUTUPALONG, Aug. 25 - The", "Kutupalong | --08-25 | -"),
    (
        "SAN FRANCISCO \u{2013} July 6, 2023 \u{2013} Acme",
        "San Francisco US | 2023-07-06 | -",
    ),
    ("LONDON: 6 July 2023 - The", "London GB | 2023-07-06 | -"),
    ("PARIS - July 6 was warm.", "Paris FR | - | -"),
    // Place alone.
    ("ST. JOHN'S, N.L. - The", "St. John's CA | - | -"),
    ("WASHINGTON\u{2014}President Biden", "Washington US | - | -"),
    ("BEIJING\u{2014}A new", "Beijing CN | - | -"),
    ("MUMBAI | NEW DELHI: The", "Mumbai IN, New Delhi IN | - | -"),
    ("NEW DELHI: The", "New Delhi IN | - | -"),
    ("ISLAMABAD: The", "Islamabad PK | - | -"),
    ("ST. LOUIS \u{2014} The", "St. Louis US | - | -"),
    ("RIO DE JANEIRO, Brazil \u{2014} The", "Rio de Janeiro BR | - | -"),
    ("Washington, D.C. - The", "Washington US | - | -"),
    ("WASHINGTON, D.C. \u{2014} The", "Washington US | - | -"),
    ("MIDLAND, Texas - The", "Midland US | - | -"),
    ("BAGHDAD -- Two", "Baghdad IQ | - | -"),
    ("TEHRAN \u{2013} Iran", "Tehran IR | - | -"),
    ("Kyiv, Ukraine \u{2014} A", "Kyiv UA | - | -"),
    ("NEAR MOSUL, Iraq (Reuters) - The", "Mosul IQ | - | Reuters"),
    ("OFF THE COAST OF LIBYA (AP) \u{2014} The", "- | - | AP"),
    ("IRAQ (AP) - The", "Iraq IQ | - | AP"),
    (
        "BUENOS AIRES, 6 Jul (EFE).- El",
        "Buenos Aires AR | --07-06 | EFE",
    ),
    ("ADDIS ABABA, Ethiopia\u{2014}The", "Addis Ababa ET | - | -"),
    (
        "KINGSTON, Jamaica, July 6, CMC \u{2013} The",
        "Kingston JM | --07-06 | CMC",
    ),
    ("TOKYO -(Dow Jones)- Acme", "Tokyo JP | - | Dow Jones"),
    ("TRIPOLI, Lebanon (AP) \u{2014} The", "Tripoli LB | - | AP"),
    ("SYDNEY \u{2014} The", "Sydney AU | - | -"),
    ("Johannesburg \u{2013} Police said", "Johannesburg ZA | - | -"),
    ("AUSTIN, Texas: The", "Austin US | - | -"),
    ("LONDON- - The", "London GB | - | -"),
    ("S\u{c3}O PAULO \u{2014} A", "S\u{e3}o Paulo BR | - | -"),
    ("SAN JOSE, Costa Rica \u{2014} A", "San Jose CR | - | -"),
    ("SAN JOSE, Calif. \u{2014} A", "San Jose US | - | -"),
];

fn describe(text: &str) -> Option<String> {
    let found = parse(text, &Limits::default())?;
    let places: Vec<_> = found
        .places
        .iter()
        .map(|place| {
            format!("{} {}", place.name, place.country.as_deref().unwrap_or_default())
                .trim()
                .to_owned()
        })
        .collect();
    let places = if places.is_empty() {
        "-".to_owned()
    } else {
        places.join(", ")
    };
    let date = found.date.map_or("-".to_owned(), |date| {
        let year = date.year.map_or("-".to_owned(), |year| year.to_string());
        format!("{year}-{:02}-{:02}", date.month, date.day)
    });
    Some(format!(
        "{places} | {date} | {}",
        found.agency.as_deref().unwrap_or("-")
    ))
}

#[test]
fn reads_heads() {
    let wrong: Vec<_> = HEADS
        .iter()
        .chain(MORE_HEADS)
        .map(|(text, expected)| (text, Some((*expected).to_owned()), describe(text)))
        .filter(|(_, expected, found)| expected != found)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn is_silent_on_traps() {
    let wrong: Vec<_> = TRAPS
        .iter()
        .filter_map(|text| Some((text, describe(text)?)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn spans_reach_from_the_first_character_through_the_separator() {
    for (text, head) in [
        (
            " date 2023-07-06 (Agency) -- First.",
            "date 2023-07-06 (Agency) --",
        ),
        (
            "PARIS, July 6 (Agency) \u{2014} The",
            "PARIS, July 6 (Agency) \u{2014}",
        ),
        ("NEW DELHI: The", "NEW DELHI:"),
        ("MOSCOW, July 6. /TASS/. The", "MOSCOW, July 6. /TASS/."),
        (
            "MOSCOW, July 6 - RIA Novosti. The",
            "MOSCOW, July 6 - RIA Novosti.",
        ),
        ("Paris, le 6 juillet (AFP) - Le", "Paris, le 6 juillet (AFP) -"),
        ("WASHINGTON\u{2014}President", "WASHINGTON\u{2014}"),
        (
            "GENEVA (23 January 2024) \u{2013} The",
            "GENEVA (23 January 2024) \u{2013}",
        ),
        ("PARIS, July 6 (Agency) - - The", "PARIS, July 6 (Agency) - -"),
        (
            "By JOHN SMITH\n\nWASHINGTON (AP) \u{2014} The",
            "WASHINGTON (AP) \u{2014}",
        ),
        (
            "\u{c9}lys\u{e9}e agrees\nBy JOHN SMITH\n\nPARIS, July 6 (AFP) - The",
            "PARIS, July 6 (AFP) -",
        ),
    ] {
        let found = parse(text, &Limits::default()).unwrap();
        assert_eq!(found.span.of(text), Some(head));
    }
}

#[test]
fn looks_no_further_than_the_limit() {
    let text = "PARIS, July 6 (Agency) - The";
    assert!(
        parse(
            text,
            &Limits {
                dateline_bytes_max: 10,
                ..Limits::default()
            }
        )
        .is_none()
    );
    assert!(
        parse(
            text,
            &Limits {
                dateline_bytes_max: 28,
                ..Limits::default()
            }
        )
        .is_some()
    );
}

proptest! {
    #[test]
    fn spans_fit(text in "[ \n]{0,2}(PARIS|Rio de|LONDON|[A-Z]{1,4}|July 6|\\(AP\\)|/TASS/|[ ,./:()\\-—']|\\PC){0,12}") {
        if let Some(found) = parse(&text, &Limits::default()) {
            prop_assert!(found.span.of(&text).is_some_and(|head| !head.is_empty() && head.trim() == head));
        }
    }
}
