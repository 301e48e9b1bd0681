//! Whether a request comes from our own page. A browser sends other sites' requests here too, and a site whose name it
//! was made to look up as this machine's address (DNS rebinding) is same-origin to it: only the names tell.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::header;
use axum::http::uri::Authority;

/// True for a request to an address, to `localhost` or to one of `host_names` that no other site made. No page can be
/// served under somebody else's address, so an address is safe whoever listens on it.
pub(super) fn is_own(headers: &HeaderMap, host_names: &[String]) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(host) = text(&header::HOST).filter(|host| is_ours(host, host_names)) else {
        return false;
    };
    let same_site = text(&HeaderName::from_static("sec-fetch-site"))
        .is_none_or(|site| matches!(site, "same-origin" | "none"));
    let same_origin = text(&header::ORIGIN).is_none_or(|origin| {
        origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
    });
    same_site && same_origin
}

/// True for an address (`127.0.0.1:9464`, `[::1]:9464`) and for `localhost`.
fn is_ours(host: &str, host_names: &[String]) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host();
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    let is_named = |own: &str| name.eq_ignore_ascii_case(own);
    is_named("localhost") || host_names.iter().any(|own| is_named(own)) || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    use axum::http::HeaderValue;

    #[test]
    fn only_our_own_page_may_ask() {
        let table: [(&[(&'static str, &'static str)], bool); 16] = [
            (&[("host", "127.0.0.1:9464")], true),
            (&[("host", "localhost:9464")], true),
            (&[("host", "LocalHost")], true),
            (&[("host", "[::1]:9464")], true),
            (&[("host", "192.0.2.7:9464")], true),
            (
                &[("host", "127.0.0.1:9464"), ("origin", "http://127.0.0.1:9464")],
                true,
            ),
            (
                &[
                    ("host", "localhost"),
                    ("origin", "https://localhost"),
                    ("sec-fetch-site", "same-origin"),
                ],
                true,
            ),
            (&[("host", "127.0.0.1"), ("sec-fetch-site", "none")], true),
            (&[("host", "127.0.0.1"), ("sec-fetch-site", "cross-site")], false),
            (
                &[("host", "127.0.0.1:9464"), ("origin", "http://127.0.0.1:80")],
                false,
            ),
            (&[("host", "127.0.0.1:9464"), ("origin", "null")], false),
            (
                &[
                    ("host", "evil.example:9464"),
                    ("origin", "http://evil.example:9464"),
                ],
                false,
            ),
            (&[("host", "localhost.evil.example")], false),
            (&[("host", "127.0.0.1.evil.example")], false),
            (&[("host", "")], false),
            (&[], false),
        ];
        for (headers, expected) in table {
            let mut map = HeaderMap::new();
            for &(name, value) in headers {
                map.insert(name, HeaderValue::from_static(value));
            }
            assert_eq!(is_own(&map, &[]), expected, "{headers:?}");
        }
    }
}
