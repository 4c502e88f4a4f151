//! Paragraphs of the story for HTML: code in backticks, and sections of standards as links.

use crate::inspect::{escaped, linked};

pub(super) fn html(text: &str) -> String {
    let mut out = String::new();
    let text = text.replace('\n', " ");
    for (index, piece) in text.split('`').enumerate() {
        match index % 2 {
            0 => out.push_str(&linked(piece)),
            _ => out.push_str(&format!("<code>{}</code>", escaped(piece))),
        }
    }
    out
}

/// What a link to a heading ends with.
pub(super) fn slug(title: &str) -> String {
    let letters = title.to_lowercase();
    let kept = letters.chars().filter(|c| c.is_alphanumeric() || *c == ' ');
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
