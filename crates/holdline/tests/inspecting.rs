//! `holdline decode` with hex dumps, captures and pages, as people run it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use etherparse::PacketBuilder;

const REQUEST: &[u8] =
    b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const RESPONSE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const HELLO: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
const ECHO: &[u8] = b"\x81\x05Hello";

#[test]
fn a_capture_is_read_in_order_whatever_happened_on_the_way() {
    let (client, server) = (50_000, 80);
    let packets = [
        other_connection(),
        syn(client, server, 0xffff_fff0),
        packet(client, server, 0xffff_fff1, REQUEST),
        packet(server, client, 1000, RESPONSE),
        // Early, late, and twice; the numbers wrap around.
        packet(
            server,
            client,
            after(1000, &[RESPONSE, &ECHO[..3]]),
            &ECHO[3..],
        ),
        packet(server, client, after(1000, &[RESPONSE]), &ECHO[..3]),
        packet(server, client, after(1000, &[RESPONSE]), ECHO),
        packet(client, server, 0xffff_fff1, REQUEST),
        packet(client, server, after(0xffff_fff1, &[REQUEST]), HELLO),
    ];
    let mut lines = vec![
        r#"{"from":"client","request":{"#,
        r#"{"from":"client","end":{"#,
        r#"{"from":"server","response":{"#,
        r#"{"from":"server","end":{"#,
        r#"{"from":"server","text":"Hello"}"#,
        r#"{"from":"client","text":"Hello"}"#,
    ];
    for (name, file) in [("pcap", pcap(&packets)), ("pcapng", pcapng(&packets))] {
        let path = write(&format!("capture.{name}"), &file);
        let path = path.to_str().expect("UTF-8");
        let output = run(&["connection", "--pcap", "--connection", "2", path]);
        assert_lines(&output, &lines);
        assert_eq!(output.status.code(), Some(0), "{name}");
        assert!(
            error(&output).contains("the capture has 2 connections"),
            "{}",
            error(&output)
        );
        for chunk in ["1", "3", "7"] {
            let cut = run(&[
                "connection",
                "--pcap",
                "--connection",
                "2",
                "--chunk",
                chunk,
                path,
            ]);
            assert_eq!(cut.stdout, output.stdout);
        }
        // A kind of one direction takes that direction.
        let output = run(&["http1-response", "--pcap", "--connection=2", path]);
        assert_eq!(text(&output).lines().last(), Some(r#"{"text":"Hello"}"#));
        let output = run(&["sse", "--pcap", "--connection=3", path]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            error(&output).contains("it holds 2 TCP connections"),
            "{}",
            error(&output)
        );
    }

    // The same from the text of tcpdump -X.
    let dump: String = packets.iter().map(|packet| tcpdump(packet)).collect();
    let path = write("capture.txt", dump.as_bytes());
    let path = path.to_str().expect("UTF-8");
    let output = run(&["connection", "--hex", "--connection=2", path]);
    assert_lines(&output, &lines);

    // Without its beginning, the first bytes tell who is who, and a gap is told.
    let late = [
        packet(server, client, 1000, RESPONSE),
        packet(server, client, after(1001, &[RESPONSE]), &ECHO[1..]),
    ];
    let path = write("late.pcap", &pcap(&late));
    let output = run(&["connection", "--pcap", path.to_str().expect("UTF-8")]);
    lines.truncate(4);
    assert_lines(&output, &lines[2..]);
    assert!(
        error(&output).contains("a packet of the server is missing: 6 bytes"),
        "{}",
        error(&output)
    );
}

/// What came behind such a packet waited for bytes that had been there, and a note called them missing.
#[test]
fn a_packet_that_begins_a_connection_and_comes_again_later_changes_nothing() {
    let (client, server) = (2000, 80);
    let begins = [syn(client, server, 99), syn_ack(server, client, 999)];
    let exchange = |client_at: u32, server_at: u32| {
        [
            packet(
                client,
                server,
                client_at,
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            ),
            packet(
                server,
                client,
                server_at,
                b"HTTP/1.1 204 No Content\r\n\r\n",
            ),
        ]
    };
    let again = exchange(100 + 27, 1000 + 27);
    let packets = [&begins[..], &exchange(100, 1000), &begins, &again].concat();
    let path = write("again.pcap", &pcap(&packets));
    let output = run(&["connection", "--pcap", path.to_str().expect("UTF-8")]);
    let lines = [
        r#"{"from":"client","request":"#,
        r#"{"from":"client","end":"#,
        r#"{"from":"server","response":"#,
        r#"{"from":"server","end":"#,
    ];
    assert_lines(&output, &lines.repeat(2));
    assert_eq!(error(&output), "");
}

/// The last byte comes first, and each in a segment of its own; the numbers wrap around in between.
#[test]
fn a_capture_that_is_all_out_of_order_among_many_connections_is_read() {
    let number = 0_u32.wrapping_sub(1000);
    let body = "x".repeat(3000);
    let request = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n{body}");
    let mut packets = vec![syn(2000, 80, number.wrapping_sub(1))];
    packets.extend((2001..5000).map(|port| syn(port, 80, 0)));
    for (place, byte) in request.bytes().enumerate().rev() {
        let place = u32::try_from(place).expect("short");
        packets.push(packet(2000, 80, number.wrapping_add(place), &[byte]));
    }
    // The answer lacks its first byte, so all of it waits.
    packets.push(syn_ack(80, 2000, 0));
    packets.push(packet(80, 2000, 2, b"TTP/1.1 204 No Content\r\n\r\n"));
    let path = write("order.pcap", &pcap(&packets));
    let path = path.to_str().expect("UTF-8");
    let output = run(&["connection", "--pcap", path]);
    let data = format!(r#"{{"from":"client","data":"{body}"}}"#);
    let lines = [
        r#"{"from":"client","request":{"#,
        &data,
        r#"{"from":"client","end":{"#,
    ];
    assert_lines(&output, &lines);
    for words in [
        "has 3000 connections",
        "a packet of the server is missing: 26 bytes",
    ] {
        assert!(error(&output).contains(words), "{}", error(&output));
    }
}

#[test]
fn what_is_no_capture_or_dump_is_exit_code_2() {
    let request = write("no.pcap", REQUEST);
    let request = request.to_str().expect("UTF-8");
    let whole = pcap(&[syn(1, 2, 0), packet(1, 2, 1, REQUEST)]);
    let cut = write("cut.pcap", &whole[..whole.len() - 5]);
    for (arguments, words) in [
        (
            &["connection", "--pcap", request][..],
            "neither pcap nor pcapng",
        ),
        (&["connection", request], "needs both sides"),
        (&["connection", "--hex", request], "line 1 of the dump"),
        (&["sse", "--hex", "--pcap", request], "cannot be used with"),
        (&["sse", "--width", "20", request], "60"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            error(&output).contains(words),
            "{arguments:?}: {}",
            error(&output)
        );
    }
    let output = run(&["connection", "--pcap", cut.to_str().expect("UTF-8")]);
    assert!(
        error(&output).contains("ends within a packet"),
        "{}",
        error(&output)
    );
}

#[test]
fn a_dump_is_read_like_the_bytes() {
    let bytes = write("frame.bin", HELLO);
    let dump = write(
        "frame.hex",
        b"00000000: 8185 37fa 213d 7f9f 4d51 58  ..7.!=..MQX\n",
    );
    for explain in [
        &[][..],
        &["--explain"],
        &["--explain=html"],
        &["--explain", "--width=80"],
    ] {
        let of = |arguments: &[&str]| {
            let output = run(&[&["websocket"], arguments, explain].concat());
            assert_eq!(output.status.code(), Some(0));
            text(&output).to_owned()
        };
        let expected = of(&[bytes.to_str().expect("UTF-8")]);
        assert_eq!(of(&["--hex", dump.to_str().expect("UTF-8")]), expected);
        assert!(!expected.is_empty());
    }
}

#[test]
fn a_page_needs_nothing_else_and_shows_how_the_key_is_answered() {
    let packets = [
        syn(50_000, 80, 0),
        packet(50_000, 80, 1, REQUEST),
        packet(80, 50_000, 1, RESPONSE),
    ];
    let path = write("page.pcap", &pcap(&packets));
    let output = run(&[
        "connection",
        "--pcap",
        "--explain=html",
        path.to_str().expect("UTF-8"),
    ]);
    let page = text(&output);
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for words in [
        "client → server",
        "server → client",
        "SHA-1 of the key",
        "All 80 rounds",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for loaded in ["<script", "src=", "<link", "url("] {
        assert!(!page.contains(loaded), "{loaded}");
    }
}

fn syn(from: u16, to: u16, number: u32) -> Vec<u8> {
    let builder = PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
        .tcp(from, to, number, 65_535)
        .syn();
    let mut packet = Vec::new();
    builder.write(&mut packet, &[]).expect("a packet");
    packet
}

fn syn_ack(from: u16, to: u16, number: u32) -> Vec<u8> {
    let builder = PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
        .tcp(from, to, number, 65_535)
        .syn()
        .ack(1);
    let mut packet = Vec::new();
    builder.write(&mut packet, &[]).expect("a packet");
    packet
}

fn packet(from: u16, to: u16, number: u32, payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
        .tcp(from, to, number, 65_535)
        .ack(1)
        .psh();
    let mut packet = Vec::new();
    builder.write(&mut packet, payload).expect("a packet");
    packet
}

fn other_connection() -> Vec<u8> {
    let builder = PacketBuilder::ipv6([1; 16], [2; 16], 64).tcp(1, 2, 7, 65_535);
    let mut packet = Vec::new();
    builder.write(&mut packet, b"x").expect("a packet");
    packet
}

/// The number of the byte after these.
fn after(number: u32, pieces: &[&[u8]]) -> u32 {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    number.wrapping_add(u32::try_from(length).expect("short"))
}

/// A capture of packets without a link layer.
fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let mut file = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 101]);
    for packet in packets {
        let length = u32::try_from(packet.len()).expect("short");
        file.extend(words(&[0, 0, length, length]));
        file.extend(packet);
    }
    file
}

fn pcapng(packets: &[Vec<u8>]) -> Vec<u8> {
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let mut file = words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28]);
    file.extend(words(&[1, 20, 101, 65_535, 20]));
    for packet in packets {
        let length = u32::try_from(packet.len()).expect("short");
        let whole = 32 + length.next_multiple_of(4);
        file.extend(words(&[6, whole, 0, 0, 0, length, length]));
        file.extend(packet);
        file.resize(file.len().next_multiple_of(4), 0);
        file.extend(words(&[whole]));
    }
    file
}

/// A packet as `tcpdump -X` shows it.
fn tcpdump(packet: &[u8]) -> String {
    let mut text =
        String::from("12:00:00.000001 IP 127.0.0.1.1 > 127.0.0.1.2: Flags [P.], length 1\n");
    for (row, bytes) in packet.chunks(16).enumerate() {
        let groups: Vec<String> = bytes
            .chunks(2)
            .map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        text.push_str(&format!(
            "\t0x{:04x}:  {:39}  E..4\n",
            row * 16,
            groups.join(" ")
        ));
    }
    text
}

fn assert_lines(output: &Output, beginnings: &[&str]) {
    let lines: Vec<&str> = text(output).lines().collect();
    assert_eq!(
        lines.len(),
        beginnings.len(),
        "{lines:#?}\n{}",
        error(output)
    );
    for (line, beginning) in lines.iter().zip(beginnings) {
        assert!(line.starts_with(beginning), "{line}");
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holdline"))
        .arg("decode")
        .args(arguments)
        .output()
        .expect("it runs")
}

fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("inspecting-{name}"));
    fs::write(&path, bytes).expect("a writable directory");
    path
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn error(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}
