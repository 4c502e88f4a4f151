//! The program's event streams for clients from before `EventSource` and CORS were everywhere: polyfills, and
//! Internet Explorer 8 and 9 with `XDomainRequest`. The tests send the same bytes as these clients.
//!
//! `XDomainRequest` makes only GET and POST requests, without a preflight. The page cannot set header fields, so a
//! POST has the type `text/plain` or, in later versions, none at all. It sends `Origin` and no cookies. It lets the
//! page read the answer only if `Access-Control-Allow-Origin` is `*` or that origin. And it reports no data before 2
//! KiB have arrived.

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

#[allow(dead_code, reason = "what the other tests use")]
#[path = "../emitter/support.rs"]
mod bytes;
#[allow(dead_code, reason = "what the other tests use")]
#[path = "../clients/support.rs"]
mod program;
mod resume;
mod xdr;
