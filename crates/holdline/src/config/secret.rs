//! Secrets, given directly or in a file.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

/// A secret, or the file that contains it.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum SecretSource {
    Given(String),
    File(PathBuf),
}

impl SecretSource {
    /// The secret. A file is read now.
    pub(crate) fn read(&self) -> Result<String, String> {
        let path = match self {
            Self::Given(text) => return Ok(text.clone()),
            Self::File(path) => path,
        };
        let name = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| format!("the secret in {name} cannot be read: {error}"))?;
        let secret = text.trim_end_matches(['\r', '\n']);
        checked(secret).map_err(|error| format!("{name}: {error}"))
    }
}

impl FromStr for SecretSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix('@') {
            Some("") => Err("a path goes behind `@`".to_owned()),
            Some(path) => Ok(Self::File(path.into())),
            None => checked(text).map(Self::Given),
        }
    }
}

/// Shows no secret, so that it cannot end up in a log.
impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

fn checked(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("a token is visible ASCII without spaces".to_owned())
    }
}

/// The options whose secret is on the command line, where every user of the machine can read it.
pub(crate) fn on_the_command_line(arguments: impl Iterator<Item = OsString>) -> Vec<&'static str> {
    let arguments: Vec<String> = arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let next = arguments.iter().skip(1).map(String::as_str);
    let pairs = arguments.iter().zip(next.chain([""]));
    let shows = |option: &str, argument: &str, next: &str| {
        let value = match argument.strip_prefix(option) {
            Some("") => Some(next),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        // A key may have a name before its file.
        let is_file = |value: &str| value.starts_with('@') || value.contains("=@");
        // A URL may have no password.
        let is_open = |value: &str| matches!(option, BROKER | FEED) && !value.contains('@');
        value.is_some_and(|value| !value.is_empty() && !is_file(value) && !is_open(value))
    };
    let mut found = SECRETS.to_vec();
    found.retain(|option| {
        let mut pairs = pairs.clone();
        pairs.any(|(argument, next)| shows(option, argument, next))
    });
    found
}

const SECRETS: [&str; 6] = [
    "--publish-token",
    "--admin-token",
    "--token",
    "--token-key",
    BROKER,
    FEED,
];
const BROKER: &str = "--broker";
const FEED: &str = "--feed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_everybody_can_see_is_found() {
        let found = |line: &str| on_the_command_line(line.split(' ').map(OsString::from));
        assert_eq!(found("--publish-token x --threads 1"), ["--publish-token"]);
        assert_eq!(found("--admin-token=x"), ["--admin-token"]);
        assert_eq!(found("--token @file --publish-token=@file"), [""; 0]);
        assert_eq!(found("--threads 1"), [""; 0]);
        assert_eq!(found("--token-key x"), ["--token-key"]);
        assert_eq!(found("--token-key @file --token-key new=@file"), [""; 0]);
        assert_eq!(found("--broker redis://u:p@h"), ["--broker"]);
        assert_eq!(found("--feed redis://:p@h/?pattern=a"), ["--feed"]);
        assert_eq!(found("--feed redis://h/?pattern=a"), [""; 0]);
        assert_eq!(found("--broker redis://h --broker=@file"), [""; 0]);
    }
}
