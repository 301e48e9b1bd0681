//! The rules by which names are recognised, and how far each is to be trusted.

use crate::article::Score;
use crate::enrich::entities::gazetteer::Source;

/// How a name was recognised; each has a measured confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A row of the compiled table.
    Known(Source),
    /// A person after a title ("Mr.", "President").
    Title,
    /// A person of two or more words after a role ("spokesman").
    Role,
    /// A person by forename.
    Forename,
    /// A person of two or three words followed by an age.
    Age,
    /// A surname, or another part, of a person named in full in the same article.
    Surname,
    /// A body by its last word.
    OrgLast,
    /// A body by its first word and "of".
    OrgOf,
    /// An abbreviation in brackets after a body, and each later use.
    Acronym,
    /// A building by its last word.
    Fac,
    /// A natural place by its first or last word.
    Loc,
    /// A province by its last word.
    Province,
    /// An event by its last word, or a storm.
    Event,
    /// A law, treaty or prize by its last word.
    Work,
}

impl Rule {
    /// Precision of the rule on the held-out half of the annotated news (`models/README.md`), a little shrunk.
    pub const fn confidence(self) -> Score {
        Score::from_thousandths(match self {
            Self::Known(Source::Person) | Self::Title | Self::Role => 980,
            Self::Known(Source::Country | Source::Demonym) => 965,
            Self::Known(Source::Body | Source::Unsure) | Self::Age => 950,
            Self::Known(Source::Region) => 955,
            Self::Known(Source::Group) | Self::Forename => 925,
            Self::Known(Source::City) => 940,
            Self::Known(Source::Institution) => 915,
            Self::Known(Source::Place | Source::Learnt | Source::Other) | Self::Province => 900,
            Self::Surname => 870,
            Self::Fac | Self::Acronym => 850,
            Self::Known(Source::Company) | Self::Loc => 830,
            Self::OrgLast => 870,
            Self::Event => 750,
            Self::OrgOf => 770,
            Self::Work => 640,
        })
    }
}
