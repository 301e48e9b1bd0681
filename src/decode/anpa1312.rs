//! ANPA 1312: `SYN SYN SOH` and the story's number, a line of codes with the slugline, `STX`, header lines that
//! open with a caret, a text of lines that open with a tab, `ETX`, and when it was sent. As the Associated
//! Press fills it.

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::decode::wire;

/// Unit separator, after the number of the story.
const US: char = '\u{1F}';
/// Device control 2: a text whose lines are those of a table.
const TABULAR: char = '\u{12}';

/// True for text that opens with the heading of ANPA 1312.
pub(super) fn opens(text: &str) -> bool {
    let heading = text
        .trim_start_matches(['\r', '\n', wire::SYN])
        .strip_prefix(wire::SOH);
    let first = heading
        .and_then(|heading| heading.lines().next())
        .unwrap_or_default();
    let number = first.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    number
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with(US)
        && number.len() < first.len()
}

/// Reads one story.
///
/// # Errors
/// Where control characters are missing, or a second story follows.
pub(super) fn decode(text: &str) -> Result<RawArticle, Rejection> {
    let parts = wire::parts(text)?;
    let mut article = RawArticle::new(InputForm::Anpa1312);
    let codes = parts.heading.lines().nth(1).unwrap_or_default();
    article.given.slugline = slugline(codes);
    let lines: Vec<&str> = parts.text.lines().collect();
    let end = lines
        .iter()
        .take_while(|line| line.starts_with('^') && !line.contains(';'))
        .count();
    let (header, lines) = lines.split_at_checked(end).unwrap_or((&[], &[]));
    // The slugline and its length stand first, notes and the author's title below the headline.
    let header = header
        .iter()
        .map(|line| line.trim_matches(['^', '<', '=', ' ', '\r']));
    let headline = header
        .clone()
        .nth(1)
        .filter(|line| !line.is_empty() && !is_note(line));
    article.headline = headline.map(|line| Markup::Plain(quotes(line)));
    article.bylines = header
        .clone()
        .filter(|line| line.starts_with("By "))
        .map(str::to_owned)
        .collect();
    let lines = lines
        .iter()
        .map(|line| line.trim_start_matches('^').trim_end_matches(['<', ' ', '\r']));
    let body = if codes.contains(TABULAR) {
        lines
            .map(|line| line.replace('\u{8}', " "))
            .collect::<Vec<_>>()
            .join("\n")
    } else if lines.clone().all(|line| line.trim().is_empty()) {
        // Summaries stand in header lines altogether.
        wire::paragraphs(header.skip(2).flat_map(|line| [line, ""]))
    } else {
        wire::paragraphs(lines)
    };
    article.body = Some(Markup::Plain(quotes(&body)));
    article.published_at = sent(parts.ending);
    Ok(article)
}

/// "BC-LT--Argentina-CancerB     11-13 1049": what comes after the codes, before day and length.
fn slugline(codes: &str) -> Option<String> {
    let words = codes.split_once([TABULAR, '\u{11}'])?.1.trim();
    let words: Vec<&str> = words.split_whitespace().collect();
    let is_day = |word: &&str| {
        word.split_once('-')
            .is_some_and(|(month, day)| is_number(month) && is_number(day))
    };
    let slug: Vec<&str> = words.iter().copied().take_while(|word| !is_day(word)).collect();
    Some(slug.join(" ")).filter(|slug| !slug.is_empty())
}

/// Lines for editors, which stand where a story without a headline has nothing.
fn is_note(line: &str) -> bool {
    [
        "Eds:",
        "(Eds:",
        "AP Photo",
        "AP Graphic",
        "AP Video",
        "By ",
        "EDITOR",
        "Eds.:",
    ]
    .iter()
    .any(|note| line.starts_with(note))
}

/// Quotation marks, which the wire writes as pairs of its two accents.
fn quotes(text: &str) -> String {
    text.replace("``", "\u{201C}")
        .replace("''", "\u{201D}")
        .replace('`', "\u{2018}")
}

/// "AP-WF-11-13-13 1509GMT": month, day and year, hour and minute, zone.
fn sent(ending: &str) -> Option<String> {
    let line = ending.lines().next()?.trim_end_matches(['<', ' ']);
    let (date, clock) = line.split_once(' ')?;
    let mut parts = date.rsplit('-');
    let (year, day, month) = (parts.next()?, parts.next()?, parts.next()?);
    let year = wire::year(year)?;
    let is_day = is_number(day) && is_number(month) && day.len() == 2 && month.len() == 2;
    let (hour, minute, zone) = (clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?);
    is_day.then(|| format!("{year}-{month}-{day}T{hour}:{minute} {zone}"))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
