//! A page that is made while its request is held.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use holdline_http1::HeaderBlock;
use holdline_net::Output;

use crate::explainer::Job;
use crate::pages;
use crate::pasted::{Page, Pasted, busy_page, failed_page};

/// A request for a page that explains something.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// Header fields that say which pages may read the answer.
    fields: Arc<HeaderBlock>,
    answer: Arc<Answer>,
}

/// Where the page is put when it is made, by any thread.
#[derive(Debug, Default)]
struct Answer {
    page: Mutex<Option<(u16, Bytes)>>,
    /// The client sends nothing more: it is gone, or it waits.
    is_doubtful: AtomicBool,
}

/// Held by who makes the page. A promise that is dropped, by a panic for instance, is kept with a page that says that it
/// failed, so that no client waits for nothing.
pub(crate) struct Promise<W: Fn()> {
    /// Gone with the client.
    answer: Weak<Answer>,
    untaken: Untaken,
    wake: W,
}

/// Bytes of pages that are made, and that no client has taken yet. Who asks and does not read must not fill the memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untaken(Arc<AtomicUsize>);

/// A page that counts until it is dropped.
struct Counted {
    page: Vec<u8>,
    untaken: Untaken,
}

impl Explanation {
    /// `wake` has [`ready`](Self::ready) called. `None`: too much waits to be taken.
    pub(crate) fn new<W: Fn()>(
        fields: &Arc<HeaderBlock>,
        untaken: &Untaken,
        wake: W,
    ) -> Option<(Self, Promise<W>)> {
        if untaken.bytes() >= MOST_UNTAKEN {
            return None;
        }
        let answer = Arc::default();
        let promise = Promise {
            answer: Arc::downgrade(&answer),
            untaken: untaken.clone(),
            wake,
        };
        let fields = Arc::clone(fields);
        Some((Self { fields, answer }, promise))
    }

    /// The connection was woken, or has just been held.
    pub(crate) fn ready(&self, output: Output<'_>) {
        if let Output::Held(held) = output
            && let Some((status, page)) = self.answer.lock().take()
        {
            let headers = (&*self.fields, Self::HEADERS);
            if let Err(error) = held.respond_shared(status, headers, &page) {
                tracing::error!(%error, "an answer cannot be sent");
            }
        }
    }

    /// The client has closed its side of the connection. Many have gone then; so it waits only as long as nobody else
    /// needs its place.
    pub(crate) fn half_closed(&self) {
        self.answer.is_doubtful.store(true, Ordering::Relaxed);
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

impl Answer {
    fn lock(&self) -> MutexGuard<'_, Option<(u16, Bytes)>> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_doubtful(&self) -> bool {
        self.is_doubtful.load(Ordering::Relaxed)
    }
}

impl<W: Fn()> Promise<W> {
    /// The page is made.
    fn keep(self, page: Page) {
        self.put(page);
    }

    fn put(&self, (status, page): Page) {
        if let Some(answer) = self.answer.upgrade() {
            *answer.lock() = Some((status, self.untaken.count(page)));
        }
    }

    /// Has the page made of what was pasted.
    pub(crate) fn explain(self, body: Vec<u8>) -> Box<dyn Job>
    where
        W: Send + 'static,
    {
        Box::new(Explain {
            promise: self,
            body,
        })
    }
}

impl<W: Fn()> Drop for Promise<W> {
    fn drop(&mut self) {
        let Some(answer) = self.answer.upgrade() else {
            return;
        };
        let is_kept = answer.lock().is_some();
        if !is_kept {
            self.put(match answer.is_doubtful() {
                true => busy_page(),
                false => failed_page(),
            });
        }
        drop(answer);
        (self.wake)();
    }
}

impl<W: Fn()> fmt::Debug for Promise<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = self.answer.upgrade();
        f.debug_struct("Promise")
            .field("answer", &answer)
            .finish_non_exhaustive()
    }
}

/// What was pasted.
struct Explain<W: Fn()> {
    promise: Promise<W>,
    body: Vec<u8>,
}

impl<W: Fn() + Send> Job for Explain<W> {
    fn is_wanted(&self) -> bool {
        self.promise.answer.strong_count() > 0
    }

    fn is_sure(&self) -> bool {
        let answer = self.promise.answer.upgrade();
        answer.is_some_and(|answer| !answer.is_doubtful())
    }

