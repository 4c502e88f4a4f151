//! The URL of an engine of NATS.

use std::fmt;

use crate::percent;

/// Where the servers are, who asks, and which stream it is.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Address {
    /// Each with its port. All are servers of one cluster.
    pub(super) hosts: Vec<String>,
    pub(super) user: Option<User>,
    /// The name of the stream, and what all its subjects begin with.
    pub(super) stream: String,
    /// How many servers are to have a copy of a new stream.
    pub(super) replicas: u8,
    /// Whoever runs the servers says that they write everything to the disk before they acknowledge it.
    pub(super) syncs_always: bool,
    /// Without secrets.
    pub(super) shown: String,
}

#[derive(Clone, Eq, PartialEq)]
pub(super) enum User {
    Token(String),
    Password { name: String, password: String },
}

/// Without the password.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}

impl Address {
    /// `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT][,HOST…][/STREAM][?sync=always&replicas=N]`. The error says nothing
    /// secret.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let rest = url
            .strip_prefix("nats://")
            .ok_or("it must begin with nats://")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(User::parse(user)?), hosts),
            None => (None, authority),
        };
        let hosts = hosts.split(',').map(host).collect::<Result<Vec<_>, _>>()?;
        let stream = match path {
            "" => DEFAULT_STREAM.to_owned(),
            path => stream(path)?,
        };
        let (mut replicas, mut syncs_always) = (1, false);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("sync", "always") => syncs_always = true,
                ("replicas", text) => {
                    replicas = text
                        .parse()
                        .ok()
                        .filter(|count| (1..=5).contains(count))
                        .ok_or("replicas is a number from 1 to 5")?;
                }
                _ => return Err("after `?` it knows sync=always and replicas=N".to_owned()),
            }
        }
        let shown = format!("nats://{}/{stream}", hosts.join(","));
        Ok(Self {
            hosts,
            user,
            stream,
            replicas,
            syncs_always,
            shown,
        })
    }
}

impl User {
    fn parse(text: &str) -> Result<Self, String> {
        let decode = |text: &str| match percent::decode(text) {
            Ok(text) => Ok(text.into_owned()),
            Err(error) => Err(format!("its user information {error}")),
        };
        Ok(match text.split_once(':') {
            Some((name, password)) => Self::Password {
                name: decode(name)?,
                password: decode(password)?,
            },
            None => Self::Token(decode(text)?),
        })
    }
}

/// A host with its port, as it is connected to.
fn host(text: &str) -> Result<String, String> {
    let (name, port) = match text.rsplit_once(':') {
        // The colons of an IPv6 address are inside of brackets.
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (text, DEFAULT_PORT),
    };
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("it needs a host".to_owned());
    }
    if port.parse::<u16>().map_or(true, |port| port == 0) {
        return Err("its port must be a number from 1 to 65535".to_owned());
    }
    Ok(format!("{name}:{port}"))
}

/// A name that may stand in subjects and in names of files.
fn stream(path: &str) -> Result<String, String> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match path.chars().all(is_good) && path.len() <= MAX_STREAM {
        true => Ok(path.to_owned()),
        false => Err(format!(
            "the stream's name after the host has at most {MAX_STREAM} letters, digits, `-` and `_`"
        )),
    }
}

const DEFAULT_STREAM: &str = "holdline";
const DEFAULT_PORT: &str = "4222";
const MAX_STREAM: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_who() {
        let address = Address::parse("nats://a").unwrap();
        assert_eq!(address.hosts, ["a:4222"]);
        assert_eq!(address.stream, "holdline");
        assert_eq!((address.replicas, address.syncs_always), (1, false));
        assert!(address.user.is_none());
        let url = "nats://ann:s%40cret@a:1,[::1]:2,[::2]/push?sync=always&replicas=3";
        let address = Address::parse(url).unwrap();
        assert_eq!(address.hosts, ["a:1", "[::1]:2", "[::2]:4222"]);
        assert_eq!(address.stream, "push");
        assert_eq!((address.replicas, address.syncs_always), (3, true));
        let user = User::Password {
            name: "ann".to_owned(),
            password: "s@cret".to_owned(),
        };
        assert!(address.user == Some(user));
        assert_eq!(
            format!("{address:?}"),
            r#"Address("nats://a:1,[::1]:2,[::2]:4222/push")"#
        );
        let address = Address::parse("nats://t0ken@a").unwrap();
        assert!(address.user == Some(User::Token("t0ken".to_owned())));
    }

    #[test]
    fn a_url_that_cannot_work_is_refused_with_what_would() {
        for (url, cure) in [
            ("redis://a", "nats://"),
            ("nats://", "needs a host"),
            ("nats://a,,b", "needs a host"),
            ("nats://a:x", "65535"),
            ("nats://a:0", "65535"),
            ("nats://u%zz@a", "user information"),
            ("nats://a/x.y", "letters"),
            ("nats://a/x/y", "letters"),
            ("nats://a?sync=1s", "sync=always"),
            ("nats://a?replicas=9", "1 to 5"),
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(error.contains(cure), "{url}: {error}");
        }
    }
}
