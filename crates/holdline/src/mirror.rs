//! `/illustrated/live`: a browser sees the bytes of its own connections, explained as they pass.
//!
//! The page looks at an event stream, whose first event has an id that nobody can guess. What the page asks for with this
//! id is tapped: the bytes of that request and its answer, as they are on the socket, go to the [`Explainer`] and from
//! there to the event stream. So who knows an id can add to what its page shows, and never sees anything of it.
//!
//! That must not be done to a visitor by somebody else's page, which would see what that visitor's browser sends. So the
//! browser must say that it is this server's page that asks, by what no page can make up ([`asker`]). Of header fields that
//! are not known to be harmless, which a proxy may have added, only the names are shown. How many look, how long, and at
//! how many bytes has limits.

mod asker;
mod part;
mod reflection;
mod talk;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdline::emitter::Emitter;
use holdline_http1::RequestHead;
use holdline_net::Tap;

pub(crate) use self::asker::{is_behind_proxy, is_own_page};
pub(crate) use self::part::{MirrorId, PREFIX, Part};
use self::reflection::MOST_TIME;
pub(crate) use self::reflection::Reflection;
use self::talk::Listener;
use crate::explainer::Explainer;

/// All pages that look at themselves.
#[derive(Debug, Default)]
pub(crate) struct Mirrors {
    open: Mutex<HashMap<MirrorId, Arc<Reflection>>>,
    explainer: Explainer,
    /// How many connections were tapped.
    numbers: AtomicUsize,
}

/// As many pages look as may.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooManyMirrors;

impl Mirrors {
    /// A page begins to look. It is told its id, and whether there seems to be a proxy before the server.
    pub(crate) fn begin(
        &self,
        emitter: Emitter,
        address: Option<IpAddr>,
        proxied: bool,
    ) -> Option<MirrorId> {
        let Some(id) = MirrorId::random() else {
            emitter.close();
            return None;
        };
        let mut open = self.lock();
        let judged = judge(&open, address);
        let reflection = Reflection::new(emitter, address);
        if judged.is_err() {
            reflection.end("as many pages look at their connections as may");
            return None;
        }
        reflection.welcome(&id.to_string(), proxied);
        open.insert(id, Arc::new(reflection));
        Some(id)
    }

    /// Whether another page of this address may look.
    pub(crate) fn judge(&self, address: Option<IpAddr>) -> Result<(), TooManyMirrors> {
        judge(&self.lock(), address)
    }

    /// A page is gone.
    pub(crate) fn end(&self, id: MirrorId) {
        let gone = self.lock().remove(&id);
        if let Some(reflection) = gone {
            reflection.end("the page is gone");
        }
    }

    /// Ends those whose time is over.
    pub(crate) fn expire(&self) {
        let mut over = Vec::new();
        self.lock().retain(|_, reflection| {
            let is_over = reflection.is_over() || reflection.age() >= MOST_TIME;
            if is_over {
                over.push(Arc::clone(reflection));
            }
            !is_over
        });
        for reflection in over {
            let minutes = MOST_TIME.as_secs() / 60;
            reflection.end(&format!("{minutes} minutes are over"));
        }
    }

    /// The page whose id a request shows, if it still looks and if it is this server's page that asks.
    pub(crate) fn find(&self, head: &RequestHead<'_>) -> Option<Arc<Reflection>> {
        let id = MirrorId::of(head)?;
        let found = self.lock().get(&id).cloned();
        found.filter(|reflection| !reflection.is_over() && is_own_page(head))
    }

    /// What taps this request, if a page looks at it.
    pub(crate) fn tap(&self, head: &RequestHead<'_>) -> Option<Box<dyn Tap>> {
        let part = Part::parse(head.path()).filter(|part| *part != Part::Watch)?;
        let reflection = self.find(head)?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let explainer = self.explainer.clone();
        Some(Box::new(Listener::new(reflection, explainer, part, number)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MirrorId, Arc<Reflection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn judge(
    open: &HashMap<MirrorId, Arc<Reflection>>,
    address: Option<IpAddr>,
) -> Result<(), TooManyMirrors> {
    let looking = || open.values().filter(|reflection| !reflection.is_over());
    let of_address = looking().filter(|reflection| reflection.address() == address);
    let fits = address.is_none() || of_address.count() < MOST_OF_ADDRESS;
    match looking().count() < MOST_MIRRORS && fits {
        true => Ok(()),
        false => Err(TooManyMirrors),
    }
}

/// Pages that look at one time.
const MOST_MIRRORS: usize = 64;
/// Of these, pages of one client.
const MOST_OF_ADDRESS: usize = 8;
