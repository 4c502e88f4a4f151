//! `/explain`: a page that explains bytes which somebody pastes, as `holdline decode --explain=html` does.
//!
//! It works without a script: the form is posted, and what comes back is the same page with the explanation below.

mod bytes;
mod kind;
mod refused;

use std::io::{self, Write};

use holdline_websocket::Deflate;

use self::bytes::{Form, read};
use self::kind::{ALL, Kind};
pub(crate) use self::refused::refused;
use crate::bounded::Bounded;
use crate::config::{DecodeArguments, DecodeKind, DecodeRole};
use crate::inspect::{Side, connection_of, escaped, explain_all};

/// What the page's form says.
#[derive(Debug, Default)]
pub(crate) struct Pasted {
    kind: String,
    form: String,
    bytes: String,
    answer: String,
    deflate: bool,
}

/// A status and a page.
pub(crate) type Page = (u16, Vec<u8>);

impl Pasted {
    /// Reads a body of type `application/x-www-form-urlencoded`.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let mut pasted = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let value = value.into_owned();
            match &*name {
                "kind" => pasted.kind = value,
                "form" => pasted.form = value,
                "bytes" => pasted.bytes = value,
                "answer" => pasted.answer = value,
                "deflate" => pasted.deflate = true,
                _ => {}
            }
        }
        pasted
    }

    /// The page with what the bytes mean, or with what is wrong with them.
    pub(crate) fn page(&self) -> Page {
        let (status, result) = match self.questions() {
            Ok((said, questions)) => {
                let mut out = Bounded::new(MOST_WRITTEN);
                write_result(&said, questions, &mut out);
                (200, out.finish())
            }
            Err(problem) => (400, notice(&problem)),
        };
        (status, self.page_with(&result))
    }

    fn page_with(&self, result: &[u8]) -> Vec<u8> {
        let mut page = self.form_page();
        page.extend_from_slice(result);
        page.extend_from_slice(BOTTOM.as_bytes());
        page
    }

    /// What is to be explained, and what that is, in words.
    fn questions(&self) -> Result<(String, Vec<Question>), String> {
        let chosen = Kind::of(&self.kind)?;
        let form = Form::of(&self.form)?;
        let first = read(&self.bytes, form).map_err(|problem| format!("the bytes: {problem}"))?;
        if first.form == Form::Hex
            && let Some(connection) = connection_of(&first.pieces)
        {
            let (pieces, notes) = connection?;
            let mut said = "Read as packets of a connection".to_owned();
            notes.iter().for_each(|note| said += &format!("; {note}"));
            if !self.answer.trim().is_empty() {
                said += "; the second box was not read, because packets hold both sides";
            }
            return Ok((said, vec![self.connection(pieces)]));
        }
        let kind = chosen.unwrap_or_else(|| Kind::guess(&first.concat()));
        let said = format!("Read as {}, from {}", kind.words, first.form.words());
        let is_http = |kind: Kind| {
            matches!(
                kind.kind,
                DecodeKind::Http1Request | DecodeKind::Http1Response
            )
        };
        let bytes = match is_http(kind) {
            true => first.concat(),
            false => first.with_line_feeds().concat(),
        };
        if self.answer.trim().is_empty() {
            return Ok((said, vec![self.one_way(kind, bytes, false)]));
        }
        let answer = kind.answer().ok_or_else(|| {
            format!(
                "{} is what a server sends: leave the second box empty",
                kind.words
            )
        })?;
        let second =
            read(&self.answer, form).map_err(|problem| format!("the answer: {problem}"))?;
        let second = second.concat();
        let questions = match is_http(kind) {
            true => {
                let pieces = vec![(Side::Client, bytes), (Side::Server, second)];
                vec![self.connection(pieces)]
            }
            false => vec![
                self.one_way(kind, bytes, true),
                self.one_way(answer, second, true),
            ],
        };
        Ok((format!("{said}, and its answer"), questions))
    }

    fn one_way(&self, kind: Kind, bytes: Vec<u8>, is_named: bool) -> Question {
        Question {
            named: is_named.then_some(kind.from),
            arguments: DecodeArguments::explaining(kind.kind, kind.role(), self.deflate()),
            pieces: vec![(kind.from, bytes)],
        }
    }

    fn connection(&self, pieces: Vec<(Side, Vec<u8>)>) -> Question {
        let (kind, role) = (DecodeKind::Connection, DecodeRole::Server);
        Question {
            named: None,
            arguments: DecodeArguments::explaining(kind, role, self.deflate()),
            pieces,
        }
    }

    fn deflate(&self) -> Option<Deflate> {
        let agreed = self.deflate.then_some("permessage-deflate");
        agreed.and_then(Deflate::from_answer)
    }

    /// The page up to where the result begins, with the form as it was sent.
    fn form_page(&self) -> Vec<u8> {
        let option = |name: &str, words: &str, chosen: &str| {
            let selected = match name == chosen {
                true => " selected",
                false => "",
            };
            format!("<option value=\"{name}\"{selected}>{words}</option>")
        };
        let kinds = ALL.map(|kind| option(kind.name, kind.words, &self.kind));
        let forms = [
            ("text", "text"),
            ("hex", "hexadecimal, or a dump"),
            ("base64", "Base64"),
        ];
        let forms = forms.map(|(name, words)| option(name, words, &self.form));
        let checked = match self.deflate {
            true => " checked",
            false => "",
        };
        let page = TOP
            .replace("{kinds}", &kinds.concat())
            .replace("{forms}", &forms.concat())
            .replace("{checked}", checked)
            // What was pasted comes last: whatever stands in it stays as it is.
            .replace("{answer}", "\u{0}")
            .replace("{bytes}", &text(&self.bytes))
            .replacen('\u{0}', &text(&self.answer), 1);
        page.into_bytes()
    }
}

