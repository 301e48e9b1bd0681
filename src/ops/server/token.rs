//! The token that a request must bring, where one is asked for. Holds a digest of it; never the token itself.

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use sha2::Digest;
use sha2::Sha256;

const SCHEME: &[u8] = b"bearer ";

/// A token, as its digest.
#[derive(Clone, Copy)]
pub struct Token([u8; 32]);

impl Token {
    /// Only requests with `Authorization: Bearer <token>` are admitted.
    pub fn new(token: &str) -> Self {
        Self(digest(token.as_bytes()))
    }

    /// True for a request that brings this token. Digests are compared, and all of their bytes: how long that takes
    /// tells nothing of the token.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let given = headers
            .get(header::AUTHORIZATION)
            .map(HeaderValue::as_bytes)
            .and_then(|value| value.split_at_checked(SCHEME.len()))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
            .map(|(_, token)| digest(token.trim_ascii()));
        given.is_some_and(|given| {
            let differing = self
                .0
                .iter()
                .zip(given)
                .fold(0, |all, (ours, theirs)| all | (ours ^ theirs));
            differing == 0
        })
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_token_is_admitted() {
        let token = Token::new("correct-horse-battery");
        for (value, admitted) in [
            ("Bearer correct-horse-battery", true),
            ("bearer  correct-horse-battery ", true),
            ("Bearer correct-horse-batterz", false),
            ("Bearer correct-horse-batter", false),
            ("Bearer correct-horse-batteryy", false),
            ("Bearer ", false),
            ("Basic correct-horse-battery", false),
            ("correct-horse-battery", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            assert_eq!(token.admits(&headers), admitted, "{value:?}");
        }
        assert!(!token.admits(&HeaderMap::new()));
    }
}
