//! Names by tables and rules, until a trained model reads them.

use crate::article::Article;
use crate::article::Field;
use crate::enrich::EnricherError;
use crate::enrich::entities::gazetteer::Gazetteer;
use crate::enrich::entities::rules::Page;
use crate::enrich::tagger::Sighting;

/// Finds names; built once.
#[derive(Debug)]
pub struct Finder {
    gazetteer: Gazetteer,
}

impl Finder {
    /// Loads the embedded tables.
    pub fn new() -> Result<Self, EnricherError> {
        Ok(Self {
            gazetteer: Gazetteer::new()?,
        })
    }

    /// Every name that a rule reads, headline first.
    pub fn sightings(&self, article: &Article) -> Vec<Sighting> {
        let pages = [
            (
                Field::Headline,
                Page::new(article.headline.as_deref().unwrap_or_default(), true),
            ),
            (Field::Text, Page::new(&article.text, false)),
        ];
        let mut out = Vec::new();
        for (field, page) in pages {
            out.extend(page.names(&self.gazetteer).into_iter().map(|found| Sighting {
                field,
                span: found.span,
                kind: found.kind,
                confidence: found.rule.confidence(),
            }));
        }
        out
    }
}
