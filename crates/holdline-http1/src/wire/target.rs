//! The four forms of a request target (RFC 9112 §3.2) and the syntax of an authority.

use core::ops::Range;

use super::class;
use crate::error::ReceiveErrorKind as Kind;

/// What the form of a request target says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Where the authority stands in absolute-form and authority-form, else empty. The path follows.
    pub(crate) authority: Range<usize>,
    /// The port of the scheme in absolute-form, when the scheme is known.
    pub(crate) default_port: Option<u16>,
}

impl Target {
    const WITHOUT_AUTHORITY: Self = Self {
        authority: 0..0,
        default_port: None,
    };

    /// The authority of absolute-form and authority-form.
    pub(crate) fn authority_in<'t>(&self, target: &'t str) -> Option<Authority<'t>> {
        let text = target.get(self.authority.clone())?;
        Authority::parse(text.as_bytes()).filter(|_| !text.is_empty())
    }

    /// Whether the target names this host, or none.
    // By value, and rarely asked for: the usual request keeps its form in registers.
    #[cold]
    pub(crate) fn allows(self, host: &Authority<'_>, target: &str) -> bool {
        self.authority_in(target)
            .is_none_or(|authority| host.agrees(&authority, self.default_port))
    }
}

/// Sorts a target into its form. The bytes were checked before. The error's offset counts from
/// the target's first byte.
#[inline(always)]
pub(crate) fn parse(method: &str, target: &str) -> Result<Target, (Kind, usize)> {
    match target.starts_with('/') && method != "CONNECT" {
        true => Ok(Target::WITHOUT_AUTHORITY),
        false => other_form(method, target),
    }
}

fn other_form(method: &str, target: &str) -> Result<Target, (Kind, usize)> {
    // RFC 9112 §3.2.3: "The authority-form of request-target is only used for CONNECT requests."
    if method == "CONNECT" {
        Authority::parse(target.as_bytes())
            .filter(|authority| !authority.host.is_empty() && authority.port.is_some_and(|p| p > 0))
            .ok_or((Kind::InvalidConnectTarget, 0))?;
        return Ok(Target {
            authority: 0..target.len(),
            default_port: None,
        });
    }
    if target == "*" {
        // RFC 9112 §3.2.4: "only used for a server-wide OPTIONS request".
        return match method {
            "OPTIONS" => Ok(Target::WITHOUT_AUTHORITY),
            _ => Err((Kind::AsteriskWithoutOptions, 0)),
        };
    }
    absolute(target)
}

/// The parts of `host [":" port]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authority<'b> {
    pub(crate) host: &'b [u8],
    /// None when the port or its digits are left out.
    pub(crate) port: Option<u16>,
}

impl<'b> Authority<'b> {
    /// RFC 9110 §7.2: `Host = uri-host [ ":" port ]`. No userinfo, no comma, no whitespace.
    pub(crate) fn parse(bytes: &'b [u8]) -> Option<Self> {
        let length = class::prefix_len(bytes, class::is_reg_name);
        let (host, rest) = bytes.split_at_checked(length)?;
        match rest {
            [] | [b':', ..] => Self::with_port(host, rest),
            _ => Self::parse_unusual(bytes),
        }
    }

    /// IP literals, and names with percent-encoded bytes.
    #[cold]
    fn parse_unusual(bytes: &'b [u8]) -> Option<Self> {
        let is_literal = bytes.starts_with(b"[");
        let length = match is_literal {
            true => bytes.iter().position(|&byte| byte == b']')? + 1,
            false => class::prefix_len(bytes, |byte| class::is_reg_name(byte) || byte == b'%'),
        };
        let (host, rest) = bytes.split_at_checked(length)?;
        let good = match is_literal {
            true => is_ip_literal(host),
            false => are_escapes_good(host),
        };
        good.then(|| Self::with_port(host, rest))?
    }

