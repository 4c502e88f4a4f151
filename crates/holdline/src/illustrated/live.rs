//! The reader's own request, explained.

use holdline_http1::RequestHead;

use crate::inspect::{Conversation, Side, Style};
use crate::proxy::Secrets;

/// A page with the bytes of this request. A script of the page that shows it could read them, so what browsers keep
/// from scripts is stars.
pub(crate) fn own_request(head: &RequestHead<'_>) -> Vec<u8> {
    let minor = head.version().minor();
    let mut bytes = format!("{} {} HTTP/1.{minor}\r\n", head.method(), head.target()).into_bytes();
    for (name, value) in head.headers().iter() {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    Secrets::default().hide(&mut bytes);
    let mut page = TOP.as_bytes().to_vec();
    let mut conversation = Conversation::new(Style::Html, "", None, true);
    if let Err(problem) = conversation.feed(Side::Client, &mut bytes, &mut page) {
        tracing::error!(%problem, "a request cannot be shown");
    }
    page.extend_from_slice(b"</div>\n</main>\n</body>\n</html>\n");
    page
}

const TOP: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta name=\"color-scheme\" content=\"light dark\">\n<title>Your request · Holdline</title>\n\
    <link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">\n\
    <link rel=\"stylesheet\" href=\"/assets/base.css\">\n\
    <link rel=\"stylesheet\" href=\"/assets/explain.css\">\n</head>\n<body>\n<main>\n\
    <p><a href=\"/illustrated\">One connection, illustrated</a></p>\n<div class=\"x\">\n";
