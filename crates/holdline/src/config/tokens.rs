//! Who may do what, by tokens.

use std::str::FromStr;

use clap::Args;

use super::secret::SecretSource;
use crate::access::patterns;
use crate::names;

/// What is asked of a request about channels.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TokenArguments {
    /// Ask for a token (a JSON Web Token, signed with HS256 and this key) for everything about channels: see
    /// `holdline token`. At least 32 bytes of visible ASCII, without a comma. A key in a file may have a name by which
    /// tokens ask for it (`kid`), and is read again when the file changes. May be given more than once.
    #[arg(
        long,
        env = "HOLDLINE_TOKEN_KEY",
        hide_env_values = true,
        value_delimiter = ',',
        value_name = "KEY|[KID=]@FILE"
    )]
    pub(crate) token_key: Vec<KeySource>,
    /// What every token must say that it is for (`aud`). Without this, tokens that say so are refused.
    #[arg(
        long,
        env = "HOLDLINE_TOKEN_AUDIENCE",
        value_parser = clap::builder::NonEmptyStringValueParser::new(),
        value_name = "AUDIENCE"
    )]
    pub(crate) token_audience: Option<String>,
    /// Channels that may be read without a token: names, or beginnings of names and then `*`. May be given more than
    /// once.
    #[arg(
        long,
        env = "HOLDLINE_ANONYMOUS_SUBSCRIBE",
        value_delimiter = ',',
        value_parser = pattern,
        num_args = 1..,
        value_name = "PATTERN"
    )]
    pub(crate) anonymous_subscribe: Vec<String>,
}

impl TokenArguments {
    /// The keys as they are now, with their names.
    pub(crate) fn keys(&self) -> Result<Vec<(Option<String>, String)>, String> {
        let keys = self.token_key.iter();
        keys.map(|key| Ok((key.kid.clone(), key.read()?))).collect()
    }

    /// Says which of these cannot work together, and what would.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.token_key.is_empty() {
            return Ok(());
        }
        let without =
            |option, why| Err(format!("{option} is for a server with --token-key: {why}"));
        if self.token_audience.is_some() {
            return without("--token-audience", "without one, no token is looked at");
        }
        if !self.anonymous_subscribe.is_empty() {
            return without(
                "--anonymous-subscribe",
                "without one, all channels may be read",
            );
        }
        Ok(())
    }
}

/// A key for tokens, and the name that tokens have for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct KeySource {
    pub(crate) kid: Option<String>,
    secret: SecretSource,
}

impl KeySource {
    /// The key: what is in the file now.
    pub(crate) fn read(&self) -> Result<String, String> {
        long_enough(self.secret.read()?)
    }
}

impl FromStr for KeySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kid, secret) = match text.split_once("=@") {
            Some((kid, _)) if is_kid(kid) => (Some(kid.to_owned()), &text[kid.len() + 1..]),
            _ => (None, text),
        };
        let secret: SecretSource = secret.parse()?;
        if let SecretSource::Given(key) = &secret {
            long_enough(key.clone())?;
        }
        Ok(Self { kid, secret })
    }
}

/// RFC 7518 §3.2: a key of the size of the hash, at least.
fn long_enough(key: String) -> Result<String, String> {
    match key.len() {
        MIN_KEY.. => Ok(key),
        few => Err(format!(
            "a token key of {few} bytes could be guessed: it needs {MIN_KEY} or more, as from `openssl rand -hex 32`"
        )),
    }
}

fn is_kid(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

/// The name of a key.
pub(super) fn kid(text: &str) -> Result<String, String> {
    match is_kid(text) {
        true => Ok(text.to_owned()),
        false => Err(
            "the name of a key has 1 to 64 letters, digits, hyphens, dots and underscores".into(),
        ),
    }
}

/// The name of a member of channels.
pub(super) fn member(text: &str) -> Result<String, String> {
    let name = names::parse_member(text);
    name.map(str::to_owned).map_err(|error| error.to_string())
}

/// A pattern of channels.
pub(super) fn pattern(text: &str) -> Result<String, String> {
    patterns::checked(text).map(str::to_owned)
}

const MIN_KEY: usize = 32;