    fn with_port(host: &'b [u8], rest: &[u8]) -> Option<Self> {
        let port = match rest {
            [] | [b':'] => None,
            [b':', digits @ ..] => Some(port(digits)?),
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// Whether both name the same server, when `default_port` stands for a port left out.
    pub(crate) fn agrees(&self, other: &Authority<'_>, default_port: Option<u16>) -> bool {
        self.host.eq_ignore_ascii_case(other.host)
            && self.port.or(default_port) == other.port.or(default_port)
    }
}

fn absolute(target: &str) -> Result<Target, (Kind, usize)> {
    let form = (Kind::InvalidTargetForm, 0);
    let (scheme, rest) = target.split_once("://").ok_or(form)?;
    let mut bytes = scheme.bytes();
    let scheme_ok = bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !scheme_ok {
        return Err(form);
    }
    let authority_start = scheme.len() + 3;
    let length = rest.find(['/', '?']).unwrap_or(rest.len());
    let invalid = (Kind::InvalidAuthority, authority_start);
    let text = rest.get(..length).ok_or(invalid)?;
    // RFC 9110 §4.2.1: "A recipient that processes such a URI reference MUST reject" an "http"
    // URI with an empty host; §4.2.4 wants userinfo treated "as an error".
    Authority::parse(text.as_bytes())
        .filter(|authority| !authority.host.is_empty())
        .ok_or(invalid)?;
    let default_port = match scheme {
        _ if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("ws") => Some(80),
        _ if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss") => {
            Some(443)
        }
        _ => None,
    };
    Ok(Target {
        authority: authority_start..authority_start + length,
        default_port,
    })
}

/// `[` IPv6address or IPvFuture `]`. The address itself is left to who resolves it.
fn is_ip_literal(host: &[u8]) -> bool {
    let [b'[', inside @ .., b']'] = host else {
        return false;
    };
    match inside {
        [b'v' | b'V', rest @ ..] => {
            // RFC 3986 §3.2.2: "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
            let digits = rest.iter().take_while(|b| b.is_ascii_hexdigit()).count();
            matches!(rest.get(digits..), Some([b'.', tail @ ..]) if digits > 0 && !tail.is_empty()
                && tail.iter().all(|&b| class::is_reg_name(b) || b == b':'))
        }
        _ => core::str::from_utf8(inside)
            .is_ok_and(|text| text.parse::<core::net::Ipv6Addr>().is_ok()),
    }
}

/// Whether two hexadecimal digits follow each percent sign.
fn are_escapes_good(host: &[u8]) -> bool {
    host.split(|&byte| byte == b'%').skip(1).all(|after| {
        matches!(after, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

/// A TCP port: digits, at most 65535. Leading zeros are taken, as RFC 3986 has `port = *DIGIT`.
fn port(digits: &[u8]) -> Option<u16> {
    let port = digits.iter().try_fold(0, |value: u32, &byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        // What is too large stays too large.
        Some((value * 10 + digit).min(TOO_LARGE))
    })?;
    u16::try_from(port).ok()
}

const TOO_LARGE: u32 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_judged() {
        for good in [
            "",
            "a",
            "a:",
            "a:0",
            "a:65535",
            "example.com:80",
            "127.0.0.1",
            "[::1]",
            "[::1]:8080",
            "[v1.a:b]",
            "a%20b",
            "xn--abc.example",
            "a_b",
            "a!$&'()*+;=",
        ] {
            assert!(Authority::parse(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "a:65536",
            // 80, if counted in 32 bits.
            "a:4294967376",
            "a:b",
            "a:+1",
            "a:1:2",
            "u@a",
            "a/b",
            "a,b",
            "a b",
            "[::1",
            "::1",
            "[::g]",
            "[::1]x",
            "[]",
            "a%2",
            "a%zz",
            "a\\b",
            "a?b",
            "[v.a]",
            "[v1.]",
            "a\u{e9}",
            "[::1%eth0]",
        ] {
            assert!(Authority::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_four_forms() {
        let origin = parse("GET", "/a?b").expect("origin-form");
        assert_eq!(origin.authority, 0..0);
        let absolute = parse("GET", "HTTP://a.b:81?q").expect("absolute-form");
        // The authority is "a.b:81".
        assert_eq!(absolute.authority, 7..13);
        assert!(parse("OPTIONS", "*").is_ok());
        assert!(parse("CONNECT", "[::1]:443").is_ok());

        for (method, target, kind, at) in [
            ("GET", "*", Kind::AsteriskWithoutOptions, 0),
            ("GET", "a", Kind::InvalidTargetForm, 0),
            ("GET", "a:80", Kind::InvalidTargetForm, 0),
            ("GET", "1http://a/", Kind::InvalidTargetForm, 0),
            ("GET", "://a/", Kind::InvalidTargetForm, 0),
            ("GET", "http:///a", Kind::InvalidAuthority, 7),
            ("GET", "http://u@a/", Kind::InvalidAuthority, 7),
            ("CONNECT", "/", Kind::InvalidConnectTarget, 0),
            ("CONNECT", "a", Kind::InvalidConnectTarget, 0),
            ("CONNECT", "a:", Kind::InvalidConnectTarget, 0),
            ("CONNECT", "a:0", Kind::InvalidConnectTarget, 0),
            ("CONNECT", ":1", Kind::InvalidConnectTarget, 0),
            ("CONNECT", "http://a:1", Kind::InvalidConnectTarget, 0),
        ] {
            assert_eq!(parse(method, target), Err((kind, at)), "{method} {target}");
        }
    }
}
