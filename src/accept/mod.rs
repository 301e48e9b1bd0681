//! `RawArticle` to `Article`: cleaned, named, dated, with its dateline taken apart; or a `Rejection`. Never invents a
//! headline, a time or a person, and gives the same article the same id on every replay.

mod id;
mod people;
#[cfg(test)]
mod tests;
mod url;

use crate::article::Article;
use crate::article::Dateline;
use crate::article::Flag;
use crate::article::Given;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::limits::Limits;
use crate::text::clean;
use crate::text::dateline;
use crate::text::language;
use crate::text::time;
use crate::text::time::Time;

/// Accepts an article, or says why it is none.
pub fn accept(raw: RawArticle, limits: &Limits) -> Result<Article, Rejection> {
    let mut cuts = Cuts { limits, cut: false };
    let headline = cuts.headline(raw.headline.as_ref());
    let text = cuts.text(raw.body.as_ref());
    let text = with_dateline(text, raw.dateline.as_deref(), limits);
    let summary = raw
        .summary
        .as_ref()
        .map(|summary| cuts.text(Some(summary)))
        .filter(|summary| !summary.is_empty());
    let canonical_url = raw.url.as_deref().and_then(url::canonical);
    let is_blank = headline.is_none() && text.is_empty();
    // What is withdrawn may be told by its id alone.
    let is_notice = raw.given.is_withdrawn() && raw.id.as_deref().is_some_and(|id| !id.trim().is_empty());
    if is_blank && canonical_url.is_none() && !is_notice {
        return Err(Rejection::new(
            RejectionCode::NoContent,
            "neither a headline, nor text, nor a URL that can be read",
        ));
    }
    let id = id::id(&raw, canonical_url.as_deref(), is_blank, limits)?;
    let dateline = dateline::parse(&text, limits);
    let above = dateline.as_ref().and_then(|found| text.get(..found.span.start));
    let people = people::people(&raw, &text, above.unwrap_or_default(), limits);
    let language = language::language(
        raw.language.as_deref(),
        readable(&text, headline.as_deref()),
        limits,
    );
    let agency = dateline.as_ref().and_then(|found| found.agency.clone());
    let mut article = Article {
        form: raw.form,
        id,
        url: raw.url.and_then(|url| cuts.given(url)),
        canonical_url: canonical_url.and_then(|url| cuts.given(url)),
        version: raw.version.and_then(|version| cuts.given(version)),
        agency: agency
            .or_else(|| cuts.field(raw.agency.as_deref()))
            .or(people.agency),
        publisher: cuts.field(raw.publisher.as_deref()),
        headline,
        text,
        summary,
        language,
        published_at: None,
        updated_at: None,
        bylines: people.persons,
        dateline,
        given: cuts.carried(raw.given, raw.located),
        flags: Vec::new(),
    };
    for flag in raw.flags {
        article.flag(flag);
    }
    date(
        &mut article,
        raw.published_at.as_deref(),
        raw.updated_at.as_deref(),
    );
    if cuts.cut || people.cut {
        article.flag(Flag::Truncated);
    }
    if is_blank && article.canonical_url.is_some() {
        article.flag(Flag::UrlOnly);
    }
    // What is not enriched needs no language.
    if article.is_enrichable() && article.language == language::UNDETERMINED {
        article.flag(Flag::LanguageUndetermined);
    }
    Ok(article)
}

/// The text below its dateline, where the form has that apart: as it would be printed, "PARIS, July 6 (AFP) -
/// The". A line that is no dateline is not the text's.
fn with_dateline(text: String, line: Option<&str>, limits: &Limits) -> String {
    let line = clean::field(line.unwrap_or_default());
    if line.is_empty() || text.is_empty() || dateline::parse(&text, limits).is_some() {
        return text;
    }
    let line =
        line.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2013}' | '\u{2014}'));
    let whole = format!("{line} - {text}");
    let is_sure = dateline::parse(&whole, limits).is_some_and(|found| found.span.end <= line.len() + 2);
    if is_sure { whole } else { text }
}

/// What the language is read from: the text, or the headline where there is no text.
fn readable<'t>(text: &'t str, headline: Option<&'t str>) -> &'t str {
    if text.is_empty() {
        headline.unwrap_or_default()
    } else {
        text
    }
}

