//! A client that is behind uses as much memory as the configuration allows, and no more.

use std::thread;
use std::time::Duration;

use holdline::emitter::{Config, EmitError};
use holdline_net::Ending;

use super::support::{LIMIT, Sources};

const MAX: usize = 64 * 1024;

fn small() -> Config {
    let mut config = Config::default();
    config.max_queued = MAX;
    config
}

fn text(number: usize) -> String {
    format!("{number:06} {}", "x".repeat(4000))
}

#[test]
fn a_client_that_does_not_read_is_full_and_loses_nothing_that_was_taken() {
    let sources = Sources::start(small());
    let (mut client, emitter) = sources.open("/", "");
    let mut taken = 0;
    // First the buffers of the system fill up, then those of the connection, then those of the emitter.
    while emitter.wait(Duration::from_millis(300)).is_ok() {
        while emitter.data(&text(taken)).is_ok() {
            taken += 1;
            assert!(taken < 100_000, "it is never full");
        }
    }
    while emitter.data(&text(taken)).is_ok() {
        taken += 1;
    }
    assert_eq!(emitter.data(&text(taken)), Err(EmitError::Full));
    let queued = emitter.queued();
    assert!(queued <= MAX && queued > MAX - 5000, "{queued}");
    assert_eq!(emitter.comment(&"y".repeat(4000)), Err(EmitError::Full));
    assert_eq!(emitter.queued(), queued);
    assert!(!emitter.is_closed());
    let patience = Duration::from_millis(50);
    assert_eq!(emitter.wait(patience), Err(EmitError::Full));

    // When the client reads again, the stream continues.
    let reader = thread::spawn(move || (client.until("data: end\n\n"), client));
    emitter.wait(LIMIT).unwrap();
    assert_eq!(emitter.queued(), 0);
    emitter.data("end").unwrap();
    let (body, _client) = reader.join().unwrap();
    let mut expected: String = (0..taken)
        .map(|number| format!("data: {}\n\n", text(number)))
        .collect();
    expected.push_str("data: end\n\n");
    assert!(body == expected, "{} of {}", body.len(), expected.len());
}

#[test]
fn what_can_never_fit_is_told_apart_from_what_does_not_fit_now() {
    let sources = Sources::start(small());
    let (mut client, emitter) = sources.open("/", "");
    assert_eq!(emitter.data(&"x".repeat(MAX + 1)), Err(EmitError::TooLong));
    // The text fits, but not its lines, which take six more bytes each.
    assert_eq!(emitter.data(&"\n".repeat(MAX / 2)), Err(EmitError::TooLong));
    let fits = "x".repeat(MAX - "data: \n\n".len());
    assert_eq!(emitter.data(&fits), Ok(()));
    assert_eq!(client.until("x\n\n").len(), MAX);
    assert_eq!(
        emitter.event(&"n".repeat(MAX + 1), ""),
        Err(EmitError::TooLong)
    );
    assert_eq!(emitter.queued(), 0);
}

#[test]
fn a_client_that_is_closed_while_behind_frees_what_waits() {
    let sources = Sources::start(small());
    let (client, emitter) = sources.open("/", "");
    while emitter.wait(Duration::from_millis(200)).is_ok() {
        while emitter.data(&text(0)).is_ok() {}
    }
    let waiting = thread::spawn({
        let emitter = emitter.clone();
        move || emitter.wait(LIMIT)
    });
    drop(client);
    assert_eq!(waiting.join().unwrap(), Err(EmitError::Closed));
    sources.closed();
    assert_eq!(emitter.queued(), 0);
}

#[test]
fn a_server_that_stops_still_sends_what_waits_for_a_slow_client() {
    let mut sources = Sources::start(small());
    let (mut client, emitter) = sources.open("/", "");
    let mut taken = 0;
    while emitter.wait(Duration::from_millis(300)).is_ok() {
        while emitter.data(&text(taken)).is_ok() {
            taken += 1;
        }
    }
    assert!(emitter.queued() > 0);
    let handle = sources.server.handle.clone();
    handle.stop();
    let end = format!("data: {}\n\n", text(taken - 1));
    let body = client.until(&end);
    assert_eq!(body.matches("data: ").count(), taken);
    // The last thing the client is told is when to come back.
    assert!(client.chunk().starts_with(b"retry: "));
    assert_eq!(client.chunk(), b"");
    assert_eq!(sources.closed(), Ending::Stopped);
    sources.server.stop();
}

#[test]
fn no_heartbeat_falls_into_an_event_that_is_sent_in_parts() {
    let mut config = Config::default();
    config.max_queued = 64 << 20;
    config.heartbeat = Duration::from_millis(1);
    let sources = Sources::start(config);
    let (mut client, emitter) = sources.open("/", "");
    // Long enough that the loop checks its timers while sending it.
    let data = "x".repeat(16 << 20);
    let block = format!("data: {data}\n\n");
    for _ in 0..16 {
        emitter.data(&data).unwrap();
        let mut body = Vec::new();
        while !body.ends_with(b"x\n\n") {
            body.extend_from_slice(&client.chunk());
        }
        let body = String::from_utf8(body).unwrap();
        let heartbeats = body.find("data: ").unwrap();
        assert!(body[heartbeats..] == block, "a heartbeat within the event");
    }
}
