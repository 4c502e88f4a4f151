//! What to decode, where it comes from, and how to show it.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use holdline_websocket::{Deflate, Role};

/// What to decode, and how to show it.
#[derive(Args, Clone, Debug)]
pub(crate) struct DecodeArguments {
    /// What the bytes are.
    #[arg(value_enum)]
    pub(crate) kind: DecodeKind,
    /// The file to read; `-` is standard input.
    #[arg(default_value = "-", value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// websocket, hixie76: the side that receives. A server expects masked frames, a client unmasked ones.
    #[arg(long, value_enum, default_value_t = DecodeRole::Server)]
    pub(crate) role: DecodeRole,
    /// websocket, and after an upgrade: permessage-deflate was negotiated; PARAMS is what the server answered in
    /// Sec-WebSocket-Extensions, such as "server_no_context_takeover; client_max_window_bits=12".
    #[arg(
        long,
        value_parser = deflate_answer,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        value_name = "PARAMS"
    )]
    pub(crate) deflate: Option<Deflate>,
    /// http1-response: the method of the requests. A response to HEAD has no body.
    #[arg(long, default_value = "GET", value_name = "METHOD")]
    pub(crate) method: String,
    /// http1-response, connection: print the events of an event stream instead of its data. --explain always does.
    #[arg(long)]
    pub(crate) events: bool,
    /// The input is a hex dump: of xxd, hexdump -C, od -A x -t x1, tcpdump -X, or just digits.
    #[arg(long, conflicts_with = "pcap")]
    pub(crate) hex: bool,
    /// The input is a capture (pcap or pcapng), of which one TCP connection is read.
    #[arg(long)]
    pub(crate) pcap: bool,
    /// Which connection of a capture to read, in the order of their first packets.
    #[arg(long, default_value = "1", value_name = "N")]
    pub(crate) connection: NonZeroUsize,
    /// Feed the decoder at most N bytes at a time.
    #[arg(long, value_name = "N")]
    pub(crate) chunk: Option<NonZeroUsize>,
    /// Print the bytes themselves, and what each of them means, for people to read: as text, or as a page of HTML.
    #[arg(
        long,
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text",
        value_name = "FORM"
    )]
    pub(crate) explain: Option<Explanation>,
    /// --explain: the greatest width of a line in columns [default: the terminal's, or 115].
    #[arg(long, value_parser = clap::value_parser!(u16).range(60..), value_name = "COLUMNS")]
    pub(crate) width: Option<u16>,
    /// Bytes that messages may have together, as they are when nothing is compressed.
    #[arg(skip)]
    pub(crate) most_inflated: Option<usize>,
}

impl DecodeArguments {
    /// What explains bytes on a page.
    pub(crate) fn explaining(kind: DecodeKind, role: DecodeRole, deflate: Option<Deflate>) -> Self {
        Self {
            kind,
            role,
            deflate,
            file: PathBuf::from("-"),
            method: "GET".to_owned(),
            events: true,
            hex: false,
            pcap: false,
            connection: NonZeroUsize::MIN,
            chunk: None,
            explain: Some(Explanation::Html),
            width: None,
            most_inflated: Some(MOST_INFLATED),
        }
    }
}

/// Bytes of messages that are opened for a page. Compression makes them a thousand times as many as are pasted.
const MOST_INFLATED: usize = 4 << 20;

/// What `holdline decode` can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DecodeKind {
    /// Requests, one after the other, as a server receives them, and what follows an upgrade.
    Http1Request,
    /// Responses, as a client receives them, and what follows an upgrade.
    Http1Response,
    /// A body of type text/event-stream.
    Sse,
    /// Frames, from the first byte after the handshake.
    Websocket,
    /// The WebSocket of the first browsers, from the first byte after the head on.
    Hixie76,
    /// A body of polling, long polling, JSONP, XHR or iframe streaming.
    Comet,
    /// Both sides of an HTTP/1.1 connection, and what follows an upgrade: with --pcap, or a dump of tcpdump with --hex.
    Connection,
}

/// How `--explain` looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Explanation {
    /// Rows for a terminal.
    Text,
    /// A page for a browser, in which each field opens by a click.
    Html,
}

/// The side of a connection that receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DecodeRole {
    /// Frames must be masked.
    Server,
    /// Frames must not be masked.
    Client,
}

impl From<DecodeRole> for Role {
    fn from(role: DecodeRole) -> Self {
        match role {
            DecodeRole::Server => Self::Server,
            DecodeRole::Client => Self::Client,
        }
    }
}

/// Parses the value of `Sec-WebSocket-Extensions`, or only its parameters.
fn deflate_answer(text: &str) -> Result<Deflate, String> {
    let text = text.trim().trim_matches(';');
    let answer = match text {
        "" => "permessage-deflate".to_owned(),
        whole if whole.starts_with("permessage-deflate") => whole.to_owned(),
        parameters => format!("permessage-deflate; {parameters}"),
    };
    Deflate::from_answer(&answer).ok_or_else(|| {
        format!(
            "`{answer}` is no answer of a server (RFC 7692 §7.1): give what it sent in \
             Sec-WebSocket-Extensions, with server_no_context_takeover, client_no_context_takeover, \
             server_max_window_bits=8 to 15 and client_max_window_bits=8 to 15"
        )
    })
}

/// The end of the long help of `holdline decode`.
pub(super) const DECODE_OUTPUT: &str = r#"Each item of the stream is printed as soon as it is there, as one line of JSON:

  http1-request   {"request":{"method","target","version","headers":[[name,value],…]}}
  http1-response  {"response":{"status","reason","version","headers"}}, also for 1xx
    and then      {"data":"…"} as often as needed, {"end":{"trailers":[[name,value],…]}}
  sse             {"event":"message","data":"…","id":"…"}  {"comment":"…"}  {"retry":3000}
  websocket       {"text":"…"}  {"binary":"hex"}  {"ping":"hex"}  {"pong":"hex"}
                  {"close":{"code":1000,"reason":""}}
  hixie76         {"challenge":"hex"} or {"answer":"hex"}, {"text":"…"}  {"close":{}}
  comet           {"message":{"id","channel","event","data"}}  {"poll":{"cursor","lost"}}
                  {"callback":"F"}  {"prelude":2048}  {"heartbeat":1}  {"policy_file_request":{}}
  connection      all of these, each with "from":"client" or "from":"server" before the rest

After a request that offers an upgrade, and after a 101, what follows is read as the other
protocol. In requests alone it is told by its first two bytes, which no request begins with.

When the stream breaks a rule, the last line is
{"error":{"kind":"…","at":OFFSET,"rfc":"RFC 9112 §6.3","status":400}}, with "close_code" instead
of "status" for websocket and neither for the others. A stream that ends too soon is such an error,
except for sse, where the standard says to drop what is unfinished.

The output is the same however the input is cut. A body's data is printed where a chunk of
the chunked coding ends, after each 64 KiB, and at the end of the body; a code point that is
cut there goes to the next line. Data that is not UTF-8 is {"data_hex":"…"} instead. A header
value or reason that is not UTF-8 is {"latin1":"…"}, one character for each byte.

After a close frame, or a message that ends the connection, the rest is not looked at.

Exit status: 0 all is right, 1 the stream breaks a rule, 2 wrong usage or an unreadable file."#;
