//! What the requests of a page took on the wire. A browser does not show heads and framing to a page, so the page asks
//! the server: every request that carries the same `meter` is counted together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use holdline_net::Meter;
use serde_json::{Value, json};

/// The meters of all pages.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    pages: Mutex<HashMap<MeterId, Page>>,
}

/// Names a page: what stands in `meter`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct MeterId(u64);

impl MeterId {
    /// 16 hexadecimal digits, which a page makes up.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = digits.then(|| u64::from_str_radix(text, 16))?;
        id.ok().map(Self)
    }
}

#[derive(Debug)]
struct Page {
    /// Those that are over.
    past: Total,
    open: Vec<Arc<Meter>>,
    /// Requests that were not counted, because so many were open.
    uncounted: u64,
    used: Instant,
}

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    requests: u64,
    received: u64,
    sent: u64,
}

impl Meters {
    /// Counts another request of a page. `None` if that has too many open.
    pub(crate) fn begin(&self, id: MeterId) -> Option<Arc<Meter>> {
        let now = Instant::now();
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if !pages.contains_key(&id) && pages.len() >= MAX_PAGES {
            make_room(&mut pages, now);
        }
        let page = pages.entry(id).or_insert_with(|| Page::new(now));
        page.used = now;
        page.settle();
        if page.open.len() >= MAX_OPEN {
            page.uncounted += 1;
            return None;
        }
        let meter = Arc::new(Meter::new());
        page.open.push(Arc::clone(&meter));
        Some(meter)
    }

    /// What a page's requests took so far.
    pub(crate) fn read(&self, id: MeterId) -> Value {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut none = Page::new(Instant::now());
        let page = pages.get_mut(&id).unwrap_or(&mut none);
        page.used = Instant::now();
        page.settle();
        let mut total = page.past;
        for meter in &page.open {
            total.add(meter);
        }
        json!({
            "requests": total.requests,
            "open": page.open.len(),
            "received": total.received,
            "sent": total.sent,
            "uncounted": page.uncounted,
        })
    }
}

/// Forgets pages that nobody looks at any more, or else the one that was used longest ago.
fn make_room(pages: &mut HashMap<MeterId, Page>, now: Instant) {
    pages.retain(|_, page| now.duration_since(page.used) < MAX_AGE);
    if pages.len() >= MAX_PAGES
        && let Some(oldest) = pages.iter().min_by_key(|(_, page)| page.used)
    {
        let oldest = *oldest.0;
        pages.remove(&oldest);
    }
}

impl Page {
    fn new(now: Instant) -> Self {
        Self {
            past: Total::default(),
            open: Vec::new(),
            uncounted: 0,
            used: now,
        }
    }

    /// Adds up what is over.
    fn settle(&mut self) {
        let past = &mut self.past;
        self.open.retain(|meter| {
            // Without an end and without a connection it was never begun.
            let is_open = meter.end().is_none() && Arc::strong_count(meter) > 1;
            if !is_open {
                past.add(meter);
            }
            is_open
        });
    }
}

impl Total {
    fn add(&mut self, meter: &Meter) {
        self.requests += 1;
        self.received += meter.received();
        self.sent += meter.sent();
    }
}

/// Pages whose requests are counted at one time.
const MAX_PAGES: usize = 1000;
/// Open requests of one page that are counted. A browser has fewer.
const MAX_OPEN: usize = 64;
/// A page that made no request for so long is the first to be forgotten.
const MAX_AGE: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> MeterId {
        MeterId::parse(&format!("{number:016x}")).unwrap()
    }

    #[test]
    fn a_meter_is_named_by_sixteen_hexadecimal_digits() {
        assert!(MeterId::parse("00ffAB0123456789").is_some());
        for bad in [
            "",
            "1",
            "00ffAB012345678",
            "00ffAB01234567890",
            "+0ffAB0123456789",
            "00ffAB012345678g",
            "é0ffAB01234567",
        ] {
            assert_eq!(MeterId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_not_counted_is_told() {
        let meters = Meters::default();
        let open: Vec<_> = (0..MAX_OPEN)
            .map(|_| meters.begin(id(1)).unwrap())
            .collect();
        assert!(meters.begin(id(1)).is_none());
        let read = meters.read(id(1));
        assert_eq!(read["open"], MAX_OPEN);
        assert_eq!(read["requests"], MAX_OPEN);
        assert_eq!(read["uncounted"], 1);
        drop(open);
        assert_eq!(meters.read(id(2))["requests"], 0);
    }

    #[test]
    fn pages_are_bounded_and_the_one_that_was_used_longest_ago_goes() {
        let meters = Meters::default();
        for number in 0..MAX_PAGES as u64 {
            meters.begin(id(number)).unwrap();
        }
        // The first is looked at, so the second is the oldest.
        assert_eq!(meters.read(id(0))["requests"], 1);
        meters.begin(id(u64::MAX)).unwrap();
        assert_eq!(meters.pages.lock().unwrap().len(), MAX_PAGES);
        assert_eq!(meters.read(id(0))["requests"], 1);
        assert_eq!(meters.read(id(1))["requests"], 0);
    }
}