    fn run(self: Box<Self>) {
        let Self { promise, body } = *self;
        promise.keep(Pasted::parse(&body).page());
    }
}

impl Untaken {
    fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn count(&self, page: Vec<u8>) -> Bytes {
        self.0.fetch_add(page.len(), Ordering::Relaxed);
        let untaken = self.clone();
        Bytes::from_owner(Counted { page, untaken })
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.page
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Self { page, untaken } = self;
        untaken.0.fetch_sub(page.len(), Ordering::Relaxed);
    }
}

/// Bytes of pages that wait to be taken, beyond which no more is explained.
const MOST_UNTAKEN: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::explainer::Explainer;

    fn explanation<W: Fn()>(wake: W) -> (Explanation, Promise<W>) {
        Explanation::new(&Arc::default(), &Untaken::default(), wake).unwrap()
    }

    /// Something that goes wrong.
    struct Broken<W: Fn()>(Promise<W>);

    impl<W: Fn() + Send> Job for Broken<W> {
        fn is_wanted(&self) -> bool {
            true
        }

        fn is_sure(&self) -> bool {
            true
        }

        fn run(self: Box<Self>) {
            panic!("on purpose");
        }
    }

    #[test]
    fn who_asked_for_what_cannot_be_explained_is_told_so_and_does_not_wait() {
        let (woken, wait) = mpsc::channel();
        let (explanation, promise) = explanation(move || woken.send(()).unwrap());
        let job = Box::new(Broken(promise));
        Explainer::default().give(1, job).unwrap();
        wait.recv_timeout(Duration::from_secs(60)).unwrap();
        let (status, page) = explanation.answer.lock().take().unwrap();
        assert_eq!(status, 500);
        assert!(
            std::str::from_utf8(&page)
                .unwrap()
                .contains("id=\"problem\"")
        );
    }

    #[test]
    fn the_page_is_there_when_the_connection_is_woken() {
        let (woken, wait) = mpsc::channel();
        let (explanation, promise) = explanation(move || woken.send(()).unwrap());
        promise.keep((200, b"page".to_vec()));
        wait.try_recv().unwrap();
        let taken = explanation.answer.lock().take();
        assert_eq!(taken, Some((200, Bytes::from_static(b"page"))));
    }

    #[test]
    fn nothing_is_made_for_a_client_that_is_gone() {
        let (explanation, promise) = explanation(|| panic!("nobody waits"));
        let job = promise.explain(b"bytes=x".to_vec());
        assert!(job.is_wanted() && job.is_sure());
        drop(explanation);
        assert!(!job.is_wanted() && !job.is_sure());
    }

    #[test]
    fn a_client_that_has_closed_its_side_makes_room_for_others_and_is_told() {
        let explainer = Explainer::default();
        let (woken, wait) = mpsc::channel();
        let begin = || {
            let woken = woken.clone();
            let (explanation, promise) = explanation(move || woken.send(()).unwrap());
            (explanation, promise.explain(b"bytes=GET".to_vec()))
        };
        let (leaving, job) = begin();
        leaving.half_closed();
        assert!(job.is_wanted() && !job.is_sure());
        // There is no room at all.
        assert!(explainer.give(0, job).is_err());
        wait.try_recv().unwrap();
        assert_eq!(leaving.answer.lock().take().unwrap().0, 503);
        // It is answered if there is.
        let (leaving, job) = begin();
        leaving.half_closed();
        explainer.give(1, job).unwrap();
        wait.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(leaving.answer.lock().take().unwrap().0, 200);
    }

    #[test]
    fn pages_that_nobody_takes_are_bounded() {
        let untaken = Untaken::default();
        let new = || Explanation::new(&Arc::default(), &untaken, || {});
        let mut waiting = Vec::new();
        while let Some((explanation, promise)) = new() {
            promise.keep((200, vec![b'x'; 12 << 20]));
            waiting.push(explanation);
        }
        assert_eq!(waiting.len(), 3);
        // It is sent, and dropped thereafter.
        let page = waiting
            .pop()
            .and_then(|waiting| waiting.answer.lock().take());
        assert!(new().is_none());
        drop(page);
        assert!(new().is_some());
        waiting.clear();
        assert_eq!(untaken.bytes(), 0);
    }
}
