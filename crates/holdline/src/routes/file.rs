//! Files, which are served unchanged.

use crate::answer::Call;
use crate::pages::{Asset, CONTENT_SECURITY_POLICY};
use crate::reply::NO_REFERRER;

/// `vary` says what else the answer depends on.
pub(super) fn file(call: Call<'_, '_>, asset: &Asset, vary: Option<[(&str, &str); 1]>) {
    let etag = asset.etag();
    let headers = [
        ("ETag", etag.as_str()),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
        NO_REFERRER,
    ];
    // RFC 9110 §13.1.2: a weak comparison, so `W/` makes no difference.
    let known = call
        .request
        .head
        .headers()
        .get_all("if-none-match")
        .any(|value| {
            let tags = std::str::from_utf8(value).unwrap_or_default().split(',');
            tags.map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == etag || tag == "*")
        });
    if known {
        return call.bytes(304, (headers, vary), b"");
    }
    call.bytes(
        200,
        ((headers, vary), [("Content-Type", asset.content_type)]),
        asset.body,
    );
}

/// Clients that accept something else get another answer.
pub(super) const VARY: [(&str, &str); 1] = [("Vary", "Accept")];
