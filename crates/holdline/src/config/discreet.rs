//! Error messages about arguments, without the secrets in them.

use clap::error::{ContextKind, ContextValue};

/// Removes secrets from an error message, because standard error often ends up in a log.
pub(super) fn discreet(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (argument, value) = (
        text(ContextKind::InvalidArg),
        text(ContextKind::InvalidValue),
    );
    if let (Some(argument), Some(value)) = (argument, value) {
        let shown = shown(&argument, &value);
        error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    }
    error
}

/// `argument` is how the usage shows it, such as `--publish-token <TOKEN>`.
fn shown(argument: &str, value: &str) -> String {
    if argument.contains("TOKEN") || argument.contains("KEY") {
        return "(not shown)".to_owned();
    }
    // The user information of a URL ends with the last `@` before its path (RFC 3986 §3.2.1). An `@` in the path may
    // be taken for it; then more is hidden, which does no harm.
    match value.rsplit_once('@') {
        Some((before, rest)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            let separator = if scheme.is_empty() { "" } else { "://" };
            format!("{scheme}{separator}(not shown)@{rest}")
        }
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        for (argument, value, expected) in [
            ("--publish-token <TOKEN>", "a b", "(not shown)"),
            (
                "<URL>",
                "http://u:p@h/channels/a",
                "http://(not shown)@h/channels/a",
            ),
            ("<URL>", "u:p@h/channels/a", "(not shown)@h/channels/a"),
            ("<URL>", "http://h/channels", "http://h/channels"),
            ("--wait <TIME>", "soon", "soon"),
        ] {
            assert_eq!(shown(argument, value), expected);
        }
    }
}
