//! One byte at a time costs linear work. What is counted are instructions, which a busy machine does not change: this
//! program runs itself under callgrind, and each case with some bytes and with eight times as many.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use bytes::BytesMut;
use holdline_comet::socket;
use holdline_http1::{ServerConfig, ServerConnection};
use holdline_websocket as websocket;

#[test]
fn one_byte_at_a_time_costs_linear_work() {
    if env::var_os(UNDER_CALLGRIND).is_some() {
        return run_all();
    }
    for ((name, _), growth) in CASES.iter().zip(&*GROWTHS) {
        println!("{name}: {growth:.3}");
    }
    for ((name, _), growth) in CASES.iter().zip(&*GROWTHS).skip(1) {
        assert!(*growth < MOST, "{name}: {growth:.3}");
    }
}

#[test]
fn what_is_quadratic_would_be_noticed() {
    assert!(GROWTHS[0] > 2.0 * MOST, "{}", GROWTHS[0]);
}

/// Its name, and what it does with so many bytes.
type Case = (&'static str, fn(usize));

/// The first is what must not be.
const CASES: [Case; 8] = [
    ("a search from the beginning", a_search_from_the_beginning),
    ("an HTTP head", an_http_head),
    ("the size of an HTTP chunk", the_size_of_an_http_chunk),
    ("a line of an event stream", a_line_of_an_event_stream),
    ("an event of many lines", an_event_of_many_lines),
    ("a WebSocket message", a_websocket_message),
    ("many fragments", a_websocket_message_of_many_fragments),
    ("a message of a plain socket", a_message_of_a_plain_socket),
];

const BYTES: usize = 2000;

/// For each case, how many times as many instructions a byte takes when there are eight times as many.
static GROWTHS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("linear");
    // What an earlier run has left, if there was one.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let counted = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=counted"])
        .arg("--toggle-collect=bounds::linear::counted")
        .arg("--dump-after=bounds::linear::counted")
        .arg(env::current_exe().expect("this program"))
        .args(["--exact", "linear::one_byte_at_a_time_costs_linear_work"])
        .args(["--test-threads=1"])
        .env(UNDER_CALLGRIND, "1")
        .current_dir(&folder)
        .output()
        .expect("valgrind is there: `cargo xtask tools` installs it");
    let said = String::from_utf8_lossy(&counted.stderr);
    assert!(counted.status.success(), "{said}");
    // One file for each call of `counted`.
    let total = |number: usize| -> f64 {
        let file = fs::read_to_string(folder.join(format!("counted.{number}")));
        let file = file.unwrap_or_else(|error| panic!("{error}: {said}"));
        let total = file.lines().find_map(|line| line.strip_prefix("totals: "));
        total.expect("a total").trim().parse().expect("a number")
    };
    let growth = |case| total(2 * case + 2) / total(2 * case + 1) / 8.0;
    (0..CASES.len()).map(growth).collect()
});

/// Of these: memory that grows by doubling is copied once more for some lengths than for others.
const MOST: f64 = 1.25;

const UNDER_CALLGRIND: &str = "HOLDLINE_UNDER_CALLGRIND";

fn run_all() {
    for (_, run) in CASES {
        // What is looked up or reserved once.
        run(10);
        counted(run, BYTES);
        counted(run, 8 * BYTES);
    }
}

/// Callgrind knows it by its name.
#[inline(never)]
fn counted(run: fn(usize), bytes: usize) {
    run(bytes);
}

fn a_search_from_the_beginning(bytes: usize) {
    let mut line = Vec::new();
    for _ in 0..bytes / 4 {
        line.push(b'a');
        assert!(!std::hint::black_box(&line).contains(&b'\n'));
    }
}

fn an_http_head(bytes: usize) {
    let mut config = ServerConfig::default();
    config.limits.max_head = 1 << 20;
    let mut connection = ServerConnection::new(config);
    let mut buffer = holdline_http1::Buffer::new();
    let field = format!("A: {}\r\n", "b".repeat(bytes));
    for byte in [b"GET / HTTP/1.1\r\nHost: a\r\n", field.as_bytes()].concat() {
        assert_eq!(connection.receive(&mut &[byte][..], &mut buffer), Ok(None));
    }
}

/// And its extensions.
fn the_size_of_an_http_chunk(bytes: usize) {
    let mut config = ServerConfig::default();
    config.limits.max_chunk_extension = 1 << 20;
    config.limits.max_chunk_extensions = 1 << 20;
    let mut connection = ServerConnection::new(config);
    let mut buffer = holdline_http1::Buffer::new();
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let event = connection.receive(&mut &head[..], &mut buffer);
    assert!(matches!(event, Ok(Some(_))));
    for byte in format!("5;a={}", "b".repeat(bytes)).bytes() {
        assert_eq!(connection.receive(&mut &[byte][..], &mut buffer), Ok(None));
    }
}

fn a_line_of_an_event_stream(bytes: usize) {
    for start in ["data: ", "id: ", ": ", "other: "] {
        let mut decoder = holdline_sse::Decoder::new(holdline_sse::Limits::new());
        let mut buffer = holdline_sse::Buffer::new();
        for byte in format!("{start}{}", "é".repeat(bytes / 2)).bytes() {
            assert_eq!(decoder.decode(&mut &[byte][..], &mut buffer), Ok(None));
        }
    }
}

fn an_event_of_many_lines(bytes: usize) {
    let mut decoder = holdline_sse::Decoder::new(holdline_sse::Limits::new());
    let mut buffer = holdline_sse::Buffer::new();
    for byte in "data: a\n".repeat(bytes / 8).bytes() {
        assert_eq!(decoder.decode(&mut &[byte][..], &mut buffer), Ok(None));
    }
}

fn a_websocket_message(bytes: usize) {
    let mut client = websocket::Connection::client(websocket::Config::default(), || [7; 4]);
    let mut wire = BytesMut::new();
    client
        .send_text(&"é".repeat(bytes / 2), &mut wire)
        .expect("open");
    receive_all_but_the_last(&mut wire);
}

fn a_websocket_message_of_many_fragments(bytes: usize) {
    let mut wire = BytesMut::new();
    // Each with its own header: not final, one byte, masked with zeros.
    for opcode in std::iter::once(2).chain(std::iter::repeat_n(0, bytes / 7)) {
        wire.extend_from_slice(&[opcode, 0x81, 0, 0, 0, 0, b'a']);
    }
    receive_all_but_the_last(&mut wire);
}

fn receive_all_but_the_last(wire: &mut [u8]) {
    let mut server = websocket::Connection::server(websocket::Config::default());
    let mut buffer = websocket::Buffer::new();
    let last = wire.len() - 1;
    for byte in wire[..last].iter_mut() {
        let event = server.receive(&mut std::slice::from_mut(byte), &mut buffer);
        assert_eq!(event, Ok(None));
    }
}

fn a_message_of_a_plain_socket(bytes: usize) {
    let mut decoder = socket::Decoder::new(socket::Limits::default());
    let mut buffer = socket::Buffer::new();
    for byte in "é".repeat(bytes / 2).bytes() {
        assert_eq!(decoder.decode(&mut &[byte][..], &mut buffer), Ok(None));
    }
}
