//! `/illustrated`: one connection from its first byte to its last, each of them shown and explained.
//!
//! The story and the bytes are in `illustrated/story.md`; a test plays them to the server. What the bytes mean is what
//! `holdline decode connection --explain=html` writes. `docs/illustrated.md` is made of the same.

mod prose;
mod story;

use std::io::{self, Write};
use std::sync::LazyLock;

use self::prose::{html, slug};
use self::story::{Part, parts};
use crate::inspect::{Conversation, Style};
use crate::pages::{Asset, HTML};

/// The file at a path.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    (path == PATH).then(|| &*PAGE)
}

const PATH: &str = "/illustrated";

/// Made when it is asked for the first time, and not before: it takes some 13 ms, and 300 without optimisation.
static PAGE: LazyLock<Asset> = LazyLock::new(|| Asset {
    path: PATH,
    content_type: HTML,
    body: page().leak(),
});

fn page() -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(TOP.as_bytes());
    // Writing to memory does not fail, and a test writes all of it.
    if let Err(problem) = write_page(&mut out) {
        tracing::error!(%problem, "the illustrated connection cannot be shown");
    }
    out.extend_from_slice(BOTTOM.as_bytes());
    out
}

fn write_page(out: &mut Vec<u8>) -> io::Result<()> {
    let parts = parts(STORY)?;
    write!(out, "<nav class=\"contents\" aria-label=\"Contents\"><ol>")?;
    for part in &parts {
        if let Part::Heading(title) = part {
            write!(
                out,
                "<li><a href=\"#{}\">{}</a></li>",
                slug(title),
                html(title)
            )?;
        }
    }
    writeln!(out, "</ol></nav>\n<article>")?;
    let mut connection = Connection::new(Style::Html);
    for part in parts {
        match part {
            Part::Heading(title) => {
                writeln!(out, "<h2 id=\"{}\">{}</h2>", slug(title), html(title))?;
            }
            Part::Prose(text) => writeln!(out, "<p>{}</p>", html(text))?,
            bytes @ Part::Bytes { .. } => {
                writeln!(out, "<div class=\"x\">")?;
                connection.show(bytes, out)?;
                writeln!(out, "</div>")?;
            }
        }
    }
    writeln!(out, "</article>")
}

/// The connection of now.
struct Connection {
    style: Style,
    number: u32,
    conversation: Conversation,
}

impl Connection {
    fn new(style: Style) -> Self {
        Self {
            style,
            number: 0,
            conversation: Conversation::new(style, "", None, true),
        }
    }

    fn show(&mut self, part: Part<'_>, out: &mut Vec<u8>) -> io::Result<()> {
        let Part::Bytes {
            from,
            connection,
            mut bytes,
        } = part
        else {
            return Ok(());
        };
        if connection != self.number {
            *self = Self::new(self.style);
            self.number = connection;
        }
        self.conversation.name_next();
        self.conversation.feed(from, &mut bytes, out)?;
        Ok(())
    }
}

const STORY: &str = include_str!("illustrated/story.md");
const TOP: &str = include_str!("illustrated/top.html");
const BOTTOM: &str = include_str!("illustrated/bottom.html");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The chapter of the book.
    fn chapter() -> String {
        let mut out = b"# One connection, illustrated\n".to_vec();
        let mut connection = Connection::new(Style::markdown());
        for part in parts(STORY).unwrap() {
            match part {
                Part::Heading(title) => writeln!(out, "\n## {title}").unwrap(),
                Part::Prose(text) => writeln!(out, "\n{text}").unwrap(),
                bytes @ Part::Bytes { .. } => {
                    out.extend(b"\n```text\n");
                    connection.show(bytes, &mut out).unwrap();
                    out.extend(b"```\n");
                }
            }
        }
        let text = String::from_utf8(out)
            .unwrap()
            .replace("\n```text\n```\n", "");
        format!(
            "{text}\nA server shows this chapter at `/illustrated`, where each row opens. How it is made: [inspector.md].\n\n\
             [inspector.md]: inspector.md\n"
        )
    }

    #[test]
    fn the_chapter_of_the_book_is_the_same_story() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/illustrated.md");
        let chapter = chapter();
        if std::env::var_os("RECORD_ILLUSTRATED").is_some() {
            std::fs::write(&path, &chapter).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            chapter == written,
            "make it anew: RECORD_ILLUSTRATED=1 cargo test -p holdline --bin holdline illustrated"
        );
    }

    #[test]
    fn every_byte_of_the_story_is_on_the_page() {
        let page = String::from_utf8(page()).unwrap();
        let mut shown = 0;
        for part in page.split("<code class=\"x-hex\">").skip(1) {
            let (hex, _) = part.split_once("</code>").unwrap();
            for line in hex.lines() {
                shown += match line.strip_prefix("<i>") {
                    // The rows before it are whole.
                    Some(times) => 8 * times.split(' ').next().unwrap().parse::<usize>().unwrap(),
                    None => line.split(' ').count(),
                };
            }
        }
        let all = parts(STORY).unwrap();
        let bytes = all.iter().filter_map(|part| match part {
            Part::Bytes { bytes, .. } => Some(bytes.len()),
            _ => None,
        });
        assert_eq!(shown, bytes.sum::<usize>());
        for words in [
            "SHA-1 of the key",
            "All 80 rounds",
            "The mask, byte by byte",
            "opened bit by bit",
            "a length of 16 bits follows",
            "a length of 64 bits follows",
            "the first fragment of a text message",
            "a ping",
            "code 1000 (normal closure), reason &quot;bye&quot;",
        ] {
            assert!(page.contains(words), "{words}");
        }
        assert!(!page.contains("x-mistake"));
        assert!(page.len() < 1 << 20, "{}", page.len());
        // Every part names a section, at least in what it opens to.
        for part in page.split("<div class=\"x-why\">").skip(1) {
            let (why, _) = part.split_once("</div></details>").unwrap();
            assert!(why.contains('§'), "{why}");
        }
    }
}
