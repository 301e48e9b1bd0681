//! IPTC NewsML 1.0 to 1.2: the first text of a `NewsItem`, in whichever of its nested components it stands,
//! with the lines and metadata nearest to the item's root. `docs/forms.md` says what each element becomes.

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::decode::nitf::add;
use crate::decode::sniff;
use crate::decode::xml::Element;

/// Reads the one `NewsItem` of a `NewsML` document.
///
/// # Errors
/// Where the document holds no news item, or several.
pub(super) fn decode(root: &Element) -> Result<RawArticle, Rejection> {
    let items: Vec<&Element> = root.all("NewsItem").collect();
    match items.as_slice() {
        [one] => Ok(item(one, root)),
        [] => Err(sniff::unsupported("NewsML without a NewsItem")),
        several => Err(sniff::several(several.len(), "news items")),
    }
}

fn item(item: &Element, root: &Element) -> RawArticle {
    let mut article = RawArticle::new(InputForm::Newsml1);
    let empty = Element::default();
    let identifier = item.find("Identification/NewsIdentifier").unwrap_or(&empty);
    let management = item.find("NewsManagement").unwrap_or(&empty);
    article.id = identifier.line_at("PublicIdentifier");
    article.version = identifier.line_at("RevisionId");
    let line = |name: &str| item.descendants(name).into_iter().find_map(Element::line);
    article.headline = line("HeadLine").map(Markup::Plain);
    article.dateline = line("DateLine");
    let bylines = item.descendants("ByLine");
    for byline in bylines {
        add(&mut article.bylines, byline.line());
    }
    article.body = body(item);
    article.published_at = management.line_at("FirstCreated");
    article.updated_at = management.line_at("ThisRevisionCreated");
    if article.published_at.is_none() {
        article.published_at = article.updated_at.take();
    }
    let formal = |name: &str| {
        item.descendants(name)
            .into_iter()
            .find_map(|one| one.attribute("FormalName"))
    };
    article.language = formal("Language")
        .or_else(|| item.attribute("lang"))
        .map(str::to_owned);
    article.publisher = party(item, "Provider");
    article.agency = party(item, "Source").filter(|source| article.publisher.as_ref() != Some(source));
    article.located = location(item);
    let given = &mut article.given;
    given.pub_status = formal_at(management, "Status").map(|status| status.to_lowercase());
    given.urgency = formal_at(management, "Urgency")
        .or_else(|| root.attribute_at("NewsEnvelope/Priority", "FormalName"))
        .and_then(|urgency| urgency.parse().ok())
        .filter(|urgency| (1..=9).contains(urgency));
    given.slugline = line("SlugLine");
    given.usage_terms = line("UsageType");
    for group in item.descendants("SubjectCode") {
        for subject in group.elements() {
            add(
                &mut given.subjects,
                subject.attribute("FormalName").map(str::to_owned),
            );
        }
    }
    article
}

fn formal_at(element: &Element, path: &str) -> Option<String> {
    element.attribute_at(path, "FormalName")
}

fn party(item: &Element, role: &str) -> Option<String> {
    let roles = item.descendants(role);
    roles.into_iter().find_map(|one| formal_at(one, "Party"))
}

/// Where it was written: the city of a `Location` that says it is the origin, or of the only one.
fn location(item: &Element) -> Option<String> {
    let places = item.descendants("Location");
    let origin = places
        .iter()
        .find(|place| place.attribute("HowPresent") == Some("Origin"));
    let place = origin.or_else(|| places.first().filter(|_| places.len() == 1))?;
    let city = place
        .all("Property")
        .find(|property| property.attribute("FormalName") == Some("City"))?;
    city.attribute("Value").map(str::to_owned)
}

/// The first content of a text type that has text.
fn body(item: &Element) -> Option<Markup> {
    let contents = item.descendants("ContentItem").into_iter().filter(|content| {
        let kind = formal_at(content, "MediaType").unwrap_or_else(|| "text".to_owned());
        kind.eq_ignore_ascii_case("text") || kind.eq_ignore_ascii_case("complextext")
    });
    contents
        .filter(|content| content.find("Encoding").is_none())
        .filter_map(|content| content.find("DataContent"))
        .find_map(|data| {
            let inner = data
                .descendant("body.content")
                .or_else(|| data.descendant("body"));
            match inner {
                Some(inner) => inner.html().map(Markup::Html),
                None => data
                    .plain()
                    .map(Markup::Unknown)
                    .or_else(|| data.html().map(Markup::Html)),
            }
        })
}
