//! A list of WebSocket cases of our own, for peers of both roles that echo every message.
//!
//! Each [`Case`] has a name, the section of RFC 6455 (or RFC 7692) that it rests on, the frames that
//! the tester sends to the letter, where its writes are cut, and what it expects back: messages and
//! pongs in their order, the code of the Close, and who ends the TCP connection. [`cases`] is the
//! list, [`test_server`] runs it against a server, and [`CaseServer`] against clients that follow the
//! protocol of the public suites (`/getCaseCount`, `/runCase?case=N&agent=A`, `/updateReports?agent=A`).
//!
//! The tester has its own frames and its own inflater, which sees references beyond the agreed
//! window, so that it trusts nothing that it tests.

mod cases;
mod client;
mod deflate;
mod extension;
mod frame;
mod inflate;
mod negotiation;
mod run;
mod server;
mod wire;

use std::fmt;

pub use cases::cases;
pub use client::{Opened, handshake_of_server, test_server};
pub use deflate::Deflater;
pub use extension::{Extension, Parameters};
pub use frame::{Frame, Role, fragments};
pub use negotiation::{NEGOTIATIONS, Negotiation, test_negotiation};
pub use server::{CaseServer, Report};
pub use wire::{Cut, Item};

/// One case.
pub struct Case {
    /// What is special about it.
    pub name: String,
    /// The section that it rests on.
    pub section: &'static str,
    /// The parameters of permessage-deflate, if it is used.
    pub deflate: Option<Parameters>,
    /// Built when it is needed: there are many long ones.
    script: Box<dyn Fn(Parameters) -> Script + Send + Sync>,
}

/// What the tester does, and how it ends.
#[derive(Debug)]
struct Script {
    steps: Vec<Step>,
    ending: Ending,
}

#[derive(Debug)]
enum Step {
    Send(Vec<Frame>, Cut),
    Expect(Item),
    /// A message that the peer must have compressed, because that clearly pays.
    ExpectCompressed(Item),
}

#[derive(Debug)]
enum Ending {
    /// The tester says Close with 1000, and the peer answers that.
    Clean,
    /// The tester has already sent a Close. The peer answers with this code, or without one.
    Answers(Option<u16>),
    /// The tester has broken a rule. The peer closes with the code for it.
    Fails(u16),
}

/// A case that did not go as it should.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The number of the case, counted from 1.
    pub number: usize,
    /// Its name and section.
    pub case: String,
    /// What was expected and what was seen.
    pub what: String,
}

impl Case {
    fn new(
        name: impl Into<String>,
        section: &'static str,
        script: impl Fn() -> Script + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            section,
            deflate: None,
            script: Box::new(move |_| script()),
        }
    }

    /// The script gets the negotiated parameters, which are no more than was asked for.
    fn deflated(
        name: impl Into<String>,
        section: &'static str,
        parameters: Parameters,
        script: impl Fn(Parameters) -> Script + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            section,
            deflate: Some(parameters),
            script: Box::new(script),
        }
    }
}

impl Script {
    fn new() -> Self {
        Self {
            steps: Vec::new(),
            ending: Ending::Clean,
        }
    }

    /// Sends frames in one write.
    fn send(self, frames: impl IntoIterator<Item = Frame>) -> Self {
        self.send_cut(frames, Cut::Whole)
    }

    fn send_cut(mut self, frames: impl IntoIterator<Item = Frame>, cut: Cut) -> Self {
        let frames = frames.into_iter().collect();
        self.steps.push(Step::Send(frames, cut));
        self
    }

    fn expect(mut self, item: Item) -> Self {
        self.steps.push(Step::Expect(item));
        self
    }

    fn text(self, text: impl AsRef<[u8]>) -> Self {
        self.expect(Item::Text(text.as_ref().to_vec()))
    }

    fn binary(self, data: impl AsRef<[u8]>) -> Self {
        self.expect(Item::Binary(data.as_ref().to_vec()))
    }

    fn pong(self, payload: impl AsRef<[u8]>) -> Self {
        self.expect(Item::Pong(payload.as_ref().to_vec()))
    }

    fn expect_compressed(mut self, item: Item) -> Self {
        self.steps.push(Step::ExpectCompressed(item));
        self
    }

    fn answers(mut self, code: Option<u16>) -> Self {
        self.ending = Ending::Answers(code);
        self
    }

    fn fails(mut self, code: u16) -> Self {
        self.ending = Ending::Fails(code);
        self
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.section)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "case {}, {}:\n     {}",
            self.number, self.case, self.what
        )
    }
}

/// Panics with all failures, if there are any.
///
/// # Panics
/// When there are some.
pub fn assert_none(failures: &[Failure], cases: usize) {
    let list: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(
        list.is_empty(),
        "{} of {cases} cases failed:\n{}",
        list.len(),
        list.join("\n")
    );
}
