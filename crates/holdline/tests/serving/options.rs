//! Options that cannot work are refused at the start, with a hint what would work.

use crate::support::*;

#[test]
fn an_option_that_cannot_work_is_refused_with_what_would_do() {
    for (option, value, does) in [
        ("--listen", "8080", "127.0.0.1:8080"),
        ("--listen", "localhost", "localhost:8080"),
        ("--listen", "::1:8080", "[::1]:8080"),
        ("--listen", "127.0.0.1:99999", "HOST:PORT"),
        ("--listen", "unix:", "a path goes behind `unix:`"),
        ("--unix-mode", "0", "660"),
        ("--unix-mode", "7777", "660"),
        ("--unix-mode", "rw", "660"),
        ("--threads", "0", "from 1 to"),
        ("--threads", "1000000", "from 1 to"),
        ("--max-connections", "0", "at least 1"),
        ("--max-channels", "0", "at least 1"),
        ("--max-message", "0", "at least 1"),
        ("--max-message", "much", "at least 1"),
        ("--max-lag", "0", "1.."),
        ("--long-poll", "0s", "more than zero"),
        ("--heartbeat", "0s", "more than zero"),
        ("--body-timeout", "0s", "more than zero"),
        ("--message-timeout", "0s", "more than zero"),
        ("--write-timeout", "0s", "more than zero"),
        ("--websocket-deflate", "maybe", "`off`"),
        ("--allow-origin", "example.com", "https://example.com"),
        ("--publish-token", "two words", "visible ASCII"),
        ("--publish-token", "@", "a path goes behind `@`"),
        ("--admin-token", "secret", "--admin"),
        ("--drain", "soon", "number"),
    ] {
        let refused = ends("", &[option, value]);
        let why = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{option} {value}: {why}");
        assert!(
            why.contains(option) && why.contains(does),
            "{option} {value}: {why}"
        );
    }
}

#[test]
fn the_same_from_the_environment() {
    let mut command = holdline("", &[]);
    command.env("HOLDLINE_MAX_CONNECTIONS", "0");
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("at least 1"), "{why}");
}

#[test]
fn what_cannot_be_known_before_is_refused_at_the_start_too() {
    for (arguments, does) in [
        (
            ["--listen", "no.such.name.invalid:1"],
            "cannot listen on no.such.name.invalid:1",
        ),
        (["--listen", "192.0.2.1:0"], "cannot listen on 192.0.2.1:0"),
        (["--publish-token", "@/no/such/file"], "/no/such/file"),
        (
            ["--handover", "/no/such/folder/socket"],
            "/no/such/folder/socket",
        ),
    ] {
        let refused = ends("", &arguments);
        let why = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {why}");
        assert!(why.contains(does), "{arguments:?}: {why}");
    }
}

/// It works, but one slow stream is told `lost` before it is as far behind as it may be.
#[test]
fn a_delivery_total_that_is_too_little_for_the_lag_of_one_stream_is_told() {
    let server = Server::start(&["--delivery-total", "67108863"]);
    server.wait_for_log("give --max-lag 33554431, or --delivery-total 67108864");
}

#[test]
fn more_connections_than_any_system_allows_are_as_many_as_it_does() {
    let most = usize::MAX.to_string();
    let server = Server::start(&["--max-connections", &most]);
    server.wait_for_log(&format!("instead of {most} (--max-connections)"));
    is(&get(server.connect(), "/channels/a/poll", ""), 200);
}

/// It panicked, and its exit status was 101.
#[test]
fn who_cannot_write_to_standard_output_says_so() {
    let key = "k".repeat(32);
    let token = ["token", "--token-key", &key, "--publish", "a"];
    for arguments in [&LISTEN[..], &token] {
        let ended = ends("exec >/dev/full", arguments);
        let why = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{why}");
        assert!(why.contains("cannot write to standard output"), "{why}");
        assert!(!why.contains("panicked"), "{why}");
    }
}
