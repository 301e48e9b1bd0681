//! The head of a wire story, taken apart: "PARIS, July 6 (Agency) --". Plain data; `text::dateline` finds it.

use crate::article::ByteSpan;

/// Date of a dateline: a full day, or month and day where no year is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatelineDate {
    /// Year, if written.
    pub year: Option<i16>,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31, valid for the month.
    pub day: u8,
}

/// A place in a dateline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatelinePlace {
    /// Name, as a librarian would write it: "PARIS" becomes "Paris".
    pub name: String,
    /// ISO 3166-1 alpha-2 of the country, only when sure.
    pub country: Option<String>,
}

/// The wire head, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dateline {
    /// Where it stands in `Article::text`, from its first character through the dash or colon.
    pub span: ByteSpan,
    /// Places, in order; may be empty (agency or date only).
    pub places: Vec<DatelinePlace>,
    /// Date, if written.
    pub date: Option<DatelineDate>,
    /// Agency, as written, without brackets.
    pub agency: Option<String>,
}
