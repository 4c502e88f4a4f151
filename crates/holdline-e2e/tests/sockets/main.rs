//! Plug-in sockets, by clients that know nothing of this program: plain TCP, and Node.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod plug;

use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use holdline_e2e::{Client, Item, Process, Transport, publish, subscribe, wait_for};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::plug::{Plug, get, start};

#[test]
fn the_policy_is_told_however_the_request_is_cut_and_names_whom_the_operator_allows() {
    let origins = [
        "--allow-origin",
        "https://app.example",
        "--allow-origin",
        "http://b.example:81",
    ];
    let (_server, address) = start(&origins);
    let (_, port) = address.rsplit_once(':').unwrap();
    let allow = |host: &str| format!("<allow-access-from domain=\"{host}\" to-ports=\"{port}\"/>");
    let policy = format!(
        "<?xml version=\"1.0\"?><cross-domain-policy>{}{}</cross-domain-policy>\0",
        allow("app.example"),
        allow("b.example")
    );
    let request = b"<policy-file-request/>\0";
    for size in [1, 5, request.len()] {
        let mut plug = Plug::connect(&address);
        for piece in request.chunks(size) {
            plug.send(piece);
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(plug.rest(), policy, "pieces of {size}");
    }
    let (_server, address) = start(&[]);
    let mut plug = Plug::connect(&address);
    plug.send(request);
    let nobody = "<?xml version=\"1.0\"?><cross-domain-policy></cross-domain-policy>\0";
    assert_eq!(plug.rest(), nobody);
    let (_server, address) = start(&["--allow-origin", "*"]);
    let mut plug = Plug::connect(&address);
    plug.send(request);
    assert!(plug.rest().contains("domain=\"*\" to-ports=\""));
}

#[test]
fn what_begins_otherwise_is_closed_at_once() {
    let (_server, address) = start(&[]);
    for first in [
        &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..],
        b" {\"subscribe\":[\"a\"]}\0",
        b"\0",
        b"<policy-file-request />\0",
        b"<policy-file-request/>{",
        b"<p\0",
        b"x",
    ] {
        let mut plug = Plug::connect(&address);
        plug.send(first);
        assert_eq!(plug.rest(), "", "{}", String::from_utf8_lossy(first));
    }
}

#[test]
fn a_mistake_is_told_and_costs_the_connection() {
    let (_server, address) = start(&["--max-message", "1000"]);
    for (first, code) in [
        ("{}", "bad_message"),
        ("{\"subscribe\":\"a\"}", "bad_message"),
        ("{\"subscribe\":[\"a\"],\"sincee\":\"now\"}", "bad_message"),
        ("{\"publish\":\"a\",\"data\":\"\"}", "bad_message"),
        ("{\"subscribe\":[]}", "bad_channel"),
        ("{\"subscribe\":[\"a,b\"]}", "bad_channel"),
        ("{\"subscribe\":[\"a\"],\"since\":\"7\"}", "bad_cursor"),
        ("{\"subscribe\":[\"a\"],\"name\":\"\"}", "bad_name"),
        (
            &format!("{{\"subscribe\":[\"{}\"]}}", "x".repeat(1000)),
            "bad_message",
        ),
    ] {
        let mut plug = Plug::connect(&address);
        plug.send(format!("{first}\0").as_bytes());
        assert_eq!(plug.refused(), code, "{first}");
    }
    for (later, code) in [
        (&b"hello\0"[..], "bad_message"),
        (b"{\"subscribe\":[\"b\"]}\0", "bad_message"),
        (b"<policy-file-request/>\0", "bad_message"),
        (b"{\"publish\":\"a*\",\"data\":\"\"}\0", "bad_channel"),
        (b"\xff\0", "bad_message"),
        (&[b'{'; 1001], "bad_message"),
    ] {
        let mut plug = Plug::open(&address, &json!({"subscribe": ["a"]}));
        plug.send(later);
        assert_eq!(plug.refused(), code, "{}", String::from_utf8_lossy(later));
    }
}

#[test]
fn what_was_published_before_a_mistake_is_answered_though_all_came_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("log");
    for more in [&[][..], &["--data", data.to_str().unwrap()]] {
        let (server, address) = start(more);
        let first = r#"{"subscribe":["a"]}"#;
        let published = r#"{"publish":"a","data":"one","ref":1}"#;
        let never = r#"{"publish":"a","data":"never","ref":2}"#;
        for mistake in [r#"{"publish":"a"}"#, "no JSON", "<policy-file-request/>"] {
            let mut plug = Plug::connect(&address);
            let all = [first, published, mistake, never].map(|text| format!("{text}\0"));
            plug.send(all.concat().as_bytes());
            let rest = plug.rest();
            let said: Vec<Value> = rest
                .split_terminator('\0')
                .map(|text| serde_json::from_str(text).unwrap())
                .collect();
            let of = |event: &str| said.iter().find(|said| said["event"] == event);
            assert_eq!(
                said[0]["event"], "holdline.open",
                "{more:?} {mistake}: {said:?}"
            );
            let ack = of("holdline.ack").unwrap_or_else(|| panic!("{more:?} {mistake}: {said:?}"));
            assert_eq!(ack["ref"], 1);
            let message = said.iter().find(|said| said["data"] == "one").unwrap();
            assert_eq!(message["id"], ack["id"]);
            assert!(of("holdline.error").is_some(), "{mistake}: {said:?}");
        }
        let poll = get(&server, "/channels/a/poll?since=earliest");
        let messages = poll["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 3, "nothing after a mistake is taken");
    }
}

