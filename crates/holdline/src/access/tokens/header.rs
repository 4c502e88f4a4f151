//! The header of a token, before anything is verified by what it says.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::claims::present;

/// What of a header (RFC 7515 §4) makes a difference here. One that stands there twice, and one of another type, is an
/// error. The crate for tokens reads it again, less strictly.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    #[serde(default, deserialize_with = "present")]
    pub(super) kid: Option<String>,
    /// Whatever it is.
    #[serde(default, deserialize_with = "present")]
    pub(super) crit: Option<IgnoredAny>,
    /// With these an array is no header.
    #[serde(flatten)]
    _others: BTreeMap<String, IgnoredAny>,
}

impl Header {
    pub(super) fn of(token: &[u8]) -> Option<Self> {
        let part = token.split(|&byte| byte == b'.').next()?;
        let json = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice(&json).ok()
    }
}
