//! The policy file: who may open a socket to this server from within Flash.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::{BufMut, BytesMut};

/// What Flash sends, followed by a NUL, to be given a [`Policy`].
pub const POLICY_FILE_REQUEST: &str = "<policy-file-request/>";

/// Which sites may connect, and to which ports.
///
/// ```
/// use bytes::BytesMut;
/// use holdline_comet::socket::{Policy, Ports};
///
/// let policy = Policy::new().allow("*.example.com", Ports::One(8080))?;
/// let mut out = BytesMut::new();
/// policy.encode(&mut out);
/// assert_eq!(
///     out,
///     "<?xml version=\"1.0\"?><cross-domain-policy>\
///      <allow-access-from domain=\"*.example.com\" to-ports=\"8080\"/>\
///      </cross-domain-policy>\0"
/// );
/// # Ok::<(), holdline_comet::socket::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Policy {
    rules: Vec<(String, Ports)>,
}

impl Policy {
    /// A policy that allows nobody.
    pub const fn new() -> Self {
        Self { rules: Vec::new() }
    }

    /// Also allows the sites of `domain` to connect to `ports`.
    ///
    /// A domain is a host name or IPv4 address, `*.` and a host name for all hosts under
    /// it, or `*` for everybody.
    ///
    /// # Errors
    /// When `domain` is none of these, or the ports are 0 or a range that runs backwards.
    pub fn allow(mut self, domain: &str, ports: Ports) -> Result<Self, PolicyError> {
        if !is_domain(domain) {
            return Err(PolicyError::Domain);
        }
        if !ports.is_valid() {
            return Err(PolicyError::Ports);
        }
        self.rules.push((domain.into(), ports));
        Ok(self)
    }

    /// Appends the policy file and its NUL.
    pub fn encode(&self, out: &mut BytesMut) {
        use fmt::Write;

        out.put_slice(b"<?xml version=\"1.0\"?><cross-domain-policy>");
        for (domain, ports) in &self.rules {
            // Writing to a `BytesMut` fails only without memory, and then the program has aborted already.
            let _ = write!(
                out,
                "<allow-access-from domain=\"{domain}\" to-ports=\"{ports}\"/>"
            );
        }
        out.put_slice(b"</cross-domain-policy>\0");
    }
}

/// The ports that a [`Policy`] opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// All of them.
    Any,
    /// A single one, not 0.
    One(u16),
    /// All from the first to the last, both included.
    Range(u16, u16),
}

impl Ports {
    const fn is_valid(self) -> bool {
        match self {
            Self::Any => true,
            Self::One(port) => port > 0,
            Self::Range(first, last) => 0 < first && first <= last,
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::One(port) => write!(f, "{port}"),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
        }
    }
}

/// Why a rule cannot be part of a [`Policy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The domain is no host name, nor `*`, nor `*.` and a host name.
    #[error("a domain is '*', a host name, or '*.' and a host name")]
    Domain,
    /// A port of 0, or a range that runs backwards.
    #[error("a port is 1 to 65535, and a range runs upwards")]
    Ports,
}

/// Letters, digits and hyphens (RFC 1123 §2.1): nothing that would need escaping in XML.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let name = domain.strip_prefix("*.").unwrap_or(domain);
    domain == "*" || name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn domains() {
        for domain in ["*", "example.com", "*.example.com", "127.0.0.1", "a-b"] {
            assert!(Policy::new().allow(domain, Ports::Any).is_ok(), "{domain}");
        }
        for domain in [
            "", "*.", "a..b", ".a", "a.", "**", "*a", "a*", "a b", "a\"", "-a", "a-", "<", "é",
        ] {
            let result = Policy::new().allow(domain, Ports::Any);
            assert_eq!(result.unwrap_err(), PolicyError::Domain, "{domain}");
        }
    }

    #[test]
    fn ports() {
        assert_eq!(Ports::Range(80, 81).to_string(), "80-81");
        assert_eq!(Ports::Any.to_string(), "*");
        for ports in [Ports::One(1), Ports::One(65535), Ports::Range(5, 5)] {
            assert!(Policy::new().allow("*", ports).is_ok());
        }
        for ports in [Ports::One(0), Ports::Range(0, 1), Ports::Range(2, 1)] {
            let result = Policy::new().allow("*", ports);
            assert_eq!(result.unwrap_err(), PolicyError::Ports);
        }
    }

    #[test]
    fn several_rules() {
        let policy = Policy::new()
            .allow("a.example", Ports::Range(1, 2))
            .and_then(|policy| policy.allow("*", Ports::Any))
            .unwrap();
        let mut out = BytesMut::new();
        policy.encode(&mut out);
        assert_eq!(
            out,
            "<?xml version=\"1.0\"?><cross-domain-policy>\
             <allow-access-from domain=\"a.example\" to-ports=\"1-2\"/>\
             <allow-access-from domain=\"*\" to-ports=\"*\"/></cross-domain-policy>\0"
        );
    }
}
