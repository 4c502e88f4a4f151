//! What the commands that use a server say on standard error.

use std::io::{self, Write};

/// What the server says in an answer that is not a success: its JSON error, else its text.
pub(crate) fn server_says(status: u16, body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json
        .as_ref()
        .and_then(|json| json.pointer("/error/message"));
    let text = String::from_utf8_lossy(body);
    let text = match message.and_then(serde_json::Value::as_str) {
        Some(message) => message,
        None => text.lines().next().unwrap_or_default(),
    };
    let mut said = format!("the server answered {status}");
    if !text.is_empty() {
        said.push_str(": ");
        // Nothing that a server says may steer the terminal.
        said.extend(text.chars().take(300).filter(|c| !c.is_control()));
    }
    said
}

/// A line on standard error.
pub(crate) fn report(message: std::fmt::Arguments<'_>) {
    // If it is closed, nobody wants to know.
    let _ = writeln!(io::stderr(), "holdline: {message}");
}
