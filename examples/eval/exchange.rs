//! Files for and from other programs: articles as JSON lines, names as JSON lines, and columns for `seqeval`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use dateline::article::ByteSpan;
use dateline::article::EntityType;
use dateline::article::Field;
use dateline::article::Score;
use serde_json::Value;
use serde_json::json;

use crate::corpus::Document;
use crate::score::Found;
use crate::score::Key;

/// Writes the documents as `{"id", "headline", "text"}`.
pub(crate) fn write_articles(documents: &[Document], to: &Path) -> Result<()> {
    let mut file = fs::File::create(to)?;
    for document in documents {
        let headline = document.article.headline.as_deref().unwrap_or_default();
        let line = json!({"id": document.id, "headline": headline, "text": document.article.text});
        writeln!(file, "{line}")?;
    }
    Ok(())
}

/// Reads names that another program found: `{"id", "field", "start", "end", "type"}`, code points, perhaps with
/// `confidence`.
pub(crate) fn read_names(documents: &[Document], from: &Path) -> Result<Vec<Vec<Found>>> {
    let places: BTreeMap<_, _> = documents
        .iter()
        .enumerate()
        .map(|(at, d)| (d.id.as_str(), at))
        .collect();
    let mut names = vec![Vec::new(); documents.len()];
    for line in fs::read_to_string(from)?.lines() {
        let value: Value = serde_json::from_str(line)?;
        let id = value["id"].as_str().context("id")?;
        let at = *places.get(id).with_context(|| format!("no document {id}"))?;
        let (Some(document), Some(found)) = (documents.get(at), names.get_mut(at)) else {
            continue;
        };
        let field = match value["field"].as_str() {
            Some("headline") => Field::Headline,
            _ => Field::Text,
        };
        let text = document.field(field);
        let byte = |key: &str| -> Result<usize> {
            let point = usize::try_from(value[key].as_u64().context("an offset")?)?;
            Ok(text.char_indices().nth(point).map_or(text.len(), |(at, _)| at))
        };
        let kind = value["type"]
            .as_str()
            .and_then(|kind| EntityType::ALL.into_iter().find(|known| known.name() == kind));
        found.push(Found {
            field,
            span: ByteSpan::new(byte("start")?, byte("end")?),
            kind: kind.context("a type")?,
            confidence: value["confidence"]
                .as_f64()
                .map_or(Score::ONE, |c| Score::from_f32(c as f32)),
        });
    }
    Ok(names)
}

/// Writes `piece<TAB>annotated<TAB>found` for each piece of a document, a blank line after each field. A piece is
/// what stands between white space and the bounds of any name, so that no name is cut.
pub(crate) fn write_columns(
    file: &mut fs::File,
    document: &Document,
    gold: &BTreeSet<Key>,
    found: &BTreeSet<Key>,
) -> Result<()> {
    for field in [Field::Headline, Field::Text] {
        let text = document.field(field);
        let of = |keys: &BTreeSet<Key>| -> Vec<(ByteSpan, &'static str)> {
            let own = keys.iter().filter(|key| key.0 == field);
            own.map(|(_, span, kind)| (*span, *kind)).collect()
        };
        let (gold, found) = (of(gold), of(found));
        let mut bounds: BTreeSet<usize> = BTreeSet::from([text.len()]);
        for (span, _) in gold.iter().chain(&found) {
            bounds.extend([span.start, span.end]);
        }
        for (at, c) in text.char_indices().filter(|(_, c)| c.is_whitespace()) {
            bounds.extend([at, at + c.len_utf8()]);
        }
        let mut start = 0;
        for end in bounds {
            let piece = text.get(start..end).unwrap_or_default();
            if !piece.trim().is_empty() {
                writeln!(file, "{piece}\t{}\t{}", tag(&gold, start), tag(&found, start))?;
            }
            start = end;
        }
        writeln!(file)?;
    }
    Ok(())
}

/// IOB2 tag of the piece that starts at `start`.
fn tag(names: &[(ByteSpan, &str)], start: usize) -> String {
    let name = names
        .iter()
        .find(|(span, _)| span.start <= start && start < span.end);
    match name {
        Some((span, kind)) if span.start == start => format!("B-{kind}"),
        Some((_, kind)) => format!("I-{kind}"),
        None => "O".to_owned(),
    }
}