#[test]
fn messages_go_both_ways_unchanged_and_a_cursor_is_good_for_every_transport() {
    let (server, address) = start(&[]);
    let mut client = Client::connect(server.address()).unwrap();
    let mut plug = Plug::open(&address, &json!({"subscribe": ["news"]}));
    let hard = "</script><!-- \u{2028}\"'\0\u{1f600}\r\nend";
    plug.say(&json!({"publish": "news", "event": "e", "data": hard, "key": "k", "ref": "r"}));
    let message = plug.read();
    assert_eq!(
        (&message["data"], &message["event"]),
        (&json!(hard), &json!("e"))
    );
    let ack = plug.read();
    let told = json!({"event": "holdline.ack", "ref": "r", "id": message["id"], "receivers": 1});
    assert_eq!(ack, told);
    // The same again is none.
    plug.say(&json!({"publish": "news", "event": "e", "data": hard, "key": "k", "ref": 2}));
    assert_eq!(plug.read()["repeated"], true);
    drop(plug);
    // It goes on where another transport stood.
    let mut seen = None;
    let tell = &mut |item: Item| match item {
        Item::Message { id, data, .. } => {
            seen = Some((id, data));
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    };
    let earliest = Some("earliest");
    subscribe(Transport::Sse, server.address(), "news", earliest, tell).unwrap();
    let (id, data) = seen.unwrap();
    // An event stream has one kind of line end.
    assert_eq!(data, hard.replace("\r\n", "\n"));
    let after = publish(&mut client, "news", "while it was gone").unwrap();
    let first = json!({"subscribe": ["news"], "since": id});
    let mut plug = Plug::open(&address, &first);
    let next = plug.read();
    assert_eq!(
        (&next["id"], &next["data"]),
        (&json!(after), &json!("while it was gone"))
    );
    // The answer for what was published comes before the end.
    plug.say(&json!({"publish": "news", "data": "last", "ref": 3}));
    plug.stream.shutdown(Shutdown::Write).unwrap();
    assert!(plug.rest().contains("\"holdline.ack\",\"ref\":3"));
}

#[test]
fn it_is_counted_as_a_transport_and_its_name_is_a_member() {
    let (server, address) = start(&["--log-requests"]);
    let first = json!({"subscribe": ["a b", "c"], "name": "ann", "presence": true});
    let mut plug = Plug::open(&address, &first);
    let members = plug.read();
    assert_eq!(members["event"], "holdline.members", "{members}");
    let presence = get(&server, "/channels/c/presence");
    assert_eq!(presence["by_transport"]["socket"], 1, "{presence}");
    assert_eq!(presence["members"][0]["name"], "ann");
    let mut client = Client::connect(server.address()).unwrap();
    publish(&mut client, "c", "x").unwrap();
    while plug.read()["data"] != "x" {}
    assert_eq!(
        get(&server, "/stats")["subscribers_by_transport"]["socket"],
        1
    );
    drop(plug);
    let line = wait_for("its line in the log", || {
        let log = server.log();
        log.lines()
            .find(|line| line.contains("transport=socket"))
            .map(str::to_owned)
    });
    assert!(
        line.contains("method=- path=/channels/a%20b,c status=- "),
        "{line}"
    );
    assert!(
        line.contains(" messages=1 lost=0 end=client-closed "),
        "{line}"
    );
    wait_for("it to have left", || {
        let presence = get(&server, "/channels/c/presence");
        (presence["subscribers"] == 0).then_some(())
    });
}

#[test]
fn it_beats_and_the_limits_of_connections_count_it() {
    let (_server, address) = start(&["--heartbeat", "1s", "--max-connections", "2"]);
    let mut one = Plug::open(&address, &json!({"subscribe": ["a"]}));
    assert_eq!(one.read()["event"], "holdline.heartbeat");
    let _two = Plug::open(&address, &json!({"subscribe": ["a"]}));
    wait_for("one too many", || {
        let mut plug = Plug::connect(&address);
        (plug.rest().contains("\"status\":503")).then_some(())
    });
}

#[test]
fn one_that_is_slow_with_its_first_message_is_told_so_and_closed() {
    let (_server, address) = start(&[]);
    let mut plug = Plug::connect(&address);
    plug.send(b"{\"subscribe\"");
    assert_eq!(plug.refused(), "timeout");
}

#[test]
fn one_that_reads_too_much_of_what_was_before_is_told_when_to_come_again() {
    let (server, address) = start(&["--max-replay-per-address", "100000"]);
    let mut client = Client::connect(server.address()).unwrap();
    for _ in 0..30 {
        publish(&mut client, "a", &"x".repeat(10_000)).unwrap();
    }
    // The first is cut off while it reads, the second is not let in.
    for is_let_in in [true, false] {
        let mut plug = Plug::connect(&address);
        plug.say(&json!({"subscribe": ["a"], "since": "earliest"}));
        if is_let_in {
            assert_eq!(plug.read()["event"], "holdline.open");
        }
        let refusal = plug.refusal();
        assert_eq!(refusal["error"]["code"], "too_much_replay");
        let wait = refusal["retry_after"].as_u64().unwrap();
        assert!((1..=180).contains(&wait), "{refusal}");
        let message = refusal["error"]["message"].as_str().unwrap();
        assert!(message.contains(&format!("wait for {wait} s")), "{message}");
    }
}

#[test]
fn one_that_does_not_read_is_told_what_it_lost_and_goes_on() {
    let (server, address) = start(&["--max-lag", "100000"]);
    let mut plug = Plug::open(&address, &json!({"subscribe": ["a"]}));
    let mut client = Client::connect(server.address()).unwrap();
    let text = "x".repeat(50_000);
    // More than the buffers of the system take.
    for _ in 0..400 {
        publish(&mut client, "a", &text).unwrap();
    }
    let last = publish(&mut client, "a", "the last").unwrap();
    let (mut messages, mut lost) = (0, 0);
    loop {
        let told = plug.read();
        match told["event"].as_str() {
            Some("holdline.lost") => lost += 1,
            Some(_) => continue,
            None => messages += 1,
        }
        if told["id"] == last {
            break;
        }
    }
    assert!(lost > 0 && messages < 400, "{messages}, {lost} times lost");
    // What was lost has been told, and nothing after it is.
    let after = publish(&mut client, "a", "after").unwrap();
    let next = plug.read();
    assert_eq!(
        (&next["id"], &next["data"]),
        (&json!(after), &json!("after"))
    );
}

#[test]
fn one_that_reads_nothing_is_closed_though_it_goes_on_asking() {
    let (server, address) = start(&["--write-timeout", "2s", "--max-lag", "100000"]);
    let mut plug = Plug::open(&address, &json!({"subscribe": ["a"]}));
    let limit = Some(Duration::from_millis(100));
    plug.stream.set_write_timeout(limit).unwrap();
    // Each is answered, with an answer that is not read.
    let many = "{\"publish\":\"a\",\"data\":\"\",\"ref\":1}\0".repeat(1000);
    wait_for("it to be closed", || {
        match plug.stream.write(many.as_bytes()) {
            Ok(_) => None,
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(_) => Some(()),
        }
    });
    wait_for("it to have left", || {
        (get(&server, "/channels/a/presence")["subscribers"] == 0).then_some(())
    });
}

#[test]
fn a_server_that_stops_sends_them_what_there_is_and_closes_all() {
    let (server, address) = start(&[]);
    let mut plugs: Vec<Plug> = (0..20)
        .map(|_| Plug::open(&address, &json!({"subscribe": ["a"]})))
        .collect();
    // One that has said nothing yet, and one that has said a part.
    let mut silent = [Plug::connect(&address), Plug::connect(&address)];
    silent[1].send(b"{\"subscribe\"");
    let mut client = Client::connect(server.address()).unwrap();
    publish(&mut client, "a", "the last").unwrap();
    server.signal(Signal::TERM).unwrap();
    for plug in &mut silent {
        assert_eq!(plug.rest(), "");
    }
    for plug in &mut plugs {
        assert_eq!(plug.read()["data"], "the last");
        assert_eq!(plug.rest(), "");
    }
}

/// A client of another kind: Node's own sockets.
#[test]
fn node_speaks_it() {
    let (server, address) = start(&[]);
    let (_, port) = address.rsplit_once(':').unwrap();
    let script = format!(
        "const socket = require('net').connect({port}, '127.0.0.1');
         let text = '';
         socket.setEncoding('utf8');
         socket.write(JSON.stringify({{subscribe: ['news']}}) + '\\0');
         socket.on('data', (data) => {{
           const messages = (text + data).split('\\0');
           text = messages.pop();
           for (const message of messages.map(JSON.parse)) {{
             if (message.event === 'holdline.open') socket.write('{{\"publish\":\"news\",\"data\":\"from node\",\"ref\":1}}\\0');
             if (message.event === 'holdline.ack') socket.end();
           }}
         }});
         socket.on('close', () => process.exit(0));"
    );
    let mut process = Process::spawn(
        Command::new("node")
            .arg("-e")
            .arg(script)
            .stdin(Stdio::null()),
    )
    .expect("Debian's package nodejs");
    assert!(process.wait("node").unwrap().success());
    let all = get(&server, "/channels/news/poll?since=earliest");
    assert_eq!(all["messages"][0]["data"], "from node");
}
