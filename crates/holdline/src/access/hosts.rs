//! The host names that this server accepts on a loopback address.
//!
//! Any page can make up a name that resolves to 127.0.0.1 ("DNS rebinding"). The browser then takes the server for
//! the page's own site, and `Origin` agrees with `Host`. But the page cannot hide that *name*: the browser sends it
//! as `Host`. So if only this machine should be served, the name must be one that no stranger's DNS can answer for:
//! an address, `localhost`, or a name that the operator has allowed.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use holdline_net::Request;

use crate::once_a_minute::OnceAMinute;
use crate::reply::Reply;

#[derive(Debug)]
pub(super) struct Hosts {
    /// Without ports.
    allowed: Vec<String>,
    /// Those of the allowed origins, and `*` if all are allowed.
    of_origins: Vec<String>,
    told: OnceAMinute,
}

impl Hosts {
    /// Allows these hosts, and the hosts of these origins.
    pub(super) fn new(hosts: &[String], origins: &[String]) -> Self {
        let mut of_origins: Vec<String> = Vec::new();
        for origin in origins {
            let host = match origin.split_once("://") {
                Some(("http" | "https", authority)) => without_port(authority),
                Some(_) => continue,
                None => origin,
            };
            if !of_origins.iter().any(|known| known == host) {
                of_origins.push(host.to_owned());
            }
        }
        let named = of_origins.iter().filter(|host| *host != "*");
        Self {
            allowed: hosts.iter().chain(named).cloned().collect(),
            of_origins,
            told: OnceAMinute::new(),
        }
    }

    /// The hosts of the allowed origins, each once; `*` is all.
    pub(super) fn of_origins(&self) -> impl Iterator<Item = &str> {
        self.of_origins.iter().map(String::as_str)
    }

    /// Checks `Host` (or the host in the target, which replaces it), depending on the address that the client
    /// connected to.
    pub(super) fn judge(&self, request: &Request<'_>) -> Result<(), Reply> {
        // Every browser sends it. Only HTTP/1.0 may leave it out, as simple health checks do.
        let Some(host) = request.head.host() else {
            return Ok(());
        };
        let name = without_port(host);
        if self.knows(name) || !is_loopback(request.local_addr()) {
            return Ok(());
        }
        let message = refusal(name);
        if self.told.is_due() {
            tracing::warn!("a request was refused: {message}");
        }
        Err(Reply::error(403, "foreign_host", &message))
    }

    fn knows(&self, name: &str) -> bool {
        is_address(name)
            || name.eq_ignore_ascii_case("localhost")
            || self
                .allowed
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Whether a name can be given as `--allow-host`: letters, digits, dots, hyphens and underscores, or an address.
/// Such a name is safe to paste into a shell command.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = name.len() <= MAX_NAME && !name.is_empty() && name.bytes().all(plain);
    (is_name && !name.starts_with('-')) || is_address(name)
}

fn refusal(name: &str) -> String {
    if is_plain(name) {
        format!(
            "`Host` names {name}, which on a loopback address could be a name that a stranger's page made up; \
            if it is this server's name, start it with --allow-host {name}"
        )
    } else {
        "`Host` is no name of this server, which answers on a loopback address only to addresses, to localhost, and \
        to the names given with --allow-host"
            .to_owned()
    }
}

/// A browser always sends an address in its canonical form, whatever was typed. A name cannot look like an address:
/// no name ends with a number (WHATWG URL §3.5).
fn is_address(name: &str) -> bool {
    let ipv6 = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match ipv6 {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    }
}

/// The host from `Host` or from an origin, without the port if there is one.
pub(crate) fn without_port(host: &str) -> &str {
    let end = match host.find(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    &host[..end]
}

fn is_loopback(local: io::Result<Option<SocketAddr>>) -> bool {
    match local {
        Ok(Some(address)) => address.ip().to_canonical().is_loopback(),
        // Not over IP: a browser gets here only through a proxy, which checks the name itself.
        Ok(None) => false,
        // The address is unknown, so the stricter rule applies.
        Err(_) => true,
    }
}

/// The maximum length of a name in DNS (RFC 1035 §2.3.4), in bytes.
const MAX_NAME: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        let origins = ["https://app.example:8443", "*", "chrome-extension://abc"];
        Hosts::new(&["push.example".to_owned()], &origins.map(str::to_owned))
    }

    #[test]
    fn addresses_localhost_and_what_is_allowed_are_known() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "127.0.0.1:",
            "192.168.1.7:8080",
            "[::1]",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:80",
            "localhost",
            "LocalHost:8080",
            "push.example",
            "PUSH.example:1",
            "app.example",
            "app.example:9",
        ] {
            assert!(hosts().knows(without_port(host)), "{host}");
        }
    }

    #[test]
    fn names_that_only_look_like_those_are_not() {
        for host in [
            "",
            ":8080",
            "*",
            "abc",
            "evil.example",
            "localhost.",
            "localhost.evil.example",
            "evil.localhost",
            "127.0.0.1.",
            "127.0.0.1.evil.example",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "127.0.0.01",
            "[::1%25lo]",
            "[::1%lo]:80",
            "[v1.a]",
            "[]",
            "push.example.",
            "push.example.evil.example",
            "xpush.example",
            "push%2Eexample",
        ] {
            assert!(!hosts().knows(without_port(host)), "{host}");
        }
    }

    #[test]
    fn a_mapped_loopback_address_is_one_and_what_is_not_known_is_too() {
        for address in [
            "127.0.0.1:1",
            "127.9.8.7:1",
            "[::1]:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(is_loopback(Ok(Some(address.parse().unwrap()))), "{address}");
        }
        for address in ["192.0.2.1:1", "[::ffff:192.0.2.1]:1", "[2001:db8::1]:1"] {
            assert!(
                !is_loopback(Ok(Some(address.parse().unwrap()))),
                "{address}"
            );
        }
        assert!(!is_loopback(Ok(None)));
        assert!(is_loopback(Err(io::ErrorKind::Other.into())));
    }

    #[test]
    fn nothing_is_recommended_that_a_shell_would_run() {
        assert!(refusal("evil.example").ends_with("--allow-host evil.example"));
        for name in [
            "$(reboot)",
            "a;reboot",
            "a&b",
            "-x",
            "",
            "a'b",
            &"x".repeat(256),
        ] {
            assert!(!is_plain(name), "{name}");
            assert!(refusal(name).ends_with("given with --allow-host"), "{name}");
        }
    }
}
