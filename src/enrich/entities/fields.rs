//! The two strings of an article by the name of their field.

use crate::article::Article;
use crate::article::ByteSpan;
use crate::article::Field;
use crate::enrich::tagger::Sighting;

/// Headline (empty where there is none) and text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'t> {
    headline: &'t str,
    text: &'t str,
}

impl<'t> Fields<'t> {
    pub(super) fn of(article: &'t Article) -> Self {
        Self {
            headline: article.headline.as_deref().unwrap_or_default(),
            text: &article.text,
        }
    }

    /// The string of a field.
    pub(super) const fn string(&self, field: Field) -> &'t str {
        match field {
            Field::Headline => self.headline,
            Field::Text => self.text,
        }
    }

    /// What a sighting covers; empty where its span does not fit.
    pub(super) fn name(&self, sighting: &Sighting) -> &'t str {
        sighting.span.of(self.string(sighting.field)).unwrap_or_default()
    }

    /// What stands before a place, and after it.
    pub(super) fn around(&self, field: Field, span: ByteSpan) -> (&'t str, &'t str) {
        let string = self.string(field);
        let before = string.get(..span.start).unwrap_or_default();
        (before, string.get(span.end..).unwrap_or_default())
    }
}
