//! The fields that a trailer section may not hold.

/// RFC 9110 §6.5.1: "many fields cannot be processed outside the header section": those for
/// framing, routing, request modifiers, authentication, response control and how to process
/// the content. Such a field in a trailer is a way to smuggle it past what looked at the head.
/// A sender is refused it; a receiver leaves it out, as if it had not been sent.
pub(crate) fn is_forbidden(name: &[u8]) -> bool {
    FORBIDDEN
        .iter()
        .any(|forbidden| name.eq_ignore_ascii_case(forbidden.as_bytes()))
}

const FORBIDDEN: &[&str] = &[
    // Framing.
    "content-length",
    "transfer-encoding",
    "trailer",
    // Routing and the connection.
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "upgrade",
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    // Request modifiers.
    "cache-control",
    "expect",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "pragma",
    "range",
    // Authentication and state.
    "authorization",
    "cookie",
    "proxy-authenticate",
    "proxy-authorization",
    "set-cookie",
    "www-authenticate",
    // Response control.
    "age",
    "date",
    "expires",
    "location",
    "retry-after",
    "vary",
    "warning",
    // Processing of the content.
    "content-encoding",
    "content-range",
    "content-type",
];
