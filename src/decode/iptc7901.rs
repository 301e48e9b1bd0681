//! IPTC 7901: `SOH source number priority category words keywords`, the slugline, `STX text ETX`, and when it
//! was sent. As dpa, ANSA and others fill it; `docs/forms.md` says what each part becomes.

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::decode::wire;

/// What dpa writes above the part of a text that is for editors alone.
const NOT_FOR_PUBLICATION: &[&str] = &[
    "The following information is not for publication",
    "The following information is not intended for publication",
    "Diese Meldung enthält redaktionelle Hinweise",
];

/// True for text that opens with the heading of IPTC 7901.
pub(super) fn opens(text: &str) -> bool {
    let Some(heading) = text
        .trim_start_matches(['\r', '\n', wire::SYN])
        .strip_prefix(wire::SOH)
    else {
        return false;
    };
    let mut words = heading.lines().next().unwrap_or_default().split(' ');
    let source = words.next().unwrap_or_default();
    let digits = source.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let is_source = digits.len() < source.len() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let priority = words.next().unwrap_or_default();
    is_source && priority.len() == 1
}

/// Reads one story.
///
/// # Errors
/// Where control characters are missing, or a second story follows.
pub(super) fn decode(text: &str) -> Result<RawArticle, Rejection> {
    let parts = wire::parts(text)?;
    let mut article = RawArticle::new(InputForm::Iptc7901);
    let mut heading = parts.heading.lines();
    let first = heading.next().unwrap_or_default();
    article.given.urgency = first
        .split(' ')
        .nth(1)
        .and_then(|priority| priority.parse().ok())
        .filter(|priority| (1..=9).contains(priority));
    let slugline: Vec<&str> = heading
        .map(|line| line.trim().trim_matches('/'))
        .filter(|line| !line.is_empty())
        .collect();
    article.given.slugline = Some(slugline.join(" ")).filter(|slugline| !slugline.is_empty());
    let lines: Vec<&str> = parts.text.lines().collect();
    let (head, body) = head(&lines);
    for line in head {
        match line.strip_prefix("By ") {
            Some(_) => article.bylines.push((*line).to_owned()),
            // The last line is the headline; those above it say what it replaces.
            None => article.headline = Some(Markup::Plain((*line).to_owned())),
        }
    }
    let for_readers = body
        .iter()
        .take_while(|line| !NOT_FOR_PUBLICATION.iter().any(|mark| line.contains(mark)));
    let mut body: Vec<&str> = for_readers.copied().collect();
    // What stands between the text and that mark belongs to it: "# dpa NOTEBOOK", "* * * *".
    if body.len() < lines.len()
        && let Some(mark) = body
            .iter()
            .rposition(|line| line.starts_with('#') || line.trim() == "* * * *")
    {
        let tail = body
            .iter()
            .skip(mark)
            .filter(|line| !line.trim().is_empty())
            .count();
        let notebook = body.iter().position(|line| line.starts_with("# "));
        body.truncate(notebook.unwrap_or(if tail == 1 { mark } else { body.len() }));
    }
    article.body = Some(Markup::Plain(wire::paragraphs(body.into_iter())));
    article.published_at = sent(parts.ending);
    Ok(article)
}

/// The lines above the text, and the text. The head ends with " =", or is one line apart that ends no sentence.
fn head<'l, 't>(lines: &'l [&'t str]) -> (Vec<&'t str>, &'l [&'t str]) {
    let until_blank = lines.iter().take_while(|line| !line.trim().is_empty()).count();
    let marked = lines
        .iter()
        .take(until_blank)
        .position(|line| line.trim_end().ends_with('='));
    let end = match (marked, until_blank, lines.first()) {
        (Some(at), ..) => at + 1,
        (None, 1, Some(line)) if lines.len() > 1 && !line.trim_end().ends_with(['.', '!', '?', '"']) => 1,
        _ => 0,
    };
    let (head, body) = lines.split_at_checked(end).unwrap_or((&[], lines));
    let head = head
        .iter()
        .map(|line| line.trim().trim_end_matches('=').trim_end());
    (head.filter(|line| !line.is_empty()).collect(), body)
}

/// "131137 GMT Nov 13": day, hour and minute, zone, month and year.
fn sent(ending: &str) -> Option<String> {
    let mut words = ending.lines().next()?.split_whitespace();
    let clock = words.next().filter(|clock| clock.len() == 6)?;
    let (day, hour, minute) = (clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?);
    let zone = words.next()?;
    let month = wire::month(words.next()?)?;
    let year = wire::year(words.next()?)?;
    Some(format!("{year}-{month:02}-{day}T{hour}:{minute} {zone}"))
}
