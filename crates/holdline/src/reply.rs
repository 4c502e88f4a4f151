//! What every JSON answer of the program looks like.

use serde_json::json;

/// A JSON answer that nobody may cache.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The header field that asks the client to come back.
    pub(crate) retry_after: Option<[(&'static str, &'static str); 1]>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn ok(body: Vec<u8>) -> Self {
        Self {
            status: 200,
            retry_after: None,
            body,
        }
    }

    /// Not now, but perhaps soon.
    pub(crate) fn unavailable(code: &str, message: &str) -> Self {
        Self {
            status: 503,
            retry_after: Some([("Retry-After", "1")]),
            body: error_body(code, message),
        }
    }
}

/// `{"error":{"code":…,"message":…}}`
pub(crate) fn error_body(code: &str, message: &str) -> Vec<u8> {
    json!({ "error": { "code": code, "message": message } })
        .to_string()
        .into_bytes()
}

/// Of every JSON answer.
pub(crate) const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];
/// Of every answer that may be another one the next time.
pub(crate) const UNCACHED: [(&str, &str); 2] = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
];
/// The message of 503 `too_many_channels`.
pub(crate) const NO_CHANNEL: &str = "the server has as many channels as it may; try again later";
