//! Names to addresses for requests to strangers: all of a name's addresses must be public, unless its host is
//! allowed by name. What is checked here is what is connected to: a name that changes its answer gains nothing.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use thiserror::Error;
use url::Host;
use url::Url;

use crate::http::address::is_public;

/// A URL or a name that no request is sent to. Says not which addresses it has.
#[derive(Debug, Error)]
#[error("the address is not allowed")]
pub(super) struct Refused;

#[cfg(test)]
type Addresses = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// How names are looked up: by the system; in tests by a function.
#[derive(Clone)]
pub(super) enum Lookup {
    System,
    #[cfg(test)]
    Fixed(Arc<Addresses>),
}

/// Hosts that may have private addresses, `host` or `host:port`.
#[derive(Clone)]
pub(super) struct Guard {
    allow: Arc<Vec<(String, Option<u16>)>>,
    lookup: Lookup,
}

impl Guard {
    /// `hosts` as the configuration has them.
    pub(super) fn new(hosts: &[String], lookup: Lookup) -> Self {
        let parse = |host: &String| {
            let port = host
                .rsplit_once(':')
                .and_then(|(name, port)| Some((name, port.parse().ok()?)));
            let (name, port) = port.map_or((host.as_str(), None), |(name, port)| (name, Some(port)));
            (name.to_ascii_lowercase(), port)
        };
        Self {
            allow: Arc::new(hosts.iter().map(parse).collect()),
            lookup,
        }
    }

    /// Whether a request may be sent to `url` at all: http or https, no credentials, and a host that is a name,
    /// a public address, or allowed. The `url` crate has read decimal, octal and mapped addresses as what they
    /// are.
    pub(super) fn check(&self, url: &Url) -> Result<(), Refused> {
        let is_plain =
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
        let named = || self.allow.iter().filter(|(name, _)| name == host);
        let is_allowed = named().any(|(_, allowed)| allowed.is_none() || *allowed == port);
        let is_public = match url.host() {
            Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
            // A name that is allowed at one port is not looked into at another.
            Some(Host::Domain(_)) => named().next().is_none(),
            None => false,
        };
        (is_plain && (is_allowed || is_public))
            .then_some(())
            .ok_or(Refused)
    }

    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        match &self.lookup {
            Lookup::System => Ok(tokio::net::lookup_host((name, 0))
                .await?
                .map(|found| found.ip())
                .collect()),
            #[cfg(test)]
            Lookup::Fixed(lookup) => Ok(lookup(name)),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = guard.addresses(name.as_str()).await?;
            let is_allowed = guard.allow.iter().any(|(allowed, _)| allowed == name.as_str());
            if found.is_empty() || !is_allowed && !found.iter().copied().all(is_public) {
                return Err(Refused.into());
            }
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_with_tricks_are_refused() {
        let guard = Guard::new(
            &["news.internal".to_owned(), "127.0.0.1:8080".to_owned()],
            Lookup::System,
        );
        for good in [
            "http://example.com/a",
            "https://93.184.216.34/",
            "http://news.internal:99/",
            "http://127.0.0.1:8080/x",
            "http://0x5db8d822/",
        ] {
            assert!(guard.check(&Url::parse(good).unwrap()).is_ok(), "{good}");
        }
        for bad in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com/",
            "http://user@example.com/",
            "http://user:pw@example.com/",
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://\u{2461}\u{2462}\u{2463}.0.0.1/",
            "http://127.0.0.1:81/",
            "http://0/",
            "http://10.0.0.1/",
            "http://[fd00:ec2::254]/",
            "http://127.0.0.1.:80/",
            "http://127\u{3002}0\u{3002}0\u{3002}1/",
        ] {
            let Ok(url) = Url::parse(bad) else { continue };
            assert!(guard.check(&url).is_err(), "{bad} is {url}");
        }
    }

    #[tokio::test]
    async fn names_lead_to_public_addresses_alone() {
        let lookup = Lookup::Fixed(Arc::new(|name| {
            let addresses: &[&str] = match name {
                "public.example" => &["93.184.216.34"],
                "mixed.example" => &["93.184.216.34", "127.0.0.1"],
                "none.example" => &[],
                _ => &["169.254.169.254"],
            };
            addresses.iter().map(|address| address.parse().unwrap()).collect()
        }));
        let guard = Guard::new(&["allowed.example".to_owned()], lookup);
        for (name, expected) in [
            ("public.example", true),
            ("mixed.example", false),
            ("none.example", false),
            ("metadata.google.internal", false),
            ("localhost", false),
            ("allowed.example", true),
        ] {
            let found = guard.resolve(name.parse().unwrap()).await;
            assert_eq!(found.is_ok(), expected, "{name}");
        }
    }
}
