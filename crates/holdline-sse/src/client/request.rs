use core::time::Duration;

use super::redirect::Redirects;
use super::{Config, date};
use crate::field::parse_digits;

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

    /// The header fields: `Accept`, `Accept-Encoding: identity`, `Cache-Control`, `Last-Event-ID`
    /// if there is one, and those of [`Config::headers`]. `Host` and `Content-Length` are up to the
    /// caller's HTTP client.
    ///
    /// `Last-Event-ID` is the last event ID string as UTF-8 (WHATWG HTML §9.2.4). It is left out
    /// when a header field cannot carry it unchanged (RFC 9110 §5.5): when it has control
    /// characters, or a space or tab at either end.
    pub fn headers(&self) -> impl Iterator<Item = (&'s str, &'s [u8])> + Clone + use<'s> {
        let request = *self;
        let id = (!self.last_event_id.is_empty() && is_field_value(self.last_event_id.as_bytes()))
            .then_some(("Last-Event-ID", self.last_event_id.as_bytes()));
        let accept = ("Accept", &b"text/event-stream"[..]);
        let coding = ("Accept-Encoding", &b"identity"[..]);
        let cache = ("Cache-Control", &b"no-cache"[..]);
        [Some(accept), Some(coding), Some(cache), id]
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
    /// The value of `Content-Encoding`, unless the body that is passed on is decoded already.
    pub content_encoding: Option<&'r [u8]>,
    /// The value of `Retry-After`.
    pub retry_after: Option<&'r [u8]>,
    /// The value of `Date`, from which a `Retry-After` that is a date is counted. If the response
    /// has none, give the caller's own time in the same form, if it has a clock.
    pub date: Option<&'r [u8]>,
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
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            if is("content-type") {
                response.content_type = Some(value);
            } else if is("location") {
                response.location = Some(value);
            } else if is("content-encoding") && !response.is_encoded() {
                response.content_encoding = Some(value);
            } else if is("retry-after") {
                response.retry_after = Some(value);
            } else if is("date") {
                response.date = Some(value);
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

    /// Whether the body has a content coding, such as gzip (RFC 9110 §8.4).
    #[must_use]
    pub fn is_encoded(&self) -> bool {
        let codings = self.content_encoding.unwrap_or_default();
        let mut codings = codings.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
    }

    /// How long the server asks to wait (RFC 9110 §10.2.3). `Retry-After` is a number of seconds,
    /// or a date, which is counted from [`date`](Self::date). `None` if it is neither, or a date
    /// and nothing to count it from.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.retry_after?;
        let seconds = match parse_digits(value.trim_ascii()) {
            Some(number) => number,
            None => date::parse(value)?.saturating_sub(date::parse(self.date?)?),
        };
        Some(Duration::from_secs(seconds))
    }
}

/// RFC 9110 §5.5: visible characters and bytes above them, with spaces and tabs between.
fn is_field_value(value: &[u8]) -> bool {
    let is_edge = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let is_control = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0a..=0x1f | 0x7f);
    !is_edge(value.first()) && !is_edge(value.last()) && !value.iter().any(is_control)
}
