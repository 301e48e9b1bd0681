//! A whole HTML page to the one article it shows: what its JSON-LD says of it, else its `<meta>` elements; the
//! text by Mozilla's Readability (`dom_smoothie`) where JSON-LD has none. Bounded: a page that would cost a
//! parser much more than its length is rejected.

use dom_smoothie::Config;
use dom_smoothie::Readability;
use dom_smoothie::ReadabilityError;
use scraper::ElementRef;
use scraper::Html;
use scraper::Node;

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::decode::json_ld;
use crate::limits::Limits;
use crate::text::html;

/// Elements that never hold an article's text and often most of a page's bytes, and what ends each.
#[rustfmt::skip]
const REMOVED: &[(&str, &str)] = &[
    ("script", "</script"), ("style", "</style"), ("svg", "</svg"), ("template", "</template"), ("iframe", "</iframe"),
    ("noscript", "</noscript"), ("figure", "</figure"),
];
/// Most elements of a page, without those removed. News pages have one to six thousand.
const ELEMENTS_MAX: usize = 30_000;
/// Fewest characters that are an article's text: less is a notice or a picture's caption.
const TEXT_MIN: usize = 140;

/// Names of `<meta>` elements, the surer first.
const TITLE: &[&str] = &["og:title", "twitter:title", "dc.title"];
const DESCRIPTION: &[&str] = &["og:description", "description", "twitter:description"];
#[rustfmt::skip]
const PUBLISHED: &[&str] = &[
    "article:published_time", "datepublished", "date", "dc.date", "dcterms.created", "pubdate", "publish-date",
    "parsely-pub-date", "sailthru.date",
];
const MODIFIED: &[&str] = &[
    "article:modified_time",
    "datemodified",
    "og:updated_time",
    "last-modified",
    "dcterms.modified",
];
const AUTHOR: &[&str] = &["author", "article:author", "dc.creator", "byl", "parsely-author"];
const SITE: &[&str] = &["og:site_name", "application-name", "publisher", "dc.publisher"];

/// Reads a page.
///
/// # Errors
/// Where it holds no article's text, or would cost too much to read.
pub(super) fn decode(page: &str, limits: &Limits) -> Result<RawArticle, Rejection> {
    let (reduced, blocks) = reduce(page);
    if html::is_too_costly(&reduced) {
        return Err(too_costly());
    }
    let mut article = RawArticle::new(InputForm::Html);
    if let Some(object) = blocks.iter().find_map(|block| json_ld::article(block, limits)) {
        json_ld::fill(&mut article, &object);
    }
    let head = Head::new(&reduced);
    head.fill(&mut article);
    if article.body.is_none() {
        let (title, text) = main_text(&reduced)?;
        article.body = Some(Markup::Html(text));
        if article.headline.is_none() {
            article.headline = Some(title)
                .filter(|title| !title.trim().is_empty())
                .map(Markup::Plain);
        }
    }
    Ok(article)
}

fn too_costly() -> Rejection {
    Rejection::new(
        RejectionCode::TooLarge,
        "a page of too many elements, or too deeply nested ones",
    )
}

/// Title and text by Readability.
fn main_text(page: &str) -> Result<(String, String), Rejection> {
    let none = || Rejection::new(RejectionCode::NoContent, "a page without an article's text");
    let config = Config {
        max_elements_to_parse: ELEMENTS_MAX,
        disable_json_ld: true,
        ..Config::default()
    };
    let mut reader = Readability::new(page, None, Some(config)).map_err(|_| none())?;
    let found = reader.parse().map_err(|error| match error {
        ReadabilityError::TooManyElements(..) => too_costly(),
        _ => none(),
    })?;
    if found.length < TEXT_MIN {
        return Err(none());
    }
    Ok((found.title.to_string(), found.content.to_string()))
}

/// The page without `REMOVED` elements and comments, and its blocks of JSON-LD. Linear, whatever comes.
fn reduce(page: &str) -> (String, Vec<String>) {
    let lower = page.to_ascii_lowercase();
    let (mut kept, mut blocks) = (String::with_capacity(page.len()), Vec::new());
    // Marks of which there is no more: an element that never ends removes nothing, and is not looked for again.
    let mut missing: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(open) = lower
        .get(at..)
        .and_then(|rest| rest.find('<'))
        .map(|found| at + found)
    {
        kept.push_str(page.get(at..open).unwrap_or_default());
        let rest = lower.get(open + 1..).unwrap_or_default();
        let mark = if rest.starts_with("!--") {
            Some("-->")
        } else {
            REMOVED
                .iter()
                .find(|(name, _)| is_tag(rest, name))
                .map(|(_, mark)| *mark)
        };
        let mark = mark.filter(|mark| !missing.contains(mark));
        let end = mark.and_then(|mark| rest.find(mark).map(|found| open + 1 + found));
        let Some(end) = end else {
            missing.extend(mark);
            kept.push('<');
            at = open + 1;
            continue;
        };
        if rest.starts_with("script") && rest.split('>').next().is_some_and(|tag| tag.contains("ld+json")) {
            blocks.extend(inside(page, open, end).map(str::to_owned));
        }
        at = lower
            .get(end..)
            .and_then(|rest| rest.find('>'))
            .map_or(page.len(), |found| end + found + 1);
    }
    kept.push_str(page.get(at..).unwrap_or_default());
    (kept, blocks)
}

