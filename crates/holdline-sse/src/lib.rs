//! Server-sent events without IO: decoder, encoder and the `EventSource` client state.
//!
//! ```
//! use holdline_sse::{Buffer, Decoder, Item};
//!
//! let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
//! let mut input = &b"event: say\ndata: hello\n\n"[..];
//! while let Some(Item::Event(event)) = decoder.decode(&mut input, &mut buffer)? {
//!     assert_eq!((event.event, event.data), ("say", "hello"));
//! }
//! # Ok::<(), holdline_sse::DecodeError>(())
//! ```
//!
//! - [`Decoder`]: bytes to [`Item`]s. It wants a [`Buffer`] beside it, for what arrives in pieces.
//! - [`EventFields`], [`encode_comment`], [`encode_id`], [`encode_retry`], [`HEARTBEAT`],
//!   [`PADDING`]: items to bytes.
//! - [`EventSource`]: the client that reconnects, with time and random bits from the caller.
//! - [`Line`] and [`FieldName`]: one line, without state.
//! - `Codec`, with feature `tokio-util`: decoder and encoder for `Framed`, with owned items.
//!
//! # The shape
//!
//! [`Decoder::decode`] takes bytes from the front of a slice and returns at the end of an item.
//! `Ok(None)` means that the slice is used up. It takes nothing beyond the item, and gives the
//! same items, at the same offsets, however the stream is cut. Beyond one of the [`Limits`] it
//! fails with a [`DecodeError`], takes the whole slice, and fails in the same way from then on.
//! [`Decoder::decode_eof`] ends a stream.
//!
//! # The rules
//!
//! Sections are those of [WHATWG HTML, chapter 9](https://html.spec.whatwg.org/multipage/server-sent-events.html).
//! The tests are in `tests/sse/`, mostly `rules.rs` and the files beside it; each runs its bytes
//! whole, at every split, byte by byte, and followed by other bytes.
//!
//! | rule | section | test |
//! |---|---|---|
//! | One U+FEFF at the start is ignored, and no other. | 9.2.5 | `only_one_byte_order_mark_is_ignored` |
//! | CR, LF and CRLF each end a line; a CR ends it at once. | 9.2.5 | `an_event_is_dispatched_at_the_cr_of_its_blank_line` |
//! | UTF-8 is decoded after lines are split, one U+FFFD for each maximal subpart. | 9.2.5 | `each_maximal_subpart_becomes_one_replacement_character` |
//! | A line that begins with a colon is a comment. | 9.2.6 | `comments_are_ignored_inside_and_between_blocks` |
//! | One space after the colon is removed. | 9.2.6 | `one_space_after_the_colon_is_removed` |
//! | A line without a colon is a field with an empty value. | 9.2.6 | `a_line_without_a_colon_is_a_name_with_an_empty_value` |
//! | Field names are compared literally; others are ignored. | 9.2.6 | `field_names_are_compared_literally` |
//! | `data` lines are joined with LF. | 9.2.6 | `data_lines_are_joined_with_lf` |
//! | A block without `data` dispatches nothing; empty data dispatches. | 9.2.6 | `data_with_empty_lines_is_dispatched` |
//! | The event type is reset at every blank line; empty means `message`. | 9.2.6 | `the_type_is_reset_at_every_blank_line` |
//! | `id` with NUL is ignored. | 9.2.6 | `an_id_with_nul_is_ignored` |
//! | `id` is committed at the blank line, even when nothing is dispatched. | 9.2.6 | `an_id_is_committed_at_the_blank_line_even_when_nothing_is_dispatched` |
//! | `id` stays until the next one; `id` alone resets it. | 9.2.6 | `an_empty_id_resets_it` |
//! | `retry` has ASCII digits only and takes effect at once. | 9.2.6 | `retry_takes_effect_at_the_end_of_its_line` |
//! | What is unfinished at the end is discarded, unless the caller asks for it. | 9.2.6 | `what_is_unfinished_at_the_end_is_discarded`, `a_stream_that_ends_inside_an_event_says_so` |
//! | `Last-Event-ID` is the ID as UTF-8. | 9.2.4 | `the_last_event_id_is_sent_as_raw_utf8` |
//! | It is left out when it is empty or no header field can carry it. | 9.2.4, RFC 9110 5.5 | `an_id_that_a_header_cannot_carry_is_left_out` |
//! | Only 200 with `text/event-stream` opens the stream. | 9.2.3 | `only_200_with_text_event_stream_opens` |
//! | A content coding was not asked for, and closes. | RFC 9110 12.5.3 | `a_compressed_stream_ends_the_source_with_a_reason` |
//! | 204 and every other status close, unless a policy says otherwise. | 9.2.3 | `other_statuses_are_final`, `a_policy_may_retry_statuses` |
//! | Redirects 301, 302, 303, 307 and 308 are followed. | Fetch 4.4 | `redirects_are_followed_at_once`, `redirects_change_a_post_as_fetch_does` |
//! | `Retry-After` is seconds or a date. | RFC 9110 10.2.3 | `retry_after_may_be_a_date` |
//! | A stream that ends is requested again after the reconnection time. | 9.2.3 | `a_stream_that_ends_is_requested_again_after_the_reconnection_time` |
//!
//! Where the standard is silent or the browsers differ from it:
//!
//! - A `retry` without digits is ignored, and one that is too large saturates. The client waits for
//!   at most an hour ([`Config::max_server_delay`]).
//! - Only an event ends the client's back-off, or a stream that outlived the delay before it.
//! - A new stream begins with the last event ID of the one before, as in Chromium. By the
//!   standard's letter the buffer begins empty, and the first blank line would lose the ID.
//! - An event over a [limit](Limits) is an error. The standard knows no limits.
//!
//! # Old browsers
//!
//! Browsers without `EventSource` use a polyfill over `XMLHttpRequest`, or over `XDomainRequest`
//! in Internet Explorer 8 and 9. What they need is up to the server that uses this crate:
//!
//! | rule | why |
//! |---|---|
//! | [`PADDING`] first, when the query asks for it (`padding=true`, `evs_preamble`). | Nothing of a response is shown before 2 KiB of it have come. |
//! | The last event ID also from the query: `lastEventId`, `evs_last_event_id`. The header field goes before the query; of several in the query, the last that is not empty. | The polyfill cannot set `Last-Event-ID`, or only after a preflight. It appends its parameter to the page's URL, which may have one already. |
//! | `Access-Control-Allow-Origin` with the request's `Origin`, if it is allowed, and also if it is the server's own; and `Vary: Origin`. | To `XDomainRequest` every server is another site. |
//! | A `POST` body is taken without `Content-Type`, or as `text/plain`. | `XDomainRequest` sends nothing else, and no method but GET and POST. |
//! | Tokens in the URL. | It sends no cookies, no `Authorization` and no fields of the page's own. |
//! | The scheme of the page. | It refuses `https:` from a page of `http:`, and the other way round. |
//! | [`HEARTBEAT`] every 15 seconds. | A polyfill takes 45 silent seconds for a lost connection. |
//! | An end after a few MiB. | These browsers keep the response in memory. The client comes back with its last event ID. |
//!
//! The `holdline` crate reads such requests and chooses the fields of the answer in its modules
//! `event_stream` and `origins`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod buffer;
mod client;
#[cfg(feature = "tokio-util")]
mod codec;
mod decoder;
mod encoder;
mod error;
mod event;
mod field;
mod limits;
mod line;
mod text;

pub use buffer::Buffer;
pub use client::{Config, EventSource, ReadyState, Reason, Request, Response, is_temporary};
#[cfg(feature = "tokio-util")]
pub use codec::{Codec, CodecError};
pub use decoder::Decoder;
pub use encoder::{EventFields, HEARTBEAT, PADDING, encode_comment, encode_id, encode_retry};
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use event::{Event, EventBuf, Item, ItemBuf};
pub use field::{FieldName, Line};
pub use limits::Limits;

/// The examples in the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
