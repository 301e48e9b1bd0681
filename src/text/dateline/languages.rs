//! Heads of the table in other languages, and with the agency in other places. Data for the tests alone.

/// As `HEADS`.
pub(super) const MORE_HEADS: &[(&str, &str)] = &[
    // Other languages.
    ("MADRID, MARZO 12 (EFE) - El", "Madrid ES | --03-12 | EFE"),
    ("LIMA, ENERO 12 (EFE) - El", "Lima PE | --01-12 | EFE"),
    ("PARIS, 12 mars (AFP) - Le", "Paris FR | --03-12 | AFP"),
    ("PARIS, 12 mars 2024 (AFP) - Le", "Paris FR | 2024-03-12 | AFP"),
    (
        "Strasbourg, 10 juil 2024 (AFP) - L'op\u{e9}ratrice",
        "Strasbourg FR | 2024-07-10 | AFP",
    ),
    ("(ANSA) - ROMA, 1 LUG - Il", "Roma | --07-01 | ANSA"),
    (
        "MADRID, 6 de julio de 2023 (EFE) - El",
        "Madrid ES | 2023-07-06 | EFE",
    ),
    // The agency between dashes, or bare behind the date.
    (
        "LONDON, January 5 \u{2013} Reuters \u{2013} The",
        "London GB | --01-05 | Reuters",
    ),
    ("SEOUL, Nov 26 AFP - Samsung", "Seoul KR | --11-26 | AFP"),
    ("K\u{f8}benhavn /ritzau/: En mand", "K\u{f8}benhavn | - | ritzau"),
];
