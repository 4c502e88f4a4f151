//! A page that is made while its request is held.

use std::sync::{Arc, Mutex, PoisonError};

use holdline_http1::HeaderBlock;
use holdline_net::Output;

use crate::pages;
use crate::pasted::Page;

/// A request for a page that explains something.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// Header fields that say which pages may read the answer.
    fields: Arc<HeaderBlock>,
    answer: Answer,
}

/// Where the page is put when it is made, by any thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer(Arc<Mutex<Option<Page>>>);

impl Answer {
    pub(crate) fn set(&self, page: Page) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(page);
    }

    fn take(&self) -> Option<Page> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Explanation {
    pub(crate) fn new(fields: Arc<HeaderBlock>) -> Self {
        Self {
            fields,
            answer: Answer::default(),
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        self.answer.clone()
    }

    /// The connection was woken, or has just been held.
    pub(crate) fn ready(&self, output: Output<'_>) {
        if let Output::Held(held) = output
            && let Some((status, page)) = self.answer.take()
        {
            let headers = (&*self.fields, Self::HEADERS);
            if let Err(error) = held.respond(status, headers, &page) {
                tracing::error!(%error, "an answer cannot be sent");
            }
        }
    }

    /// Header fields of a page that is different each time. Its URL has no token. Without a referrer, a browser posts the
    /// form with `Origin: null`, as for a page of another site (Fetch §3.2).
    pub(crate) const HEADERS: [(&str, &str); 5] = [
        ("Content-Type", pages::HTML),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", pages::CONTENT_SECURITY_POLICY),
        ("Referrer-Policy", "same-origin"),
    ];
}
