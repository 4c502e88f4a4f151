//! The channels that a right is granted for.

use std::sync::Arc;

/// Names, and prefixes that end with `*`, which no name has. They are compared byte by byte with the name as it is
/// after percent-decoding.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Patterns(Arc<[Box<str>]>);

impl Patterns {
    /// All channels.
    pub(crate) fn all() -> Self {
        Self(["*".into()].into())
    }

    /// # Errors
    /// One of them can be no name's: it is empty, or has a `*` before its end.
    pub(crate) fn new(patterns: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let patterns = patterns
            .into_iter()
            .map(|text| checked(&text).map(Box::from));
        patterns.collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn allow(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| covers(pattern, name))
    }
}

/// Whether a [checked] pattern is for this name.
pub(crate) fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

/// A pattern, if it is one.
pub(crate) fn checked(text: &str) -> Result<&str, String> {
    match text.find('*') {
        _ if text.is_empty() => Err("a pattern of channels must not be empty".to_owned()),
        Some(at) if at + 1 < text.len() => {
            Err("a pattern of channels is a name, or the beginning of one and then `*`".to_owned())
        }
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(list: &[&str]) -> Patterns {
        Patterns::new(list.iter().map(|&text| text.to_owned())).unwrap()
    }

    #[test]
    fn a_name_is_itself_alone_and_a_prefix_all_that_begin_so() {
        let some = patterns(&["news", "room-*"]);
        for name in ["news", "room-", "room-1", "room-ä"] {
            assert!(some.allow(name), "{name}");
        }
        for name in [
            "", "new", "news2", "News", "room", "Room-1", "xroom-1", " news", "news ",
        ] {
            assert!(!some.allow(name), "{name}");
        }
        assert!(Patterns::all().allow("anything"));
        assert!(!Patterns::default().allow("anything"));
        // Composed and decomposed: other bytes, another name.
        assert!(!patterns(&["caf\u{e9}"]).allow("cafe\u{301}"));
    }

    #[test]
    fn what_can_match_no_name_is_no_pattern() {
        for text in ["", "a*b", "**", "*a"] {
            assert!(checked(text).is_err(), "{text}");
        }
        for text in ["*", "a", "a*"] {
            assert!(checked(text).is_ok(), "{text}");
        }
    }
}
