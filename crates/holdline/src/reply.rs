//! The form of every JSON answer of the program.

use std::time::Duration;

use holdline_http1::Fields;
use serde_json::{Value, json};

use crate::counters;

/// A JSON answer that must not be cached.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// A header field that belongs to the status, such as `Allow`.
    pub(crate) field: Option<[(&'static str, String); 1]>,
    pub(crate) body: Vec<u8>,
    /// The code, if it is an error. It is counted when the answer is sent.
    pub(crate) code: Option<&'static str>,
}

impl Reply {
    pub(crate) fn ok(body: Vec<u8>) -> Self {
        Self {
            status: 200,
            field: None,
            body,
            code: None,
        }
    }

    /// `{"error":{"code":…,"message":…}}`
    pub(crate) fn error(status: u16, code: &'static str, message: &str) -> Self {
        Self {
            status,
            field: None,
            body: error_body(code, message),
            code: Some(code),
        }
    }

    /// What is wrong, if it is an error.
    pub(crate) fn message(&self) -> Option<String> {
        self.code?;
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let message = body.pointer("/error/message")?;
        message.as_str().map(str::to_owned)
    }

    /// Counts the answer if it is an error. Call this when it is sent.
    pub(crate) fn count(&self) {
        if let Some(code) = self.code {
            counters::error(code);
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.field = Some([(name, value.into())]);
        self
    }

    /// With a `Retry-After`.
    pub(crate) fn after(self, wait: Duration) -> Self {
        self.with("Retry-After", seconds(wait).to_string())
    }

    /// Whether the same request may succeed soon: the answer has a `Retry-After`.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self.field, Some([("Retry-After", _)]))
    }

    /// The header fields of the answer. A page of another origin sees when to come again only if it is told that it
    /// may (Fetch §3.3.4).
    pub(crate) fn fields(&self) -> impl Fields + '_ {
        let exposed = ("Access-Control-Expose-Headers", "Retry-After");
        let exposed = self.is_temporary().then_some([exposed]);
        ((&self.field, exposed), (JSON, UNCACHED))
    }

    /// When to come again, in seconds.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match &self.field {
            Some([("Retry-After", seconds)]) => seconds.parse().ok(),
            _ => None,
        }
    }

    /// Nobody has published in one of the channels yet, and the server remembers no more such names.
    pub(crate) fn too_many_channels() -> Self {
        let message = "so many channels are watched that nobody publishes in that the server takes no more; \
            try again later";
        Self::unavailable("too_many_channels", message)
    }

    /// The client's address has read more older messages than it may.
    pub(crate) fn too_much_replay(wait: Duration) -> Self {
        let message = format!(
            "your address has read so much of what was published before that it must wait for {} s; \
             what comes from now on it may read",
            seconds(wait)
        );
        Self::error(429, "too_much_replay", &message).after(wait)
    }

    /// The server does not know what is new, because the broker does not answer.
    pub(crate) fn behind() -> Self {
        let message = "the server has not heard from its broker and cannot say what is new; try another one, or later";
        Self::unavailable("behind", message)
    }

    /// What is asked for is on the disk or at the broker.
    pub(crate) fn unreadable() -> Self {
        Self::unavailable(
            "history_unreadable",
            "what was published that long ago cannot be read from where the server keeps it; try again later",
        )
    }

    /// Not now, but perhaps soon.
    pub(crate) fn unavailable(code: &'static str, message: &str) -> Self {
        Self::error(503, code, message).with("Retry-After", "1")
    }
}

/// Whole seconds, rounded up: who comes again earlier would be refused again.
pub(crate) fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// `{"error":{"code":…,"message":…}}`
pub(crate) fn error_body(code: &str, message: &str) -> Vec<u8> {
    json!({ "error": { "code": code, "message": message } })
        .to_string()
        .into_bytes()
}

/// Header fields of every JSON answer.
pub(crate) const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];
/// Header fields of every answer that may be different next time.
pub(crate) const UNCACHED: [(&str, &str); 2] = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
];
/// For everything that a page can load as a document or a script: its URL may hold a token, so it is not sent on as
/// a referrer.
pub(crate) const NO_REFERRER: (&str, &str) = ("Referrer-Policy", "no-referrer");
