//! The id of an article: the publisher's, else a hash of what was received. The same on every replay.

use sha2::Digest;
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization;

use crate::article::RawArticle;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::limits::Limits;

/// The id exactly as given; else a hash of headline and body as received, or of the URL where there is only a URL.
/// Half an id could be another article's: one that is too long is a rejection.
pub(super) fn id(
    raw: &RawArticle,
    canonical_url: Option<&str>,
    url_only: bool,
    limits: &Limits,
) -> Result<String, Rejection> {
    if let Some(id) = raw.id.as_ref().filter(|id| !id.trim().is_empty()) {
        let (bytes, most) = (id.len(), limits.given_field_bytes_max);
        if bytes > most {
            let message = format!("an id of {bytes} bytes, and {most} are allowed");
            return Err(Rejection::new(RejectionCode::TooLarge, message));
        }
        return Ok(id.clone());
    }
    let hashed = match canonical_url.filter(|_| url_only) {
        Some(url) => url.to_owned(),
        None => {
            let headline = raw.headline.as_ref().map_or("", |headline| headline.as_str());
            let body = raw.body.as_ref().map_or("", |body| body.as_str());
            let mut hashed: String = headline.nfc().collect();
            hashed.push('\n');
            hashed.push_str(body);
            hashed
        }
    };
    let mut id = "urn:sha256:".to_owned();
    for byte in Sha256::digest(hashed.as_bytes()) {
        for nibble in [byte >> 4, byte & 15] {
            id.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    Ok(id)
}
