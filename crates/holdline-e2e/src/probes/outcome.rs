//! What a server answered, and what it should have answered.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};

use super::Probe;
use super::text::unescape;
use crate::http::{Client, Response};

/// The good request behind each probe.
pub(super) const LAST_REQUEST: &[u8] =
    b"POST /echo HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
    Content-Length: 13\r\n\r\nstill in step";
const LAST_BODY: &[u8] = b"still in step";

/// What a server answers to one probe.
#[derive(Debug)]
pub struct Outcome {
    written: String,
    responses: Vec<Expected>,
    /// The good request behind the probe is answered.
    stays_open: bool,
}

/// One response.
#[derive(Debug)]
struct Expected {
    status: u16,
    body: Option<Vec<u8>>,
    /// Names of fields, and whether they must be there.
    fields: Vec<(String, bool)>,
}

impl Outcome {
    /// Reads `200=hello +date 400 close`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut words: Vec<&str> = text.split(' ').collect();
        let stays_open = match words.pop() {
            Some("open") => true,
            Some("close") => false,
            other => bail!("the end is open or close, and not {other:?}"),
        };
        let mut responses: Vec<Expected> = Vec::new();
        for word in words {
            if let Some(name) = word.strip_prefix(['+', '-']) {
                let response = responses.last_mut().context("a field before a status")?;
                response.fields.push((name.into(), word.starts_with('+')));
                continue;
            }
            let (status, body) = match word.split_once('=') {
                Some((status, body)) => (status, Some(unescape(body)?)),
                None => (word, None),
            };
            responses.push(Expected {
                status: status.parse().with_context(|| format!("{word:?}"))?,
                body,
                fields: Vec::new(),
            });
        }
        Ok(Self {
            written: text.to_owned(),
            responses,
            stays_open,
        })
    }

    fn check(&self, probe: &Probe, answer: &[u8]) -> Result<()> {
        let mut seen = responses(probe, answer)?;
        let is_in_step = |last: &Response| last.head.status == 200 && last.body == LAST_BODY;
        let stays_open = !probe.ends && seen.last().is_some_and(is_in_step);
        if stays_open {
            seen.pop();
        }
        let statuses: Vec<u16> = seen.iter().map(|response| response.head.status).collect();
        let expected: Vec<u16> = self.responses.iter().map(|one| one.status).collect();
        ensure!(
            statuses == expected && stays_open == self.stays_open,
            "{statuses:?}, and the connection is {}",
            if stays_open { "in step" } else { "closed" }
        );
        for (expected, seen) in self.responses.iter().zip(&seen) {
            expected.check(seen)?;
        }
        Ok(())
    }
}

impl Expected {
    fn check(&self, seen: &Response) -> Result<()> {
        if let Some(body) = &self.body {
            ensure!(*body == seen.body, "another body");
        }
        for (name, expected) in &self.fields {
            let there = seen.head.get(name).is_some();
            ensure!(there == *expected, "{name} there: {there}");
        }
        Ok(())
    }
}

/// The whole responses in what came back. To all but a first HEAD they have bodies.
fn responses(probe: &Probe, answer: &[u8]) -> Result<Vec<Response>> {
    let mut client = Client::reading(answer);
    let mut method = if probe.request.starts_with(b"HEAD ") {
        "HEAD"
    } else {
        "POST"
    };
    let mut all = Vec::new();
    while let Some(response) = client.response(method)? {
        if response.head.status >= 200 {
            method = "POST";
        }
        all.push(response);
    }
    Ok(all)
}

/// Compares what a server sent with what it should have sent.
///
/// # Errors
/// The whole story, for the reader of a test: the probe, its bytes, what should have come and what came.
pub fn judge(probe: &Probe, expected: &Outcome, answer: &[u8]) -> Result<(), String> {
    expected.check(probe, answer).map_err(|difference| {
        let allowed: Vec<String> = probe.allowed.iter().map(ToString::to_string).collect();
        let allowed = match &allowed[..] {
            [] => "nothing".to_owned(),
            allowed => allowed.join("; "),
        };
        format!(
            "{} ({})\n  sent:     {}\n  expected: {expected} (also allowed: {allowed})\n  \
             came:     {difference}\n            {}",
            probe.name,
            probe.section,
            shown(&probe.request),
            shown(answer)
        )
    })
}

/// Bytes for a reader, shortened in the middle.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 600;
    match bytes.len() > MOST {
        false => bytes.escape_ascii().to_string(),
        true => format!(
            "{} [{} bytes] {}",
            bytes[..MOST / 2].escape_ascii(),
            bytes.len() - MOST,
            bytes[bytes.len() - MOST / 2..].escape_ascii()
        ),
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}
