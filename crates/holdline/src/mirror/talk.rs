//! From the bytes of one request to what its page shows of them.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use holdline_net::Tap;
use serde_json::json;

use super::part::Part;
use super::reflection::Reflection;
use crate::bounded::Bounded;
use crate::explainer::{Explainer, Job};
use crate::inspect::{Conversation, Secrets, Side, Style};

/// A tap that has what it sees explained.
#[derive(Debug)]
pub(super) struct Listener {
    reflection: Arc<Reflection>,
    explainer: Explainer,
    part: Part,
    number: usize,
    talk: Arc<Mutex<Talk>>,
}

#[derive(Debug)]
struct Talk {
    conversation: Conversation,
}

impl Listener {
    pub(super) fn new(
        reflection: Arc<Reflection>,
        explainer: Explainer,
        part: Part,
        number: usize,
    ) -> Self {
        let talk = Talk {
            // What the server sends is its own.
            conversation: Conversation::new(Style::Html, "", None, true)
                .hiding(Secrets::except(SHOWN), Secrets::default()),
        };
        Self {
            reflection,
            explainer,
            part,
            number,
            talk: Arc::new(Mutex::new(talk)),
        }
    }

    /// The event loop only copies.
    fn passed(&self, from: Side, bytes: &[u8]) {
        if self.reflection.is_over() || !self.reflection.spend(bytes.len()) {
            return;
        }
        self.give(What::Bytes(Arc::clone(&self.talk), from, bytes.to_vec()));
    }

    fn give(&self, what: What) {
        let job = Seen {
            reflection: Arc::clone(&self.reflection),
            part: self.part,
            number: self.number,
            what,
        };
        if self.explainer.give(MOST_WAITING, Box::new(job)).is_err() {
            self.reflection
                .end("the server has too much to explain just now");
        }
    }
}

impl Tap for Listener {
    fn received(&mut self, bytes: &[u8]) {
        self.passed(Side::Client, bytes);
    }

    fn sent(&mut self, bytes: &[u8]) {
        self.passed(Side::Server, bytes);
    }
}

impl Drop for Listener {
    /// The page is told after all that was seen.
    fn drop(&mut self) {
        if !self.reflection.is_over() {
            self.give(What::End);
        }
    }
}

/// What a page is to be told of a connection.
struct Seen {
    reflection: Arc<Reflection>,
    part: Part,
    number: usize,
    what: What,
}

enum What {
    Bytes(Arc<Mutex<Talk>>, Side, Vec<u8>),
    End,
}

impl Job for Seen {
    fn is_wanted(&self) -> bool {
        !self.reflection.is_over()
    }

    fn is_sure(&self) -> bool {
        self.is_wanted()
    }

    fn run(self: Box<Self>) {
        let (reflection, number) = (self.reflection, self.number);
        let part = self.part.name();
        match self.what {
            What::End => reflection.tell("closed", &json!({ "part": part, "number": number })),
            What::Bytes(talk, from, mut bytes) => {
                let mut talk = talk.lock().unwrap_or_else(PoisonError::into_inner);
                match talk.explain(from, &mut bytes) {
                    Ok(html) if html.is_empty() => {}
                    Ok(html) => {
                        let shown = json!({ "part": part, "number": number, "html": html });
                        reflection.tell("bytes", &shown);
                    }
                    Err(_) => reflection.end("more came at once than can be shown"),
                }
            }
        }
    }
}

impl Talk {
    fn explain(&mut self, from: Side, bytes: &mut [u8]) -> io::Result<String> {
        let mut html = Bounded::new(MOST_AT_ONCE);
        self.conversation.feed(from, bytes, &mut html)?;
        Ok(String::from_utf8(html.finish()).unwrap_or_default())
    }
}

/// Bytes of an explanation that a page is given at once.
const MOST_AT_ONCE: usize = 160 << 10;
/// Pieces of all pages that wait to be explained.
const MOST_WAITING: usize = 512;
/// Header fields of a request whose values are shown: those of browsers, without secrets.
const SHOWN: &[&str] = &[
    "host",
    "connection",
    "upgrade",
    "keep-alive",
    "user-agent",
    "accept",
    "accept-encoding",
    "accept-language",
    "accept-charset",
    "cache-control",
    "pragma",
    "origin",
    "referer",
    "dnt",
    "sec-gpc",
    "te",
    "expect",
    "priority",
    "save-data",
    "upgrade-insecure-requests",
    "last-event-id",
    "content-length",
    "content-type",
    "transfer-encoding",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-fetch-user",
    "sec-fetch-storage-access",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
];
