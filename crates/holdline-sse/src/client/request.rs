use core::time::Duration;

use super::Config;
use super::redirect::Redirects;
use crate::field::Digits;

/// The request that an [`EventSource`](crate::EventSource) wants to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Request<'s> {
    config: &'s Config,
    redirects: &'s Redirects,
    last_event_id: &'s str,
}

impl<'s> Request<'s> {
    pub(super) const fn new(
        config: &'s Config,
        redirects: &'s Redirects,
        last_event_id: &'s str,
    ) -> Self {
        Self {
            config,
            redirects,
            last_event_id,
        }
    }

    /// The method; `GET` unless [`Config::method`] says otherwise.
    #[must_use]
    pub fn method(&self) -> &'s str {
        if self.redirects.became_get() {
            "GET"
        } else {
            &self.config.method
        }
    }

    /// The absolute URL, after redirects. [`Config::url`] is given as it is, with a fragment if
    /// it has one.
    #[must_use]
    pub fn url(&self) -> &'s str {
        self.redirects.url(self.config)
    }

    /// The body; empty for `GET`.
    #[must_use]
    pub fn body(&self) -> &'s [u8] {
        if self.redirects.became_get() {
            &[]
        } else {
            &self.config.body
        }
    }

    /// The header fields: `Accept`, `Cache-Control`, `Last-Event-ID` if there is one, and those
    /// of [`Config::headers`]. `Host` and `Content-Length` are up to the caller's HTTP client.
    ///
    /// `Last-Event-ID` is the last event ID string as UTF-8 (WHATWG HTML §9.2.4). It is left out
    /// when a header field cannot carry it unchanged (RFC 9110 §5.5): when it has control
    /// characters, or a space or tab at either end.
    pub fn headers(&self) -> impl Iterator<Item = (&'s str, &'s [u8])> + Clone + use<'s> {
        let request = *self;
        let id = (!self.last_event_id.is_empty() && is_field_value(self.last_event_id.as_bytes()))
            .then_some(("Last-Event-ID", self.last_event_id.as_bytes()));
        let accept = ("Accept", &b"text/event-stream"[..]);
        let cache = ("Cache-Control", &b"no-cache"[..]);
        [Some(accept), Some(cache), id]
            .into_iter()
            .flatten()
            .filter(move |(name, _)| *name == "Last-Event-ID" || !request.has_own(name))
            .chain(request.own().filter(move |(name, _)| {
                id.is_none() || !name.eq_ignore_ascii_case("Last-Event-ID")
            }))
    }

    fn own(&self) -> impl Iterator<Item = (&'s str, &'s [u8])> + Clone + use<'s> {
        let Self {
            config, redirects, ..
        } = *self;
        let fields = config.headers.iter();
        fields
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .filter(|(name, _)| redirects.keeps(name))
    }

    fn has_own(&self, name: &str) -> bool {
        self.own().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }
}

/// What an [`EventSource`](crate::EventSource) must know of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Response<'r> {
    /// The status code of the final response, not of a 1xx one.
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: Option<&'r [u8]>,
    /// The value of `Location`.
    pub location: Option<&'r [u8]>,
    /// The value of `Retry-After`.
    pub retry_after: Option<&'r [u8]>,
}

impl<'r> Response<'r> {
    /// Finds the fields among the headers of a response.
    #[must_use]
    pub fn new(status: u16, headers: impl IntoIterator<Item = (&'r str, &'r [u8])>) -> Self {
        let mut response = Self {
            status,
            ..Self::default()
        };
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("content-type") {
                response.content_type = Some(value);
            } else if name.eq_ignore_ascii_case("location") {
                response.location = Some(value);
            } else if name.eq_ignore_ascii_case("retry-after") {
                response.retry_after = Some(value);
            }
        }
        response
    }

    /// Whether the type is `text/event-stream`. Case and parameters do not matter.
    #[must_use]
    pub fn is_event_stream(&self) -> bool {
        let value = self.content_type.unwrap_or_default();
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
        let essence = essence.trim_ascii();
        essence.eq_ignore_ascii_case(b"text/event-stream")
    }

    /// `Retry-After` in seconds. The other form, a date, needs a clock and is ignored.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let mut digits = Digits::new();
        digits.push(self.retry_after?.trim_ascii());
        let seconds = digits.finish()?.as_millis();
        Some(Duration::from_secs(u64::try_from(seconds).ok()?))
    }
}

/// RFC 9110 §5.5: visible characters and bytes above them, with spaces and tabs between.
fn is_field_value(value: &[u8]) -> bool {
    let is_edge = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let is_control = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0a..=0x1f | 0x7f);
    !is_edge(value.first()) && !is_edge(value.last()) && !value.iter().any(is_control)
}
