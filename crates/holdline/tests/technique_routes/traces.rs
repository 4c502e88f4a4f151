//! What no browser of today can run: the bytes that such clients sent, and what the server sends now. The pages show
//! what is recorded here; `RECORD_TRACES=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use crate::program::serve;
use crate::wire::Wire;

/// Both sides of a connection, for people.
struct Trace {
    wire: Wire,
    text: String,
}

impl Trace {
    fn connect(address: &str) -> Self {
        Self {
            wire: Wire::connect(address),
            text: String::new(),
        }
    }

    fn say(&mut self, remark: &str) {
        for line in remark.lines() {
            writeln!(self.text, "{}", format!("# {line}").trim_end()).unwrap();
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.wire.send(bytes);
        self.text.push_str(&shown('>', bytes));
    }

    fn receive(&mut self, end: &[u8]) {
        let bytes = self.wire.until(end);
        self.text.push_str(&shown('<', &bytes));
    }

    /// Compares with what is recorded.
    fn check(self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/techniques/traces");
        let path = folder.join(name).with_extension("txt");
        if std::env::var_os("RECORD_TRACES").is_some() {
            std::fs::write(&path, &self.text).unwrap();
        }
        let recorded = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            self.text, recorded,
            "{name}: record it anew with RECORD_TRACES=1"
        );
    }
}

/// Lines with a mark in front, bytes that are no text by their value, long rows of blanks by their number, and what is
/// different each time as what it stands for.
fn shown(mark: char, bytes: &[u8]) -> String {
    let text: String = bytes
        .utf8_chunks()
        .map(|chunk| {
            let mut text = chunk.valid().replace("\r\n", "\n").replace('\0', "[00]");
            for byte in chunk.invalid() {
                write!(text, "[{byte:02x}]").unwrap();
            }
            text
        })
        .collect();
    let mut out = String::new();
    for line in text.strip_suffix('\n').unwrap_or(&text).split('\n') {
        writeln!(out, "{}", format!("{mark} {}", steady(line)).trim_end()).unwrap();
    }
    out
}

fn steady(line: &str) -> String {
    if line.starts_with("Date: ") {
        return "Date: (now)".to_owned();
    }
    let blanks = line.len() - line.trim_start_matches([':', ' ']).len();
    if blanks > 40 {
        let colon = if line.starts_with(':') { ":" } else { "" };
        let rest = line.trim_start_matches([':', ' ']);
        return format!("{colon} ({} blanks) {rest}", blanks - colon.len());
    }
    // A cursor: the epoch is another one in each life of the server.
    let mut steady = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('-') {
        let (before, after) = rest.split_at(at);
        let epoch = before
            .len()
            .checked_sub(16)
            .and_then(|from| before.get(from..));
        match epoch {
            Some(epoch) if epoch.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                steady.push_str(&before[..before.len() - 16]);
                steady.push('E');
            }
            _ => steady.push_str(before),
        }
        steady.push('-');
        rest = &after[1..];
    }
    steady + rest
}

#[test]
fn htmlfile() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut trace = Trace::connect(&address);
    trace.say(
        "Internet Explorer 6. In the page:\n\n\
        var hidden = new ActiveXObject(\"htmlfile\");\n\
        hidden.open();\n\
        hidden.write(\"<html><body></body></html>\");\n\
        hidden.close();\n\
        hidden.parentWindow.receive = receive;\n\
        var frame = hidden.createElement(\"iframe\");\n\
        frame.src = \"http://example.com/channels/news/iframe?callback=receive\";\n\
        hidden.body.appendChild(frame);\n\n\
        \"E\" stands for the epoch of the server's cursors.\n",
    );
    trace.send(
        b"GET /channels/news/iframe?callback=receive HTTP/1.1\r\nAccept: */*\r\nAccept-Language: en-us\r\n\
        Accept-Encoding: gzip, deflate\r\n\
        User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)\r\nHost: example.com\r\n\
        Connection: Keep-Alive\r\n\r\n",
    );
    trace.receive(b"</script>\n\r\n");
    let mut publisher = Wire::connect(&address);
    for text in ["hello", "</script> & \u{2028}"] {
        trace.say("somebody publishes");
        publisher.post("/channels/news", text);
        trace.receive(b"</script>\n\r\n");
    }
    trace.check("htmlfile");
}

