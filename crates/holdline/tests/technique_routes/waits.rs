//! Streams that end after a time that the client says.

use std::time::{Duration, Instant};

use crate::program::serve;
use crate::wire::{Wire, member};

#[test]
fn a_stream_ends_when_its_time_is_over_and_says_where_it_stood() {
    let (_server, address) = serve("127.0.0.1:0", &["--heartbeat", "200ms"]);
    let mut publisher = Wire::connect(&address);
    let mut wire = Wire::connect(&address);
    let began = Instant::now();
    wire.get("/channels/a/xhr-stream?wait=1.2");
    wire.until(b"holdline.open\",\"data\":\"\"}\n\r\n");
    let (_, id) = publisher.post("/channels/a", "hello");
    let id = id.split('"').nth(3).unwrap().to_owned();
    let rest = String::from_utf8(wire.until(b"\r\n0\r\n\r\n")).unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(1200), "{took:?}");
    // Its heartbeats went on in between.
    assert!(rest.matches("1\r\n\n\r\n").count() >= 3, "{rest:?}");
    let last = format!(
        "{{\"id\":\"{id}\",\"channel\":\"a\",\"event\":\"holdline.timeout\",\"data\":\"\"}}\n\r\n0\r\n\r\n"
    );
    assert!(
        rest.contains("\"data\":\"hello\"}\n") && rest.ends_with(&last),
        "{rest:?}"
    );
    // The connection goes on, and so does the client.
    wire.get(&format!("/channels/a/xhr-stream?wait=0&since={id}"));
    let again = String::from_utf8(wire.until(b"0\r\n\r\n")).unwrap();
    assert!(!again.contains("hello") && again.contains(&id), "{again}");
}

#[test]
fn an_iframe_without_wait_is_a_short_page_with_all_there_is() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut wire = Wire::connect(&address);
    // More than is written to a stream in one go.
    let long = "x".repeat(30_000);
    for number in 0..20 {
        wire.post("/channels/a", &format!("{number} {long}"));
    }
    wire.get("/channels/a/iframe?callback=f&wait=0&since=earliest");
    let page = String::from_utf8(wire.until(b"\r\n0\r\n\r\n")).unwrap();
    assert_eq!(page.matches(&long).count(), 20);
    assert!(
        page.trim_end_matches("\r\n0\r\n\r\n")
            .ends_with("</body></html>\n")
    );
    assert!(page.contains("holdline.timeout"));
    wire.get("/channels/none/iframe?callback=f&wait=0");
    let page = String::from_utf8(wire.until(b"\r\n0\r\n\r\n")).unwrap();
    let body = page.split_once("\r\n\r\n").unwrap().1;
    assert!(body.len() < 600, "{body}");
    for bad in ["x", "-1", ""] {
        wire.get(&format!("/channels/a/xhr-stream?wait={bad}"));
        assert_eq!(wire.answer().0, 400, "{bad}");
    }
}

#[test]
fn a_short_page_waits_for_what_comes_from_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let limits = ["--history-bytes", "5000", "--resume-window", "0s"];
    let (_server, address) = serve("127.0.0.1:0", &[&["--data", data], &limits[..]].concat());
    let mut wire = Wire::connect(&address);
    let long = "x".repeat(1000);
    let posts = (0..20).map(|number| wire.post("/channels/a", &format!("{number} {long}")));
    let ids: Vec<_> = posts
        .map(|(_, answer)| member(&answer, "id").to_owned())
        .collect();
    for target in ["iframe?callback=f&", "xhr-stream?"] {
        for (since, count) in [("earliest", 20), (&ids[2], 17), (&ids[19], 0)] {
            wire.get(&format!("/channels/a/{target}wait=0&since={since}"));
            let page = String::from_utf8(wire.until(b"\r\n0\r\n\r\n")).unwrap();
            assert_eq!(page.matches(&long).count(), count, "{target} {since}");
            let last = format!(
                "\"id\":\"{}\",\"channel\":\"a\",\"event\":\"holdline.timeout\"",
                ids[19]
            );
            assert!(page.contains(&last), "{target} {since}: {page}");
            assert!(!page.contains("holdline.lost"));
        }
    }
}
