//! Messages with an idempotency key, as any publisher sends them.

use crate::support::*;

fn publish(server: &Server, path: &str, fields: &str, text: &str) -> String {
    request(server.connect(), "POST", path, fields, text)
}

fn json(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn a_message_that_comes_again_under_its_key_is_there_once() {
    let server = Server::start(&[]);
    let key = "Idempotency-Key: !8e03~\r\n";
    let first = publish(&server, "/channels/a?event=paid", key, "42");
    is(&first, 200);
    assert!(!json(&first).contains("repeated"), "{first}");
    let again = publish(&server, "/channels/a?event=paid&since=earliest", key, "42");
    is(&again, 200);
    let id = json(&first).trim_end_matches('}');
    assert!(
        json(&again).starts_with(&format!("{id},\"repeated\":true,\"cursor\"")),
        "{again}"
    );
    assert_eq!(again.matches("\"data\":\"42\"").count(), 1, "{again}");
    // Another text, another event, none.
    for (path, text) in [
        ("/channels/a?event=paid", "43"),
        ("/channels/a?event=pays", "42"),
        ("/channels/a", "42"),
    ] {
        let refused = publish(&server, path, key, text);
        is(&refused, 422);
        assert!(refused.contains("\"key_reused\""), "{refused}");
    }
    // In another channel it is another key, and without one there is nothing to repeat.
    for fields in [key, "", ""] {
        let answer = publish(&server, "/channels/b", fields, "42");
        is(&answer, 200);
        assert!(!answer.contains("repeated"), "{answer}");
    }
    for (path, count) in [("a", 1), ("b", 3)] {
        let path = format!("/channels/{path}/poll?since=earliest");
        let poll = get(server.connect(), &path, "");
        assert_eq!(poll.matches("\"data\":\"42\"").count(), count, "{poll}");
    }
}

#[test]
fn a_key_that_is_none_is_refused() {
    let server = Server::start(&[]);
    let too_long = format!("Idempotency-Key: {}\r\n", "k".repeat(256));
    for fields in [
        "Idempotency-Key:\r\n",
        "Idempotency-Key: a b\r\n",
        "Idempotency-Key: caf\u{e9}\r\n",
        "Idempotency-Key: a\r\nIdempotency-Key: a\r\n",
        &too_long,
    ] {
        let refused = publish(&server, "/channels/a", fields, "x");
        is(&refused, 400);
        assert!(refused.contains("\"bad_key\""), "{refused}");
    }
    let longest = format!("Idempotency-Key: {}\r\n", "k".repeat(255));
    is(&publish(&server, "/channels/a", &longest, "x"), 200);
}

#[test]
fn a_server_that_is_full_of_keys_takes_messages_without_one() {
    let server = Server::start(&["--idempotency-keys", "2"]);
    for key in ["1", "2"] {
        let key = format!("Idempotency-Key: {key}\r\n");
        is(&publish(&server, "/channels/a", &key, "x"), 200);
    }
    let refused = publish(&server, "/channels/a", "Idempotency-Key: 3\r\n", "x");
    is(&refused, 503);
    assert!(refused.contains("\"too_many_keys\""), "{refused}");
    // Until the oldest is forgotten, and nothing is forgotten early.
    let wait = refused.split("Retry-After: ").nth(1).unwrap();
    let wait: u64 = wait.split("\r\n").next().unwrap().parse().unwrap();
    assert!((60..=120).contains(&wait), "{refused}");
    let again = publish(&server, "/channels/a", "Idempotency-Key: 1\r\n", "x");
    assert!(again.contains("\"repeated\":true"), "{again}");
    is(&publish(&server, "/channels/a", "", "x"), 200);
    let metrics = get(server.connect(), "/metrics", "");
    let counted = "holdline_refused_total{reason=\"idempotency_keys\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
    let none = ends("", &[&LISTEN[..], &["--idempotency-keys", "0"]].concat());
    assert_eq!(none.status.code(), Some(2));
}

/// A page of another site may send the key, and asks first.
#[test]
fn a_page_that_is_allowed_may_send_a_key() {
    let server = Server::start(&["--allow-origin", "https://app.example"]);
    let fields = "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n\
        Access-Control-Request-Headers: idempotency-key\r\n";
    let answer = request(server.connect(), "OPTIONS", "/channels/a", fields, "");
    let allowed = answer
        .split("Access-Control-Allow-Headers: ")
        .nth(1)
        .unwrap();
    let allowed = allowed.split("\r\n").next().unwrap();
    assert!(
        allowed.split(", ").any(|name| name == "Idempotency-Key"),
        "{answer}"
    );
}