/// The page before anything is pasted.
pub(crate) fn empty_page() -> Vec<u8> {
    Pasted::default().page_with(b"")
}

/// The page when what was pasted could not be explained, and that is our fault.
pub(crate) fn failed_page() -> Page {
    let problem = "these bytes cannot be explained, by a fault of this program; please report it \
                   with the bytes";
    (500, Pasted::default().page_with(&notice(problem)))
}

/// The page when others were explained instead.
pub(crate) fn busy_page() -> Page {
    let problem = "the server has too much to explain just now; try again later";
    (503, Pasted::default().page_with(&notice(problem)))
}

fn notice(problem: &str) -> Vec<u8> {
    let words = escaped(problem);
    format!("<p class=\"notice bad\" role=\"alert\" id=\"problem\">{words}.</p>\n").into_bytes()
}

/// Bytes to be explained, and as what.
#[derive(Debug)]
struct Question {
    /// Who sends them, if that must be said.
    named: Option<Side>,
    arguments: DecodeArguments,
    pieces: Vec<(Side, Vec<u8>)>,
}

/// Writes as much as there is room for.
fn write_result(said: &str, questions: Vec<Question>, out: &mut Bounded) {
    let written = try_to_write(said, questions, out);
    if written.is_err() {
        out.end(
            "</div>\n<p class=\"notice\" id=\"cut\">There is so much to explain that it ends here. \
             Paste fewer bytes, or use <code>holdline decode --explain=html</code>, which has no limit.</p>\n",
        );
    }
}

fn try_to_write(said: &str, questions: Vec<Question>, out: &mut Bounded) -> io::Result<()> {
    writeln!(
        out,
        "<p class=\"hint\" id=\"read-as\">{}.</p>\n<div class=\"x\" id=\"result\">",
        escaped(said)
    )?;
    out.mark();
    let mut notes = Vec::new();
    for question in questions {
        match question.named {
            Some(Side::Client) => {
                writeln!(out, "<h3 class=\"x-from-client\">client → server</h3>")?;
            }
            Some(Side::Server) => {
                writeln!(out, "<h3 class=\"x-from-server\">server → client</h3>")?;
            }
            None => {}
        }
        notes.extend(explain_all(&question.arguments, question.pieces, out)?);
    }
    writeln!(out, "</div>")?;
    for note in notes {
        writeln!(out, "<p class=\"hint\">{}.</p>", escaped(&note))?;
    }
    Ok(())
}

/// Text for the inside of an element that keeps its white space.
fn text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\u{0}', "\u{fffd}")
}

/// Bytes of a body with the page's form. A byte that is explained takes up to eight of them in a usual dump, and both boxes
/// may be full.
pub(crate) const MOST_POSTED: u64 = 16 * bytes::MOST as u64;
/// Bytes of an explanation.
const MOST_WRITTEN: usize = 1 << 20;
const TOP: &str = include_str!("pasted/top.html");
const BOTTOM: &str = include_str!("pasted/bottom.html");

#[cfg(test)]
mod tests;
