use holdline_websocket::DeflateOptions;

use crate::support::{run, serve};
use crate::wire::Client;

/// The first byte of a text message, and of a compressed one.
const TEXT: u8 = 0x81;
const COMPRESSED: u8 = 0xc1;

#[test]
fn the_echo_compresses_when_the_client_offers_it_and_it_pays() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut client = Client::connect(&address, "/echo", Some(DeflateOptions::default()));
    assert_eq!(
        client.extensions.as_deref(),
        Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover")
    );
    let long = "all work and no play ".repeat(1000);
    for _ in 0..2 {
        client.send(&long);
        let (frame, text) = client.frame();
        assert_eq!((frame[0], &text), (COMPRESSED, &long));
        assert!(frame.len() < 300, "{}", frame.len());
        client.send("short");
        assert_eq!(
            client.frame(),
            (b"\x81\x05short".to_vec(), "short".to_owned())
        );
    }
    let mut plain = Client::connect(&address, "/echo", None);
    assert_eq!(plain.extensions, None);
    plain.send(&long);
    let (frame, text) = plain.frame();
    assert_eq!((frame[0], &text), (TEXT, &long));
}

#[test]
fn a_channel_has_one_compressed_form_for_all_who_agreed_and_the_plain_one_for_the_others() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let target = "/channels/a/websocket";
    let mut small = DeflateOptions::default();
    small.peer_max_window_bits = 9;
    let offers = [Some(DeflateOptions::default()), None, None, Some(small)];
    let mut clients = offers.map(|offer| Client::connect(&address, target, offer));
    for client in &mut clients {
        assert!(client.frame().1.contains("holdline.open"));
    }
    let url = format!("http://{address}/channels/a");
    let long = "all work and no play ".repeat(1000);
    for (text, compressed) in [("short", false), (long.as_str(), true), ("again", false)] {
        assert!(run(&["publish", &url, text], b"").status.success());
        let frames = clients.each_mut().map(Client::frame);
        let expected = format!("\"data\":\"{text}\"}}");
        for (_, json) in &frames {
            assert!(json.ends_with(&expected), "{json}");
        }
        let [first, second, third, small] = frames.map(|(frame, _)| frame);
        assert_eq!(first[0], if compressed { COMPRESSED } else { TEXT });
        assert_eq!(second[0], TEXT);
        assert_eq!(second, third);
        // The shared form would refer further back than this client's window allows.
        assert_eq!(small, second);
        assert!(!compressed || first.len() < 400, "{}", first.len());
    }
    // A compressed message from a publisher looks the same to all subscribers.
    clients[0].send(&long);
    for client in &mut clients {
        assert!(client.frame().1.contains(&long));
    }
}

#[test]
fn compression_can_be_off_or_begin_elsewhere() {
    let (_server, address) = serve("127.0.0.1:0", &["--websocket-deflate", "off"]);
    let mut client = Client::connect(&address, "/echo", Some(DeflateOptions::default()));
    assert_eq!(client.extensions, None);
    client.send(&"a".repeat(10_000));
    assert_eq!(client.frame().0[0], TEXT);

    let (_server, address) = serve("127.0.0.1:0", &["--websocket-deflate", "5"]);
    let mut client = Client::connect(&address, "/echo", Some(DeflateOptions::default()));
    for (text, first) in [("aaaa", TEXT), ("aaaaaaaa", COMPRESSED)] {
        client.send(text);
        assert_eq!(client.frame().0[0], first);
    }
    let wrong = run(&["serve", "--websocket-deflate", "never"], b"");
    assert_eq!(wrong.status.code(), Some(2));
}

/// It used to come back as 58,311 bytes. The answer is inflated with zlib-rs, so that we don't rely on the code that
/// compressed it.
#[test]
fn an_echo_of_61432_bytes_comes_back_whole() {
    let mut x = 1u32;
    let mut next = || {
        x = x.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        char::from((x >> 16) as u8 & 0x3f)
    };
    let text: String = (0..61_432).map(|_| next()).collect();
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut client = Client::connect(&address, "/echo", Some(DeflateOptions::default()));
    client.send(&text);
    let (frame, _) = client.frame();
    // A length of two bytes.
    assert_eq!(frame[..2], [COMPRESSED, 126]);
    assert!(inflate(&frame[4..]) == text.as_bytes());

    // The same goes for a message to a channel, which is prepared once for all, however long it is.
    let text: String = text.chars().map(|c| char::from(c as u8 | 0x40)).collect();
    let mut client = Client::connect(
        &address,
        "/channels/a/websocket",
        Some(DeflateOptions::default()),
    );
    client.frame();
    client.send(&text);
    let (frame, _) = client.frame();
    assert_eq!(frame[..2], [COMPRESSED, 126]);
    let json = String::from_utf8(inflate(&frame[4..])).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["data"] == text);
}

/// A whole message (RFC 7692 §7.2.2).
fn inflate(payload: &[u8]) -> Vec<u8> {
    let payload = [payload, &[0x00, 0x00, 0xff, 0xff]].concat();
    let mut out = vec![0; 1 << 20];
    let mut inflate = zlib_rs::Inflate::new(false, 15);
    inflate
        .decompress(&payload, &mut out, zlib_rs::InflateFlush::SyncFlush)
        .unwrap();
    assert_eq!(inflate.total_in(), payload.len() as u64);
    out.truncate(inflate.total_out() as usize);
    out
}
