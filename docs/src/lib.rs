//! The protocol book, compiled: each module is one chapter of `docs/`.
//!
//! `cargo test -p holdline-docs --doc` runs every Rust block of the book. A block that fails is
//! named by its chapter. The line is rustdoc's own count, which begins above the chapter.
#![forbid(unsafe_code)]

/// Where the book's links lead in rustdoc. Each chapter ends with definitions of the same names for
/// readers of the files; of two definitions the first one counts, so these stand before the text.
macro_rules! links {
    () => {
        "\
[start.md]: crate::start
[sans-io.md]: crate::sans_io
[comet.md]: crate::comet
[proxies.md]: crate::proxies
[security.md]: crate::security
[errors.md]: crate::errors
[exercises.md]: crate::exercises
[push.md]: crate::push
[http1.md]: crate::http1
[sse.md]: crate::sse
[websocket.md]: crate::websocket
[client.md]: crate::client
[server.md]: crate::server
[inspector.md]: crate::inspector
[illustrated.md]: crate::illustrated
[architecture.md]: crate::architecture
[benchmarks.md]: crate::benchmarks
[measured.md]: crate::measured
[rules.md]: crate::rules
[rules-rfc6455.md]: crate::rules_rfc6455
[rules-rfc7692.md]: crate::rules_rfc7692
[rules-event-stream.md]: crate::rules_event_stream
[rules-rfc9112.md]: crate::rules_rfc9112
[holdline-http1]: holdline_http1
[holdline-sse]: holdline_sse
[holdline-websocket]: holdline_websocket
[holdline-comet]: holdline_comet
[holdline-net]: holdline_net
[http1-rules]: holdline_http1::rules
[http1-states]: holdline_http1::states

"
    };
}

macro_rules! chapters {
    ($($name:ident: $file:literal;)*) => {
        $(
            #[doc = links!()]
            #[doc = include_str!($file)]
            pub mod $name {}
        )*
    };
}

chapters! {
    readme: "../README.md";
    start: "../start.md";
    sans_io: "../sans-io.md";
    push: "../push.md";
    comet: "../comet.md";
    proxies: "../proxies.md";
    security: "../security.md";
    errors: "../errors.md";
    exercises: "../exercises.md";
    http1: "../http1.md";
    sse: "../sse.md";
    websocket: "../websocket.md";
    client: "../client.md";
    server: "../server.md";
    illustrated: "../illustrated.md";
    inspector: "../inspector.md";
    architecture: "../architecture.md";
    assurance: "../assurance.md";
    conformance: "../conformance.md";
    benchmarks: "../benchmarks.md";
    measured: "../measured.md";
    rules: "../rules.md";
    rules_rfc6455: "../rules-rfc6455.md";
    rules_rfc7692: "../rules-rfc7692.md";
    rules_event_stream: "../rules-event-stream.md";
    rules_rfc9112: "../rules-rfc9112.md";
}

/// The README of the repository. It is no chapter: only its blocks are run, since its links are
/// paths for readers of the files.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod root {}
