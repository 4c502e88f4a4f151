//! What the output looks like: lines of JSON, rows, or a page.

use std::io::{self, Write};

use crate::inspect::direction::{Direction, View};
use crate::inspect::explain::{self, Annotator, Explained, Sheet, html, text};
use crate::inspect::http1::{self, Decoder};
use crate::inspect::talk::Side;

/// The form of the output.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Items,
    Text(text::Look),
    Html,
}

impl Style {
    /// Rows of this many columns.
    pub(crate) const fn text(colour: bool, width: usize) -> Self {
        Self::Text(text::Look {
            colour,
            width,
            markdown: false,
        })
    }

    /// Rows for fenced blocks of Markdown, with tables between them.
    #[cfg(test)]
    pub(crate) const fn markdown() -> Self {
        Self::Text(text::Look {
            colour: false,
            width: text::WIDTH,
            markdown: true,
        })
    }

    /// HTTP/1.1 that this side sends, and what follows.
    pub(super) fn http(self, from: Side, events: bool) -> Direction {
        let decoder = match from {
            Side::Client => Decoder::requests(),
            Side::Server => Decoder::responses(),
        };
        let view = match self.sheet() {
            None => View::Items(Box::new(http1::Http::new(decoder, events))),
            Some(sheet) => explained(explain::http(decoder), sheet),
        };
        Direction::new(from, view)
    }

    /// What explanations are written on.
    pub(super) fn sheet(self) -> Option<Sheet> {
        match self {
            Self::Items => None,
            Self::Text(look) => Some(Sheet::Text(text::Sheet::new(look))),
            Self::Html => Some(Sheet::Html(html::Sheet::default())),
        }
    }

    /// A line above what a side sends.
    pub(super) fn speaker(self, from: Side, name: &str, out: &mut dyn Write) -> io::Result<()> {
        let arrow = match from {
            Side::Client => "client → server",
            Side::Server => "server → client",
        };
        match self {
            Self::Items => Ok(()),
            Self::Text(look) => {
                let line = format!("── {name}{arrow} ──");
                match look.colour {
                    true => writeln!(out, "\x1b[1m{line}\x1b[0m"),
                    false => writeln!(out, "{line}"),
                }
            }
            Self::Html => writeln!(
                out,
                "<h3 class=\"x-from-{}\">{}{arrow}</h3>",
                from.name(),
                html::escaped(name)
            ),
        }
    }

    /// The beginning of a page.
    pub(super) fn begin(self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Html => write!(out, "{TOP}{STYLE}{MIDDLE}"),
            _ => Ok(()),
        }
    }

    /// The end of a page.
    pub(super) fn end(self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Html => write!(out, "{BOTTOM}"),
            _ => Ok(()),
        }
    }
}

pub(super) fn explained(annotator: Box<dyn Annotator>, sheet: Sheet) -> View {
    View::Explained(Box::new(Explained::new(annotator, sheet)))
}

const TOP: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta name=\"color-scheme\" content=\"light dark\">\n<title>Bytes, explained</title>\n<style>\n";
const STYLE: &str = concat!(
    include_str!("../pages/explain.css"),
    "body { margin: 0 auto; max-width: 75rem; padding: 1rem; font: 0.9375rem/1.5 system-ui, sans-serif; }\n",
);
const MIDDLE: &str = "</style>\n</head>\n<body>\n<main class=\"x\">\n";
const BOTTOM: &str = "</main>\n</body>\n</html>\n";
