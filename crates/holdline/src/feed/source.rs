//! Where a feed comes from.

use std::fmt::{self, Write as _};

use crate::access::patterns::{checked, covers};
use crate::names::check_channel;
use crate::redis_server::RedisServer;

/// A Redis server, and which of its channels.
#[derive(Debug)]
pub(crate) struct Source {
    pub(super) server: RedisServer,
    /// A name, or the beginning of one and then `*`.
    pub(super) pattern: String,
}

impl Source {
    /// The sources of several options, which must not have a channel in common.
    pub(crate) fn all(urls: impl IntoIterator<Item = String>) -> Result<Vec<Self>, String> {
        let mut sources: Vec<Self> = Vec::new();
        for url in urls {
            let source = Self::parse(&url).map_err(|error| format!("--feed: {error}"))?;
            if let Some(other) = sources.iter().find(|other| other.overlaps(&source)) {
                return Err(format!(
                    "--feed {other} and --feed {source} would both take the same messages: give only one of them"
                ));
            }
            sources.push(source);
        }
        Ok(sources)
    }

    /// `redis://[USER:PASSWORD@]HOST[:PORT]/?pattern=NAMES`.
    fn parse(url: &str) -> Result<Self, String> {
        let mut patterns = Vec::new();
        let server = RedisServer::parse(url, FORM, |name, value| {
            patterns.push(value);
            name == "pattern"
        })?;
        let [pattern] = patterns.try_into().map_err(|_| FORM)?;
        let name = checked(&pattern)?.trim_end_matches('*');
        if !name.is_empty() {
            check_channel(name).map_err(|error| format!("?pattern={pattern:?}: {error}"))?;
        }
        Ok(Self { server, pattern })
    }

    fn overlaps(&self, other: &Self) -> bool {
        let contains = |one: &Self, other: &Self| {
            covers(&one.pattern, other.pattern.trim_end_matches('*'))
                && (one.pattern.ends_with('*') || !other.pattern.ends_with('*'))
        };
        self.server.shown() == other.server.shown()
            && (contains(self, other) || contains(other, self))
    }

    /// The pattern as Redis has it, where more characters than `*` mean something.
    pub(super) fn glob(&self) -> String {
        let (name, star) = match self.pattern.strip_suffix('*') {
            Some(prefix) => (prefix, "*"),
            None => (&*self.pattern, ""),
        };
        let mut glob = String::new();
        for c in name.chars() {
            if matches!(c, '?' | '[' | ']' | '\\' | '^' | '-') {
                glob.push('\\');
            }
            glob.push(c);
        }
        glob + star
    }
}

/// Without user name and password.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.server.shown().trim_end_matches('/'))?;
        f.write_str("/?pattern=")?;
        for c in self.pattern.chars() {
            match c.is_control() {
                true => f.write_char('?')?,
                false => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

const FORM: &str = "the address of a feed is redis://[USER:PASSWORD@]HOST[:PORT]/?pattern=NAMES, where NAMES is the name \
    of a channel, or the beginning of names and then `*`";

#[cfg(test)]
mod tests {
    use super::*;

    fn all(urls: &[&str]) -> Result<Vec<Source>, String> {
        Source::all(urls.iter().map(|&url| url.to_owned()))
    }

    #[test]
    fn a_source_is_shown_without_its_password() {
        let sources = all(&["redis://user:secret@host/?pattern=news.*"]).unwrap();
        assert_eq!(sources[0].to_string(), "redis://host:6379/?pattern=news.*");
        assert!(!format!("{sources:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_source_is_refused_and_says_how_it_should_be() {
        for (url, why) in [
            ("redis://host", "?pattern=NAMES"),
            ("redis://host/?pattern=a&pattern=b", "?pattern=NAMES"),
            ("redis://host/?pattern=a&key=b", "?pattern=NAMES"),
            ("http://host/?pattern=a", "?pattern=NAMES"),
            ("nonsense", "?pattern=NAMES"),
            (
                "redis://user:secret@host:99999/?pattern=a",
                "?pattern=NAMES",
            ),
            ("rediss://host/?pattern=a", "tunnel"),
            ("redis://host/?pattern=", "empty"),
            ("redis://host/?pattern=a*b", "beginning"),
            ("redis://host/?pattern=a/*", "slash"),
            ("redis://host/?pattern=holdline.*", "own"),
        ] {
            let said = all(&[url]).unwrap_err();
            assert!(
                said.contains(why) && !said.contains("secret"),
                "{url}: {said}"
            );
        }
    }

    #[test]
    fn a_message_does_not_come_twice() {
        for (one, other, is_good) in [
            ("a*", "b*", true),
            ("a", "ab", true),
            ("a*", "ab", false),
            ("ab", "a*", false),
            ("ab*", "a*", false),
            ("*", "a", false),
            ("a", "a", false),
            ("a", "a*", false),
        ] {
            let url = |pattern| format!("redis://h/?pattern={pattern}");
            let result = all(&[&url(one), &url(other)]);
            assert_eq!(result.is_ok(), is_good, "{one} {other}: {result:?}");
        }
        assert!(all(&["redis://h/?pattern=*", "redis://h:1/?pattern=*"]).is_ok());
    }

    #[test]
    fn what_means_something_to_redis_is_taken_as_it_is() {
        let glob = |pattern: &str| {
            let url = format!("redis://h/?pattern={pattern}");
            all(&[&url]).unwrap()[0].glob()
        };
        assert_eq!(glob("news.*"), "news.*");
        assert_eq!(glob("a[b]%3F%5C*"), "a\\[b\\]\\?\\\\*");
        assert_eq!(glob("*"), "*");
    }
}
