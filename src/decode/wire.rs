//! What the two control-character forms of the wire (IPTC 7901, ANPA 1312) share: where their text stands, and
//! its lines as paragraphs. Knows no header.

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::decode::sniff;
use crate::text::calendar;

/// Start of heading.
pub(super) const SOH: char = '\u{1}';
/// Start of text.
const STX: char = '\u{2}';
/// End of text.
const ETX: char = '\u{3}';
/// Idle; stands before the heading.
pub(super) const SYN: char = '\u{16}';

/// The three parts of one transmission.
pub(super) struct Parts<'t> {
    pub(super) heading: &'t str,
    pub(super) text: &'t str,
    /// What follows the text: when it was sent.
    pub(super) ending: &'t str,
}

/// Takes a transmission apart.
///
/// # Errors
/// Where control characters are missing, or a second heading follows.
pub(super) fn parts(transmission: &str) -> Result<Parts<'_>, Rejection> {
    let missing = |name: &str| Rejection::new(RejectionCode::InvalidWire, format!("{name} is missing"));
    let (_, rest) = transmission.split_once(SOH).ok_or_else(|| missing("SOH"))?;
    let headings = transmission.matches(SOH).count();
    if headings > 1 {
        return Err(sniff::several(headings, "stories"));
    }
    let (heading, rest) = rest.split_once(STX).ok_or_else(|| missing("STX"))?;
    let (text, ending) = rest.split_once(ETX).ok_or_else(|| missing("ETX"))?;
    Ok(Parts {
        heading,
        text,
        ending,
    })
}

/// Lines of a fixed width as paragraphs: one begins after an empty line and with a line that is indented. Lines
/// of a table (columns apart by blanks) stay lines.
pub(super) fn paragraphs<'t>(lines: impl Iterator<Item = &'t str>) -> String {
    let mut out = String::new();
    let mut is_first = true;
    for line in lines {
        let (line, indented) = (line.trim_end(), line.starts_with([' ', '\t']));
        let words = line.trim();
        if words.is_empty() {
            is_first = true;
            continue;
        }
        let is_table = words.contains("   ") || words.contains('\t');
        out.push_str(match () {
            () if out.is_empty() => "",
            () if is_table && !is_first => "\n",
            () if is_first || indented => "\n\n",
            () => " ",
        });
        out.push_str(words);
        is_first = false;
    }
    out
}

/// A year of two digits, as POSIX reads it: 69 to 99 are of the last century.
pub(super) fn year(digits: &str) -> Option<u16> {
    let year: u16 = digits.parse().ok().filter(|_| digits.len() == 2)?;
    Some(if year < 69 { 2000 + year } else { 1900 + year })
}

/// The month that a word of the ending names, in any of the calendar's languages.
pub(super) fn month(word: &str) -> Option<u8> {
    calendar::month(word.trim_end_matches('.'))
}