#[test]
fn xdomainrequest() {
    let (_server, address) = serve("127.0.0.1:0", &["--allow-origin", "http://app.example"]);
    let mut trace = Trace::connect(&address);
    trace.say(
        "Internet Explorer 8, for a page of http://app.example; the server has --allow-origin http://app.example.\n\
        The page may set no header field, so the last ID stands in the address.\n",
    );
    trace.send(
        b"GET /channels/news/sse?padding=true&lastEventId= HTTP/1.1\r\nAccept: */*\r\n\
        Origin: http://app.example\r\nAccept-Language: en-US\r\nAccept-Encoding: gzip, deflate\r\n\
        User-Agent: Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)\r\nHost: example.com\r\n\
        Connection: Keep-Alive\r\n\r\n",
    );
    trace.receive(b"-0\n\n\r\n");
    trace.say("it publishes over another connection, as text/plain");
    let mut poster = Trace::connect(&address);
    poster.send(
        b"POST /channels/news HTTP/1.1\r\nAccept: */*\r\nOrigin: http://app.example\r\n\
        Content-Type: text/plain\r\nContent-Length: 5\r\nHost: example.com\r\n\r\nhello",
    );
    poster.receive(b"}");
    trace.text.push_str(&poster.text);
    trace.say("and the first one gets");
    trace.receive(b"hello\n\n\r\n");
    trace.check("xdomainrequest");
}

#[test]
fn hixie76() {
    let (_server, address) = serve("127.0.0.1:0", &["--legacy-hixie76"]);
    let mut trace = Trace::connect(&address);
    trace.say(
        "Safari 5, with the keys of the draft; the server has --legacy-hixie76.\n\
        Eight bytes follow the head, and the answer's last 16 bytes prove that they were read.\n",
    );
    trace.send(
        b"GET /channels/news/websocket HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
        Host: example.com\r\nOrigin: http://example.com\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n\
        Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n^n:ds[4U",
    );
    trace.receive(b"8jKS'y:G*Co,Wxa-");
    trace.say("a message is a byte 00, text, and a byte ff");
    trace.receive(b"\xff");
    trace.send(b"\x00hello\xff");
    trace.receive(b"\xff");
    trace.say("ff and 00 close it");
    trace.send(b"\xff\x00");
    trace.receive(b"\xff\x00");
    trace.check("hixie76");
}

#[test]
fn plug_in_socket() {
    let options = [
        "--socket-listen",
        "127.0.0.1:0",
        "--allow-origin",
        "http://app.example",
    ];
    let (_server, address) = serve("127.0.0.1:0", &options);
    let mut http = Wire::connect(&address);
    http.get("/channels/news");
    let answer = String::from_utf8(http.until(b"}}")).unwrap();
    let port = answer.split("\"tcp://example.com:").nth(1).unwrap();
    let port = port.split('"').next().unwrap();
    let socket = format!("127.0.0.1:{port}");
    let mut policy = Trace::connect(&socket);
    policy.say(
        "Flash, for a page of http://app.example; the server has --socket-listen and --allow-origin\n\
        http://app.example. [00] is a NUL. First, on a connection of its own, Flash asks whether it may.\n",
    );
    policy.send(b"<policy-file-request/>\0");
    policy.receive(b"\0");
    let mut trace = Trace::connect(&socket);
    trace.text = policy.text.replace(&format!("\"{port}\""), "\"843\"");
    trace.say("then its XMLSocket connects, and says what it wants");
    trace.send(br#"{"subscribe":["news"],"name":"ann"}"#);
    trace.send(b"\0");
    trace.receive(b"\0");
    trace.say("somebody publishes by POST");
    http.post("/channels/news", "hello");
    trace.receive(b"\0");
    trace.say("it publishes itself, and is answered");
    trace.send(b"{\"publish\":\"news\",\"data\":\"hi\",\"ref\":1}\0");
    trace.receive(b"\0");
    trace.receive(b"\0");
    trace.say("one bad message ends it");
    trace.send(b"hello?\0");
    trace.receive(b"\0");
    trace.check("plug-in-socket");
}
