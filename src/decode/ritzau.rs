//! The XML of the Danish agency Ritzau (`RBNews`), which Superdesk reads. One `RBNews` is one article.

use crate::article::InputForm;
use crate::article::Markup;
use crate::article::RawArticle;
use crate::article::Rejection;
use crate::decode::sniff;
use crate::decode::xml::Element;

/// Reads an `RBNews`, or the one in a list.
///
/// # Errors
/// Where a list holds none, or several.
pub(super) fn decode(root: &Element) -> Result<RawArticle, Rejection> {
    if root.name == "RBNews" {
        return Ok(item(root));
    }
    match root.descendants("RBNews").as_slice() {
        [one] => Ok(item(one)),
        [] => Err(sniff::unsupported("a list without RBNews")),
        several => Err(sniff::several(several.len(), "news items")),
    }
}

fn item(item: &Element) -> RawArticle {
    let mut article = RawArticle::new(InputForm::Ritzau);
    article.id = item.line_at("NewsID");
    article.version = item.line_at("version");
    // A flash has no headline; what it has above its text is a code.
    article.headline = item.line_at("headline").map(Markup::Unknown);
    article.summary = item.line_at("subtitle").map(Markup::Unknown);
    article.body = item.find("content").and_then(Element::plain).map(Markup::Html);
    article.published_at = item.line_at("PublishDate");
    article.agency = Some("Ritzau".to_owned());
    article.bylines = item.line_at("byLine").into_iter().collect();
    article.located = item.line_at("town");
    let given = &mut article.given;
    given.slugline = item.line_at("strapline");
    if item.line_at("Annuleret").as_deref() == Some("true") {
        given.pub_status = Some("canceled".to_owned());
    }
    given.urgency = item
        .line_at("Priority")
        .and_then(|priority| priority.parse().ok())
        .filter(|priority| (1..=9).contains(priority));
    article
}
