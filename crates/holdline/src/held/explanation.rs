//! A page that is made while its request is held.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use holdline_http1::HeaderBlock;
use holdline_net::Output;

use crate::pages;
use crate::pasted::{Page, failed_page};

/// A request for a page that explains something.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// Header fields that say which pages may read the answer.
    fields: Arc<HeaderBlock>,
    answer: Answer,
}

/// Where the page is put when it is made, by any thread.
type Answer = Arc<Mutex<Option<Page>>>;

/// Held by who makes the page. A promise that is dropped, by a panic for instance, is kept with a page that says that it
/// failed, so that no client waits for nothing.
pub(crate) struct Promise<W: Fn()> {
    answer: Answer,
    wake: W,
}

impl Explanation {
    /// `wake` has [`ready`](Self::ready) called.
    pub(crate) fn new<W: Fn()>(fields: &Arc<HeaderBlock>, wake: W) -> (Self, Promise<W>) {
        let answer = Answer::default();
        let explanation = Self {
            fields: Arc::clone(fields),
            answer: Arc::clone(&answer),
        };
        (explanation, Promise { answer, wake })
    }

    /// The connection was woken, or has just been held.
    pub(crate) fn ready(&self, output: Output<'_>) {
        if let Output::Held(held) = output
            && let Some((status, page)) = self.take()
        {
            let headers = (&*self.fields, Self::HEADERS);
            if let Err(error) = held.respond(status, headers, &page) {
                tracing::error!(%error, "an answer cannot be sent");
            }
        }
    }

    fn take(&self) -> Option<Page> {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        answer.take()
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

impl<W: Fn()> Promise<W> {
    /// The page is made.
    pub(crate) fn keep(self, page: Page) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(page);
    }
}

impl<W: Fn()> Drop for Promise<W> {
    fn drop(&mut self) {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        answer.get_or_insert_with(failed_page);
        drop(answer);
        (self.wake)();
    }
}

impl<W: Fn()> fmt::Debug for Promise<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answer, wake: _ } = self;
        f.debug_struct("Promise").field("answer", answer).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::explainer::Explainer;

    #[test]
    fn who_asked_for_what_cannot_be_explained_is_told_so_and_does_not_wait() {
        let (woken, wait) = mpsc::channel();
        let wake = move || woken.send(()).unwrap();
        let (explanation, promise) = Explanation::new(&Arc::default(), wake);
        let job = move || {
            let _promise = promise;
            panic!("on purpose");
        };
        Explainer::default().give(1, Box::new(job)).unwrap();
        wait.recv_timeout(Duration::from_secs(60)).unwrap();
        let (status, page) = explanation.take().unwrap();
        assert_eq!(status, 500);
        assert!(String::from_utf8(page).unwrap().contains("id=\"problem\""));
    }

    #[test]
    fn the_page_is_there_when_the_connection_is_woken() {
        let (woken, wait) = mpsc::channel();
        let (explanation, promise) = Explanation::new(&Arc::default(), move || {
            woken.send(()).unwrap();
        });
        promise.keep((200, b"page".to_vec()));
        wait.try_recv().unwrap();
        assert_eq!(explanation.take().unwrap(), (200, b"page".to_vec()));
    }
}
