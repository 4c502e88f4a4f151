//! The interface of JSON, each request over a connection of its own.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::http::Client;
use crate::server::Server;
use crate::wait::wait_for;

/// Sends a request, and gives status and JSON, or `null` if the answer is none. `fields` end with CRLF each.
///
/// # Errors
/// If there is no whole answer.
pub fn ask(
    server: &Server,
    method: &str,
    target: &str,
    fields: &str,
    body: &str,
) -> Result<(u16, Value)> {
    let mut client = Client::connect(server.address())?;
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{fields}");
    client.send(format!("{head}Content-Length: {length}\r\n\r\n{body}"))?;
    let answer = client.answer(method)?;
    Ok((answer.head.status, answer.json().unwrap_or_default()))
}

/// Publishes in the channel `test` as soon as that works again, once. Returns the id.
///
/// # Errors
/// If there is no whole answer.
///
/// # Panics
/// When it does not work within [`LIMIT`](crate::LIMIT).
pub fn post_again(server: &Server, text: &str) -> Result<String> {
    let key = format!("Idempotency-Key: {}\r\n", text.replace(' ', "-"));
    wait_for("publishing to work again", || {
        let published = ask(server, "POST", "/channels/test", &key, text);
        let id = published.map(|(status, answer)| {
            let id = answer["id"].as_str().unwrap_or_default().to_owned();
            (status == 200).then_some(id)
        });
        id.transpose()
    })
}

/// All messages of a channel after a cursor as `(id, data)`, by as many polls as it takes, and whether some are lost.
///
/// # Errors
/// If an answer is none to a poll.
pub fn poll_all(
    server: &Server,
    channel: &str,
    since: &str,
) -> Result<(Vec<(String, String)>, bool)> {
    let (mut since, mut messages, mut lost) = (since.to_owned(), Vec::new(), false);
    loop {
        let target = format!("/channels/{channel}/poll?since={since}");
        let (status, answer) = ask(server, "GET", &target, "", "")?;
        ensure!(status == 200, "{status}: {answer}");
        let text = |value: &Value| value.as_str().map(str::to_owned).context("no text");
        lost |= answer["lost"].as_bool().context("no `lost`")?;
        let more = answer["messages"].as_array().context("no messages")?;
        if more.is_empty() {
            return Ok((messages, lost));
        }
        for message in more {
            messages.push((text(&message["id"])?, text(&message["data"])?));
        }
        since = text(&answer["cursor"])?;
    }
}

/// Epoch and number of a cursor.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn cursor_parts(cursor: &str) -> (&str, u64) {
    let parts = cursor.split_once('-').and_then(|(epoch, number)| {
        let number = u64::from_str_radix(number, 16).ok()?;
        Some((epoch, number))
    });
    parts.unwrap_or_else(|| panic!("no cursor: {cursor}"))
}
