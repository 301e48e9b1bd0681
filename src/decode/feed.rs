//! RSS 0.9x, 1.0 and 2.0 and Atom, by `feed-rs`: a feed of one item, or an Atom entry. Its ids are the feed's
//! own (the parser would invent one where there is none), its times as written (the parser would give them a
//! zone).

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::SystemTime;

use feed_rs::model::Entry;
use feed_rs::model::Link;
use feed_rs::model::Person;
use feed_rs::parser::Builder;
use feed_rs::parser::ParseFeedError;

use crate::article::Flag;
use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::decode::sniff;
use crate::decode::xml::Element;

/// Reads the one item of the feed that `text` is, with this root, or the one entry.
///
/// # Errors
/// Where it is no feed, or one of no items or of several.
pub(super) fn decode(root: &Element, text: &str) -> Result<RawArticle, Rejection> {
    let times = Times::default();
    let kept = times.clone();
    let parser = Builder::new()
        .sanitize_content(false)
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(move |written| Some(kept.keep(written).into()))
        .build();
    let mut feed = parser.parse(text.as_bytes()).map_err(|error| refused(&error))?;
    let count = feed.entries.len();
    let entry = match (feed.entries.pop(), count) {
        (Some(entry), 1) => entry,
        (None, _) => return Err(Rejection::new(RejectionCode::NoContent, "a feed without items")),
        _ => return Err(sniff::several(count, "items of a feed")),
    };
    let mut article = item(entry, &times);
    article.publisher = feed
        .title
        .map(|title| title.content)
        .filter(|title| !title.trim().is_empty());
    let own = article.language.take().or_else(|| language(root));
    article.language = own.or(feed.language);
    Ok(article)
}

/// `xml:lang` of the item, else of the whole feed; the parser knows of neither.
fn language(root: &Element) -> Option<String> {
    let item = ["entry", "item", "channel/item"]
        .iter()
        .find_map(|path| root.find(path));
    let lang = |element: &Element| element.attribute("lang").map(str::to_owned);
    item.and_then(lang).or_else(|| lang(root))
}

fn refused(error: &ParseFeedError) -> Rejection {
    match error {
        ParseFeedError::XmlReader(_) => {
            Rejection::new(RejectionCode::InvalidXml, "a feed that is not well-formed")
        }
        _ => sniff::unsupported("a feed without its own elements"),
    }
}

fn item(entry: Entry, times: &Times) -> RawArticle {
    let mut article = RawArticle::new(InputForm::Feed);
    article.id = Some(entry.id).filter(|id| !id.is_empty());
    article.url = url(&entry.links);
    article.headline = entry.title.map(|title| Markup::Unknown(title.content));
    let content = entry
        .content
        .and_then(|content| content.body)
        .filter(|body| !body.trim().is_empty());
    let summary = entry.summary.map(|summary| Markup::Unknown(summary.content));
    match content {
        Some(content) => {
            article.body = Some(Markup::Unknown(content));
            article.summary = summary;
        }
        None => {
            // RSS: "the item synopsis".
            article
                .flags
                .extend(summary.is_some().then_some(Flag::PartialText));
            article.body = summary;
        }
    }
    let published = entry
        .published
        .and_then(|ticket| times.written(ticket.timestamp()));
    let updated = entry.updated.and_then(|ticket| times.written(ticket.timestamp()));
    // Without a time of publication that of the last change is the only one there is; a copy of it says nothing.
    (article.published_at, article.updated_at) = match (published, updated) {
        (Some(published), updated) => {
            let updated = updated.filter(|updated| *updated != published);
            (Some(published), updated)
        }
        (None, updated) => (updated, None),
    };
    article.language = entry.language;
    article.bylines = entry.authors.into_iter().filter_map(name).collect();
    article.given.usage_terms = entry.rights.map(|rights| rights.content);
    let categories = entry.categories.into_iter();
    article.given.subjects = categories
        .map(|category| category.label.unwrap_or(category.term))
        .collect();
    article
}

/// The page of the item itself: Atom's `alternate` is the default, `self` is the feed.
fn url(links: &[Link]) -> Option<String> {
    let own = links
        .iter()
        .filter(|link| link.target.is_none())
        .find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    own.map(|link| link.href.clone())
}

/// A person's name; never the address.
fn name(person: Person) -> Option<String> {
    person
        .name
        .filter(|name| !name.trim().is_empty() && !name.contains('@'))
}

/// The times of a feed as written. The parser takes times for points in time only: it gets each one's place in
/// the list as seconds after 1970.
#[derive(Clone, Default)]
struct Times(Arc<Mutex<Vec<String>>>);

impl Times {
    fn keep(&self, written: &str) -> SystemTime {
        let mut list = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        list.push(written.to_owned());
        SystemTime::UNIX_EPOCH + Duration::from_secs(list.len() as u64 - 1)
    }

    fn written(&self, ticket: i64) -> Option<String> {
        let list = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        list.get(usize::try_from(ticket).ok()?).cloned()
    }
}
