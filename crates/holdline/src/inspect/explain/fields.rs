//! What common field lines mean, especially for framing and for connections that stay open.

use crate::inspect::explain::quote;

/// Explains one field line, which may be malformed.
pub(super) fn describe(line: &[u8]) -> String {
    let mut parts = line.splitn(2, |&byte| byte == b':');
    let name = parts.next().unwrap_or_default();
    let Some(value) = parts.next() else {
        return "a field line without a colon".to_owned();
    };
    let words = format!(
        "{}: {}",
        String::from_utf8_lossy(name),
        quote(value.trim_ascii())
    );
    let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
    match MEANINGS.iter().find(|(name, _)| *name == lower) {
        Some((_, meaning)) => format!("{words}\n{meaning}"),
        None => words,
    }
}

const MEANINGS: &[(&str, &str)] = &[
    // Framing.
    (
        "content-length",
        "framing: how many bytes of body follow the head (RFC 9110 §8.6)",
    ),
    (
        "transfer-encoding",
        "framing: chunked means that the body comes in chunks, each with its size before it \
         (RFC 9112 §6.1)",
    ),
    (
        "trailer",
        "which fields may follow the last chunk (RFC 9110 §6.6.2)",
    ),
    (
        "te",
        "whether the client takes trailer fields (RFC 9110 §10.1.4)",
    ),
    // Routing and the connection.
    (
        "host",
        "which server is asked; HTTP/1.1 needs exactly one (RFC 9112 §3.2)",
    ),
    (
        "connection",
        "options for this connection alone: close, keep-alive, or fields that end here \
         (RFC 9110 §7.6.1)",
    ),
    (
        "keep-alive",
        "hints from HTTP/1.0 on how long the connection stays open",
    ),
    (
        "upgrade",
        "protocols to go on with on this connection (RFC 9110 §7.8)",
    ),
    (
        "expect",
        "100-continue: the client waits for a 100 before it sends the body (RFC 9110 §10.1.1)",
    ),
    // What the body is.
    (
        "content-type",
        "what the body is; says nothing about where it ends (RFC 9110 §8.3)",
    ),
    (
        "content-encoding",
        "how the content was coded, often compressed (RFC 9110 §8.4)",
    ),
    (
        "content-range",
        "which part of the resource this is (RFC 9110 §14.4)",
    ),
    // Content negotiation and the rest of a usual request.
    (
        "accept",
        "which types the client takes; text/event-stream asks for an event stream \
         (RFC 9110 §12.5.1)",
    ),
    (
        "accept-encoding",
        "which content codings the client takes (RFC 9110 §12.5.3)",
    ),
    ("user-agent", "the program that asks (RFC 9110 §10.1.5)"),
    (
        "origin",
        "the site whose page asks; servers decide by it whom they answer (RFC 6454 §7)",
    ),
    (
        "cookie",
        "what the server had stored with the client (RFC 6265 §5.4)",
    ),
    ("authorization", "who the client is (RFC 9110 §11.6.2)"),
    (
        "last-event-id",
        "where an event stream was cut, so that it goes on from there (WHATWG HTML §9.2)",
    ),
    // The WebSocket handshake.
    (
        "sec-websocket-key",
        "a random number whose hash the server must send back (RFC 6455 §4.1)",
    ),
    (
        "sec-websocket-accept",
        "the hash of the client's key: the server does speak WebSocket (RFC 6455 §4.2.2)",
    ),
    (
        "sec-websocket-version",
        "13 is the version of RFC 6455 (§4.1)",
    ),
    (
        "sec-websocket-protocol",
        "the application protocols that are offered, or the one chosen (RFC 6455 §1.9)",
    ),
    (
        "sec-websocket-extensions",
        "the extensions that are offered, or those chosen (RFC 6455 §9.1)",
    ),
    // A usual response.
    ("date", "when the response was made (RFC 9110 §6.6.1)"),
    ("server", "the program that answers (RFC 9110 §10.2.4)"),
    (
        "cache-control",
        "who may store this, and for how long; streams say no-store or no-cache (RFC 9111 §5.2)",
    ),
    (
        "cross-origin-resource-policy",
        "which sites may load this into their pages (Fetch §3.7)",
    ),
    (
        "x-content-type-options",
        "nosniff: the type is what Content-Type says, whatever the bytes look like (Fetch §3.6)",
    ),
    (
        "x-accel-buffering",
        "no: asks a proxy such as nginx not to hold the response back until there is more of it",
    ),
    ("location", "where to go instead (RFC 9110 §10.2.2)"),
    (
        "allow",
        "the methods that the resource has (RFC 9110 §10.2.1)",
    ),
    ("retry-after", "when to come back (RFC 9110 §10.2.3)"),
    ("set-cookie", "what the client is to store (RFC 6265 §4.1)"),
    (
        "access-control-allow-origin",
        "whose pages may read this response (Fetch §3.3)",
    ),
];
