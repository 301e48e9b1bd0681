//! What a reader must know before trusting a record: a closed list.

/// A warning on one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// Text, headline, lists or mentions were cut at a limit.
    Truncated,
    /// Only a URL was given; nothing was read.
    UrlOnly,
    /// The publisher declares the text to be a part.
    PartialText,
    /// The language could not be determined.
    LanguageUndetermined,
    /// There are no models of the language: of entities only countries are looked for.
    LanguageWithoutModels,
    /// The character set was detected, not declared.
    CharsetDetected,
    /// A time came without a zone and is kept as its day.
    TimeZoneMissing,
    /// A time was given that no known format reads; it is left out.
    TimeUnreadable,
    /// Invalid UTF-8 was repaired where nothing had to be guessed.
    Utf8Repaired,
    /// A service that finds names or topics did not answer: what it would have found is missing.
    EnricherMissing,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 10] = [
        Self::Truncated,
        Self::UrlOnly,
        Self::PartialText,
        Self::LanguageUndetermined,
        Self::LanguageWithoutModels,
        Self::CharsetDetected,
        Self::TimeZoneMissing,
        Self::TimeUnreadable,
        Self::Utf8Repaired,
        Self::EnricherMissing,
    ];

    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::UrlOnly => "url_only",
            Self::PartialText => "partial_text",
            Self::LanguageUndetermined => "language_undetermined",
            Self::LanguageWithoutModels => "language_without_models",
            Self::CharsetDetected => "charset_detected",
            Self::TimeZoneMissing => "time_zone_missing",
            Self::TimeUnreadable => "time_unreadable",
            Self::Utf8Repaired => "utf8_repaired",
            Self::EnricherMissing => "enricher_missing",
        }
    }
}
