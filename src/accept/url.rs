//! The canonical form of an article's URL: without fragment and tracking parameters. Never fetches it.

use url::Url;

/// Parameters that only say where a reader came from.
const TRACKING: &[&str] = &[
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "at_campaign",
    "at_medium",
    "cmpid",
    "dclid",
    "fbclid",
    "gbraid",
    "gclid",
    "gclsrc",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "ncid",
    "ns_campaign",
    "ns_mchannel",
    "ns_source",
    "ocid",
    "smid",
    "soc_src",
    "soc_trk",
    "sref",
    "twclid",
    "wbraid",
    "xtor",
    "yclid",
];

/// The canonical form of `written`; `None` where it is no http or https URL.
pub(super) fn canonical(written: &str) -> Option<String> {
    let mut url = Url::parse(written.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    url.set_fragment(None);
    // The parameters stay as they are written: encoding them anew could change their meaning.
    if let Some(query) = url.query() {
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !is_tracking(pair))
            .collect();
        let kept = kept.join("&");
        url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    }
    Some(url.into())
}

fn is_tracking(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    name.starts_with("utm_") || TRACKING.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonicalises() {
        for (written, expected) in [
            (
                "https://Example.com/a?utm_source=x&id=5&fbclid=z#top",
                Some("https://example.com/a?id=5"),
            ),
            (
                "https://example.com/a?UTM_Medium=x",
                Some("https://example.com/a"),
            ),
            (" http://example.com ", Some("http://example.com/")),
            (
                "https://example.com/a?q=b%20c&gclid=1&r=a+b",
                Some("https://example.com/a?q=b%20c&r=a+b"),
            ),
            ("https://example.com:443/a", Some("https://example.com/a")),
            (
                "https://example.com/?utmost=1",
                Some("https://example.com/?utmost=1"),
            ),
            ("ftp://example.com/a", None),
            ("javascript:alert(1)", None),
            ("/relative", None),
            ("not a url", None),
            ("", None),
        ] {
            assert_eq!(canonical(written).as_deref(), expected, "{written}");
        }
    }
}
