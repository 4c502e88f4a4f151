use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holdline_websocket::PreparedMessage;

use super::*;

/// The page for a form with these values.
fn page(fields: &[(&str, &str)]) -> (u16, String) {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let (status, page) = Pasted::parse(body.finish().as_bytes()).page();
    (status, String::from_utf8(page).unwrap())
}

/// The page for bytes of which nothing else is said.
fn explained(bytes: &str) -> String {
    let (status, page) = page(&[("kind", "auto"), ("form", "auto"), ("bytes", bytes)]);
    assert_eq!(status, 200, "{page}");
    assert!(page.ends_with("</html>\n"));
    page
}

#[test]
fn bytes_of_every_kind_are_told_and_explained() {
    for (bytes, read_as, words) in [
        (
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP requests, from text",
            "method GET",
        ),
        (
            "HTTP/1.1 204 No Content\n\n",
            "HTTP responses, from text",
            "status 204",
        ),
        (
            "id: 7\ndata: x\n\n",
            "an event stream, from text",
            "last event ID &quot;7&quot;",
        ),
        (
            "8185 37fa213d 7f9f4d5158",
            "WebSocket frames of a client, from hexadecimal",
            "&quot;Hello&quot;",
        ),
        (
            "gQVIZWxsbw==",
            "WebSocket frames of a server, from Base64",
            "&quot;Hello&quot;",
        ),
        ("00 68 69 ff", "frames of the first WebSocket", "hi"),
        (
            "{\"messages\":[],\"cursor\":\"1-1\",\"lost\":false}",
            "an answer of polling",
            "1-1",
        ),
    ] {
        let page = explained(bytes);
        assert!(
            page.contains(&format!("Read as {read_as}")),
            "{bytes}: {page}"
        );
        let (_, result) = page.split_once("id=\"result\"").unwrap();
        assert!(result.contains(words), "{bytes}: {result}");
        assert!(!page.contains("x-mistake"), "{bytes}");
    }
}

#[test]
fn it_is_what_the_command_writes() {
    let page = explained("data: x\n\n");
    let arguments = DecodeArguments::explaining(DecodeKind::Sse, DecodeRole::Client, None);
    let mut rows = Vec::new();
    let pieces = vec![(Side::Server, b"data: x\n\n".to_vec())];
    explain_all(&arguments, pieces, &mut rows).unwrap();
    assert!(page.contains(std::str::from_utf8(&rows).unwrap()));
}

#[test]
fn an_answer_is_judged_by_its_request_and_frames_have_two_directions() {
    let handshake = "GET /s HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n\
        Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n";
    let answer = "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n\n";
    let (status, both) = page(&[("bytes", handshake), ("answer", answer)]);
    assert_eq!(status, 200);
    assert!(both.contains("SHA-1 of the key") && both.contains("server → client"));
    let request = "GET / HTTP/1.1\nHost: a\n\n";
    let (_, both) = page(&[
        ("bytes", request),
        ("answer", "HTTP/1.1 204 No Content\n\n"),
    ]);
    // Nothing is said of the ends of the two, so nobody is named for them.
    assert_eq!(both.matches("<h3 ").count(), 2);
    let (_, both) = page(&[("bytes", "8180 00000000"), ("answer", "8102 6869")]);
    assert!(both.contains("client → server") && both.contains("&quot;hi&quot;"));
    let (status, wrong) = page(&[("bytes", "data: x\n\n"), ("answer", "8102 6869")]);
    assert_eq!(status, 400);
    assert!(wrong.contains("leave the second box empty"));
}

#[test]
fn what_cannot_be_read_is_told_and_the_form_keeps_it() {
    for (fields, words) in [
        (
            [("bytes", ""), ("kind", "auto"), ("form", "auto")],
            "there are no bytes",
        ),
        (
            [("bytes", "8"), ("kind", "auto"), ("form", "hex")],
            "`8` is not pairs",
        ),
        (
            [("bytes", "8"), ("kind", "x"), ("form", "hex")],
            "`kind` is auto",
        ),
        (
            [("bytes", "8"), ("kind", "auto"), ("form", "x")],
            "`form` is auto",
        ),
    ] {
        let (status, page) = page(&fields);
        assert_eq!(status, 400);
        assert!(
            page.contains("id=\"problem\"") && page.contains(words),
            "{page}"
        );
    }
    let long = "a".repeat(65_537);
    let (status, refused) = page(&[("bytes", &long)]);
    assert_eq!(status, 400);
    assert!(refused.contains("at most 65536"));
    // Bytes that break a rule are not wrong: that is what is explained.
    assert!(explained("GET / HTTP/1.1\n\n").contains("x-mistake"));
}

