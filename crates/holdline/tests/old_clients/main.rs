//! The program's event streams for clients from before `EventSource` and CORS were everywhere:
//! polyfills, and Internet Explorer 8 and 9 with `XDomainRequest`. The bytes are what these send.
//!
//! Of `XDomainRequest`: it makes GET and POST requests only, without a preflight; the page can set
//! no header field, so a POST has the type `text/plain` or, in later versions, none at all; it
//! sends `Origin` and no cookies; it lets the page read the answer only if
//! `Access-Control-Allow-Origin` is `*` or that origin; and it tells of no data before 2 KiB.

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

#[allow(dead_code, reason = "what the other tests use")]
#[path = "../emitter/support.rs"]
mod bytes;
#[allow(dead_code, reason = "what the other tests use")]
#[path = "../clients/support.rs"]
mod program;
mod resume;
mod xdr;
