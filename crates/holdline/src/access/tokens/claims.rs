//! What a token says, when its signature is good: judged claim by claim, and never guessed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::access::patterns::Patterns;
use crate::names;

/// The claims of a token (RFC 7519 §4). One that stands there twice, and one of another type, is an error, also `null`.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    #[serde(default, deserialize_with = "present")]
    sub: Option<String>,
    #[serde(default, deserialize_with = "present")]
    exp: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<f64>,
    /// The crate for tokens has these two judged by now, unless they are of a type that it passes over.
    #[serde(default, deserialize_with = "present", rename = "nbf")]
    _nbf: Option<f64>,
    #[serde(default, deserialize_with = "present", rename = "aud")]
    _aud: Option<Audience>,
    #[serde(default)]
    publish: Vec<String>,
    #[serde(default)]
    subscribe: Vec<String>,
    #[serde(default)]
    manage: Vec<String>,
    #[serde(default)]
    presence: Vec<String>,
    /// Those of others. With it an array is no object either.
    #[serde(flatten)]
    _others: BTreeMap<String, IgnoredAny>,
}

#[allow(dead_code, reason = "whom it names was judged; this asks for the type")]
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What a token grants, to whom and until when.
#[derive(Debug)]
pub(crate) struct Grants {
    pub(crate) publish: Patterns,
    pub(crate) subscribe: Patterns,
    pub(crate) manage: Patterns,
    pub(crate) presence: Patterns,
    pub(crate) name: Option<String>,
    /// Since the epoch of Unix, with the leeway. `None` is never.
    pub(crate) ends: Option<Duration>,
    /// Since the epoch of Unix. A token that does not say is older than all.
    pub(crate) issued: Duration,
}

impl Claims {
    /// # Errors
    /// Which claim is not what it should be.
    pub(super) fn grants(self) -> Result<Grants, String> {
        let lists = [&self.publish, &self.subscribe, &self.manage, &self.presence];
        if lists.into_iter().map(Vec::len).sum::<usize>() > MAX_PATTERNS {
            return Err(format!("it has more than {MAX_PATTERNS} patterns"));
        }
        if let Some(name) = &self.sub {
            names::parse_member(name).map_err(|error| format!("`sub`: {error}"))?;
        }
        Ok(Grants {
            publish: Patterns::new(self.publish)?,
            subscribe: Patterns::new(self.subscribe)?,
            manage: Patterns::new(self.manage)?,
            presence: Patterns::new(self.presence)?,
            name: self.sub,
            ends: self.exp.map(|exp| since_epoch(exp + LEEWAY as f64)),
            issued: self.iat.map_or(Duration::ZERO, since_epoch),
        })
    }
}

/// A `NumericDate` (RFC 7519 §2), which may have a fraction. What is before the epoch is at the epoch, and what is
/// beyond all time is at its end.
fn since_epoch(seconds: f64) -> Duration {
    let latest = Duration::MAX;
    match Duration::try_from_secs_f64(seconds) {
        Ok(date) => date,
        Err(_) if seconds < 0.0 => Duration::ZERO,
        Err(_) => latest,
    }
}

/// A claim that is there has a value: `null` is none.
pub(super) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Seconds that the clocks of who signs and who verifies may differ.
pub(crate) const LEEWAY: u64 = 30;
/// Of all rights together: each is compared with each channel of a request.
const MAX_PATTERNS: usize = 100;
