//! Who asks, by what browsers say and no page can change.

use holdline::origins::{Origin, Origins};
use holdline_http1::RequestHead;

use super::part::PATH;

/// Whether a browser says that the page of this server asks. `Sec-Fetch-Site` says so to `https` and to this machine
/// (Fetch Metadata §2.3); elsewhere a WebSocket has `Origin`, and the rest has `Referer`, which the page asks for.
pub(crate) fn is_own_page(head: &RequestHead<'_>) -> bool {
    let only = |name: &str| {
        let mut values = head.headers().get_all(name);
        let first = values.next();
        // No browser sends two.
        (first, values.next().is_none())
    };
    match only("sec-fetch-site") {
        (Some(site), true) => return site == b"same-origin",
        (Some(_), false) => return false,
        (None, _) => {}
    }
    if let (Some(_), _) = only("origin") {
        return matches!(Origins::default().judge(head), Origin::Own(_));
    }
    match only("referer") {
        (Some(referer), true) => is_page(referer, head),
        _ => false,
    }
}

fn is_page(referer: &[u8], head: &RequestHead<'_>) -> bool {
    let page = || {
        let referer = std::str::from_utf8(referer).ok()?;
        let rest = referer
            .strip_prefix("http://")
            .or_else(|| referer.strip_prefix("https://"))?;
        rest.strip_prefix(head.host()?)
    };
    page() == Some(PATH)
}

/// Whether there are signs of a proxy. One that leaves none is not seen.
pub(crate) fn is_behind_proxy(head: &RequestHead<'_>) -> bool {
    let mut names = head.headers().iter().map(|(name, _)| name);
    names.any(|name| SIGNS.iter().any(|sign| name.eq_ignore_ascii_case(sign)))
}

/// What proxies add.
const SIGNS: [&str; 7] = [
    "Via",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "CF-Connecting-IP",
];