/// Reads the times, and takes the day of publication from a full date in the dateline where no time is given.
fn date(article: &mut Article, published: Option<&str>, updated: Option<&str>) {
    article.updated_at = read_time(article, updated);
    article.published_at = read_time(article, published);
    let given = published.is_some_and(|written| !written.trim().is_empty());
    if !given {
        article.published_at = article.dateline.as_ref().and_then(day_of);
    }
    let published = article.published_at.as_deref().and_then(|time| time.get(..10));
    if let (Some(published), Some(date)) = (
        published,
        article.dateline.as_mut().and_then(|found| found.date.as_mut()),
    ) && date.year.is_none()
    {
        date.year = time::year_near(published, date.month, date.day);
    }
}

fn read_time(article: &mut Article, written: Option<&str>) -> Option<String> {
    let written = written.map(str::trim).filter(|written| !written.is_empty())?;
    let time = time::read(written);
    match time {
        None => article.flag(Flag::TimeUnreadable),
        Some(Time::DayZoneMissing(_)) => article.flag(Flag::TimeZoneMissing),
        Some(_) => {}
    }
    time.map(Time::into_text)
}

fn day_of(dateline: &Dateline) -> Option<String> {
    let date = dateline.date?;
    time::day(date.year?, date.month, date.day)
}

/// True where a list has that name, in capitals or not.
fn is_listed(name: &str, list: &[String]) -> bool {
    let lower = name.to_lowercase();
    list.iter().any(|listed| listed.to_lowercase() == lower)
}

/// Cuts what is too long, and remembers that it did.
struct Cuts<'l> {
    limits: &'l Limits,
    cut: bool,
}

impl Cuts<'_> {
    fn headline(&mut self, markup: Option<&Markup>) -> Option<String> {
        let line = clean::line(markup?);
        let line = self.at_word(line, self.limits.headline_bytes_max);
        Some(line).filter(|line| !line.is_empty())
    }

    /// Cleaned text, cut at the end of a paragraph if one ends in the second half, else at a character.
    fn text(&mut self, markup: Option<&Markup>) -> String {
        let mut text = markup.map(clean::text).unwrap_or_default();
        let most = self.limits.text_bytes_max;
        if text.len() > most {
            self.cut = true;
            let end = text.floor_char_boundary(most);
            let paragraph = text
                .get(..end)
                .and_then(|kept| kept.rfind("\n\n"))
                .filter(|at| *at >= end / 2);
            text.truncate(paragraph.unwrap_or(end));
            text.truncate(text.trim_end().len());
        }
        text
    }

    /// A short field of one line.
    fn field(&mut self, written: Option<&str>) -> Option<String> {
        let field = clean::field(written?);
        Some(self.at_word(field, self.limits.given_field_bytes_max)).filter(|field| !field.is_empty())
    }

    /// A value that is carried as given, save that it has an end.
    fn given(&mut self, written: String) -> Option<String> {
        Some(self.at_word(written, self.limits.given_field_bytes_max)).filter(|written| !written.is_empty())
    }

    fn at_word(&mut self, mut written: String, most: usize) -> String {
        if written.len() > most {
            self.cut = true;
            written.truncate(written.floor_char_boundary(most));
            written.truncate(written.trim_end().len());
        }
        written
    }

    fn list(&mut self, mut items: Vec<String>) -> Vec<String> {
        self.cut |= items.len() > self.limits.given_items_max;
        items.truncate(self.limits.given_items_max);
        items
            .into_iter()
            .filter_map(|item| self.field(Some(&item)))
            .collect()
    }

    /// What we only carry; the place of writing, which no other field holds, is one of the places.
    fn carried(&mut self, mut given: Given, located: Option<String>) -> Given {
        if let Some(located) = located.filter(|place| !is_listed(place, &given.places)) {
            given.places.push(located);
        }
        Given {
            subjects: self.list(given.subjects),
            people: self.list(given.people),
            places: self.list(given.places),
            organisations: self.list(given.organisations),
            pub_status: given.pub_status.and_then(|status| self.given(status)),
            embargoed_until: given.embargoed_until.and_then(|until| self.given(until)),
            usage_terms: given.usage_terms.and_then(|terms| self.given(terms)),
            urgency: given.urgency,
            slugline: given.slugline.and_then(|slugline| self.given(slugline)),
            passthrough: given.passthrough,
        }
    }
}