fn is_tag(rest: &str, name: &str) -> bool {
    rest.strip_prefix(name)
        .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')))
}

/// What stands between the end of the first tag and `end`.
fn inside(page: &str, open: usize, end: usize) -> Option<&str> {
    let (_, inner) = page.get(open..end)?.split_once('>')?;
    let block = inner.trim();
    let block = block.strip_prefix("<![CDATA[").unwrap_or(block);
    Some(block.strip_suffix("]]>").unwrap_or(block).trim())
}

/// What the elements of a page's head say.
struct Head {
    metas: Vec<(String, String)>,
    language: Option<String>,
    canonical: Option<String>,
}

impl Head {
    fn new(page: &str) -> Self {
        let document = Html::parse_document(page);
        let mut head = Self {
            metas: Vec::new(),
            language: None,
            canonical: None,
        };
        for node in document.tree.nodes() {
            let Node::Element(element) = node.value() else {
                continue;
            };
            let value = |name: &str| {
                element
                    .attr(name)
                    .map(str::trim)
                    .filter(|value| !value.is_empty())
            };
            match element.name() {
                "html" => head.language = value("lang").map(str::to_owned),
                "meta" => {
                    let name = value("property")
                        .or_else(|| value("name"))
                        .or_else(|| value("itemprop"));
                    if let (Some(name), Some(content)) = (name, value("content")) {
                        head.metas.push((name.to_lowercase(), content.to_owned()));
                    }
                }
                "link" if value("rel") == Some("canonical") => {
                    head.canonical = value("href").map(str::to_owned)
                }
                "time" if value("itemprop").is_some() || value("pubdate").is_some() => {
                    if let (Some(name), Some(time)) =
                        (value("itemprop").or(Some("pubdate")), value("datetime"))
                    {
                        head.metas.push((name.to_lowercase(), time.to_owned()));
                    }
                }
                "h1" if value("itemprop") == Some("headline") => {
                    let text = ElementRef::wrap(node).map(|heading| heading.text().collect::<String>());
                    head.metas.extend(text.map(|text| ("og:title".to_owned(), text)));
                }
                _ => {}
            }
        }
        head
    }

    fn meta(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| {
            let (_, content) = self.metas.iter().find(|(known, _)| known == name)?;
            Some(content.clone())
        })
    }

    /// Fills what JSON-LD has not said.
    fn fill(self, article: &mut RawArticle) {
        let or = |said: &mut Option<String>, names: &[&str]| {
            if said.is_none() {
                *said = self.meta(names);
            }
        };
        or(&mut article.published_at, PUBLISHED);
        or(&mut article.updated_at, MODIFIED);
        or(&mut article.publisher, SITE);
        if article.headline.is_none() {
            article.headline = self.meta(TITLE).map(Markup::Plain);
        }
        if article.summary.is_none() {
            article.summary = self.meta(DESCRIPTION).map(Markup::Plain);
        }
        if article.bylines.is_empty() {
            let author = self.meta(AUTHOR).filter(|author| !author.contains("://"));
            article.bylines.extend(author);
        }
        // One that only says where on the site is no address.
        let canonical = self.canonical.clone().filter(|url| url.contains("://"));
        article.url = canonical
            .or_else(|| article.url.take())
            .or_else(|| self.meta(&["og:url"]))
            .or_else(|| self.canonical.clone());
        article.language = article.language.take().or(self.language);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_a_whole_one_where_the_page_has_one() {
        for (head, expected) in [
            (
                "<link rel=canonical href='https://x.example/a'>",
                Some("https://x.example/a"),
            ),
            ("<link rel=canonical href='/a'>", Some("/a")),
            (
                "<link rel=canonical href='/a'><meta property='og:url' content='https://x.example/a'>",
                Some("https://x.example/a"),
            ),
            ("", None),
        ] {
            let mut article = RawArticle::new(InputForm::Html);
            Head::new(&format!("<html><head>{head}</head></html>")).fill(&mut article);
            assert_eq!(article.url.as_deref(), expected, "{head}");
        }
    }
}
