//! Start lines, chunk lines and whole messages in words.

use holdline_http1::{BodyLength, RequestHead, ResponseHead};

use crate::inspect::explain::{bytes, quote};

/// RFC 9112 §3: `request-line = method SP request-target SP HTTP-version`.
pub(super) fn request_line(line: &[u8]) -> String {
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let mut word = || words.next().unwrap_or_default();
    let (method, target, version) = (word(), word(), word());
    let meaning = match method {
        b"GET" => ": asks for the resource",
        b"HEAD" => ": like GET, but the response has no body",
        b"POST" => ": has the resource work on the body",
        b"PUT" => ": replaces the resource by the body",
        b"DELETE" => ": removes the resource",
        b"OPTIONS" => ": asks what can be done",
        b"CONNECT" => ": asks for a tunnel",
        _ => "",
    };
    let form = match (method, target) {
        (b"CONNECT", _) => "authority-form",
        (_, [b'/', ..]) => "origin-form",
        (_, b"*") => "asterisk-form",
        _ => "absolute-form",
    };
    format!(
        "request line\nmethod {}{meaning}\ntarget {}, {form}\nversion {}",
        plain(method),
        quote(target),
        plain(version)
    )
}

/// RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`.
pub(super) fn status_line(line: &[u8]) -> String {
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let mut word = || words.next().unwrap_or_default();
    let (version, status, reason) = (word(), word(), word());
    let class = match status.first() {
        // No final response follows this one.
        _ if status == b"101" => "the other protocol follows this head (RFC 9110 §15.2.2)",
        Some(b'1') => "informational, the final response follows",
        Some(b'2') => "successful",
        Some(b'3') => "redirection",
        Some(b'4') => "the client's error",
        Some(b'5') => "the server's error",
        _ => "of no known class",
    };
    format!(
        "status line\nversion {}\nstatus {}, {class}\nreason {}, which only people read",
        plain(version),
        plain(status),
        quote(reason)
    )
}

/// RFC 9112 §7.1: the size in hexadecimal, then extensions.
pub(super) fn chunk_line(line: &[u8]) -> (u64, String) {
    let mut parts = line.splitn(2, |&byte| byte == b';');
    let digits = parts.next().unwrap_or_default();
    let size = u64::from_str_radix(&plain(digits), 16).unwrap_or(0);
    let mut words = match size {
        0 => "chunk size 0: the last chunk; trailer fields may follow".to_owned(),
        _ => format!(
            "chunk size {} in hexadecimal: {}",
            plain(digits),
            bytes(size)
        ),
    };
    if let Some(extension) = parts.next() {
        words.push_str(&format!("\nextension {}: ignored", quote(extension)));
    }
    (size, words)
}

pub(super) fn request(head: &RequestHead<'_>, body: BodyLength) -> String {
    let mut words = match body {
        BodyLength::None => "a request without body".to_owned(),
        BodyLength::Known(length) => format!("a request; its body has {}", bytes(length)),
        _ => "a request; its body comes in chunks".to_owned(),
    };
    if head.expects_continue() {
        words.push_str("; the client waits for a 100 before it sends the body");
    }
    if let Some(protocol) = head.headers().get_str("upgrade")
        && head.headers().contains_token("connection", "upgrade")
    {
        let protocol = quote(protocol.as_bytes());
        words.push_str(&format!(
            "; it offers to go on as {protocol}, and what follows is HTTP unless the server agrees"
        ));
    }
    words.push_str(persistence(head.is_keep_alive()));
    words
}

pub(super) fn response(head: &ResponseHead<'_>, body: BodyLength) -> String {
    let mut words = match body {
        BodyLength::None => "a response without body".to_owned(),
        BodyLength::Known(length) => format!("a response; its body has {}", bytes(length)),
        BodyLength::Chunked => "a response; its body comes in chunks".to_owned(),
        BodyLength::UntilClose => {
            "a response; nothing tells its length, so its body ends with the connection \
             (RFC 9112 §6.3)"
                .to_owned()
        }
    };
    match (head.status(), body) {
        (101, _) => words.push_str("; what follows is of the other protocol"),
        (_, BodyLength::UntilClose) => {}
        _ => words.push_str(persistence(head.is_keep_alive())),
    }
    words
}

/// RFC 9112 §9.3.
const fn persistence(keep_alive: bool) -> &'static str {
    match keep_alive {
        true => "; the connection stays open after it",
        false => "; it is the last on this connection",
    }
}

fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