/// A packet of TCP over IPv4, as `tcpdump -X` shows it.
fn packet(from: u16, to: u16, sequence: u32, payload: &[u8]) -> String {
    let builder = etherparse::PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64);
    let builder = builder.tcp(from, to, sequence, 1000);
    let mut packet = Vec::new();
    builder.write(&mut packet, payload).unwrap();
    let rows = packet.chunks(16).enumerate().map(|(row, bytes)| {
        let pairs: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
        format!("\t0x{:04x}:  {pairs}\n", row * 16)
    });
    rows.collect()
}

#[test]
fn packets_leave_the_second_box_unread_and_the_page_says_so() {
    let request = b"GET /|a HTTP/1.1\r\nHost: a\r\n\r\n";
    let dump = packet(5, 80, 1, request) + &packet(6, 80, 1, request);
    let (status, both) = page(&[("bytes", &dump), ("answer", "HTTP/1.1 204 No Content\n\n")]);
    assert_eq!(status, 200);
    assert!(both.contains("Read as packets of a connection"), "{both}");
    assert!(both.contains("; the second box was not read"), "{both}");
    // The page has no options.
    assert!(
        both.contains("to read another, leave the packets of this one out"),
        "{both}"
    );
    assert!(!both.contains("--connection"), "{both}");
    assert!(!explained(&dump).contains("second box"));
}

/// What somebody saw: 170 such lines made 2.7 MB.
#[test]
fn the_same_answer_many_times_is_no_long_page() {
    let handshake = "GET /s HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n\
        Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n";
    let line = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n".repeat(99);
    let answer = format!("HTTP/1.1 101 Switching Protocols\n{line}\n");
    let (_, both) = page(&[("bytes", handshake), ("answer", &answer)]);
    assert_eq!(both.matches("SHA-1 of the key").count(), 1);
    assert!(both.len() < 200 << 10, "{}", both.len());
}

#[test]
fn the_longest_dumps_of_both_sides_can_be_posted() {
    let row = |row: usize| {
        format!(
            "{:08x}  {} |{}|\n",
            row * 16,
            "7c ".repeat(16),
            "|".repeat(16)
        )
    };
    let dump: String = (0..bytes::MOST / 16).map(row).collect();
    let read = read(&dump, None).unwrap();
    assert_eq!(read.concat(), vec![b'|'; bytes::MOST]);
    let mut body = form_urlencoded::Serializer::new(String::new());
    let dump = dump.replace('\n', "\r\n");
    body.append_pair("bytes", &dump)
        .append_pair("answer", &dump);
    let posted = body.finish().len() as u64;
    assert!(posted <= MOST_POSTED, "{posted}");
}

#[test]
fn nothing_that_is_pasted_becomes_a_part_of_the_page() {
    let evil = "</textarea><script>alert(1)</script>&amp; {answer} {kinds}";
    let (_, page) = page(&[
        ("bytes", evil),
        ("answer", evil),
        ("kind", evil),
        ("form", "text"),
    ]);
    assert!(!page.contains("<script>alert"), "{page}");
    assert_eq!(page.matches("&lt;/textarea>&lt;script>").count(), 2);
    assert_eq!(page.matches("&amp;amp; {answer} {kinds}").count(), 2);
    let page = explained("GET /<script>alert(1)</script> HTTP/1.1\nX: \"<b>\n\n");
    assert!(!page.contains("<script>alert") && !page.contains("<b>"));
}

#[test]
fn the_longest_explanation_is_cut_and_says_so() {
    // Empty frames: the most that can be said of the fewest bytes.
    let (status, page) = page(&[("bytes", &"8100".repeat(32_768)), ("form", "hex")]);
    assert_eq!(status, 200);
    assert!(page.contains("id=\"cut\"") && page.ends_with("</html>\n"));
    assert!(page.len() < MOST_WRITTEN + (400 << 10), "{}", page.len());
    let (_, result) = page.split_once("id=\"result\"").unwrap();
    assert_eq!(
        result.matches("<details").count(),
        result.matches("</details>").count()
    );
}

#[test]
fn messages_that_become_far_more_bytes_are_not_all_opened() {
    let message = PreparedMessage::binary(&vec![b'a'; 1 << 20]).with_deflate(6);
    let frame = message.compressed_bytes().unwrap();
    let opened = |count: usize| {
        let (status, page) = page(&[
            ("bytes", &STANDARD.encode(frame.repeat(count))),
            ("form", "base64"),
            ("kind", "websocket-server"),
            ("deflate", "on"),
        ]);
        assert_eq!(status, 200, "{page}");
        assert!(page.ends_with("</html>\n"));
        let messages = page.matches("binary message of 1048576 bytes").count();
        (messages, page.contains("id=\"cut\""))
    };
    assert_eq!(opened(4), (4, false));
    assert_eq!(opened(6), (4, true));
}
