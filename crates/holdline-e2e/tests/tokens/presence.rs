//! Who is seen, and by whom.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::time::Duration;

use holdline_e2e::{Server, wait_for};
use serde_json::{Value, json};
use tungstenite::Message;

use super::expiry::{begin, socket};
use super::rights::readings;
use super::{ask, bearer, code, sign, start, status};

fn presence(server: &Server, token: &str) -> Value {
    let answer = ask(server, "GET /channels/a/presence", &bearer(token));
    assert_eq!(answer.head.status, 200, "{answer:?}");
    answer.json().unwrap()
}

fn names(presence: &Value) -> BTreeSet<String> {
    let members = presence["members"].as_array().unwrap().iter();
    members
        .map(|member| member["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn members_are_for_who_has_the_claim_and_others_have_counts() {
    let server = start(&[]);
    let reader = sign(&["--subscribe", "a", "--name", "bob"]);
    let seer = sign(&["--subscribe", "a", "--presence", "a"]);
    let elsewhere = sign(&["--subscribe", "a", "--presence", "b"]);
    let _ann = begin(
        &server,
        "/channels/a/sse",
        &bearer(&sign(&["--subscribe", "a", "--name", "ann"])),
    );
    wait_for("ann", || {
        (presence(&server, &seer)["subscribers"] == 1).then_some(())
    });
    assert_eq!(
        names(&presence(&server, &seer)),
        BTreeSet::from(["ann".to_owned()])
    );
    for token in [&reader, &elsewhere] {
        let counts = presence(&server, token);
        assert!(counts.get("members").is_none_or(Value::is_null), "{counts}");
        assert_eq!(counts["subscribers"], 1);
    }
    for (line, fields) in readings("a") {
        let line = format!("{line}&presence=true");
        for token in [&reader, &elsewhere] {
            let answer = ask(&server, &line, &format!("{}{fields}", bearer(token)));
            assert_eq!(
                (answer.head.status, &*code(&answer)),
                (403, "forbidden"),
                "{line}"
            );
        }
        let answer = status(&server, &line, &format!("{}{fields}", bearer(&seer)));
        assert!(matches!(answer, 101 | 200), "{line}: {answer}");
    }
}

#[test]
fn the_name_of_a_member_is_the_sub_of_its_token_over_every_transport() {
    let server = start(&["--presence-linger", "60s"]);
    let seer = sign(&["--presence", "a"]);
    let mut expected = BTreeSet::new();
    for (number, (line, fields)) in readings("a").into_iter().enumerate() {
        let name = format!("m\u{fc}ller {number}");
        let token = sign(&["--subscribe", "a", "--name", &name]);
        let fields = format!("{}{fields}", bearer(&token));
        let answer = status(&server, &line, &fields);
        assert!(matches!(answer, 101 | 200), "{line}: {answer}");
        expected.insert(name);
        // Nobody takes a name that is not the token's, not even the same one.
        for taken in ["ann", "m%C3%BCller%200"] {
            let line = format!("{line}&name={taken}");
            let answer = ask(&server, &line, &fields);
            assert_eq!(
                (answer.head.status, &*code(&answer)),
                (400, "bad_name"),
                "{line}"
            );
        }
    }
    wait_for("all members", || {
        (names(&presence(&server, &seer)) == expected).then_some(())
    });
    // A token without `sub` has none, and cannot take one.
    let nobody = bearer(&sign(&["--subscribe", "a"]));
    let line = "GET /channels/a/poll";
    assert_eq!(status(&server, line, &nobody), 200);
    assert_eq!(status(&server, &format!("{line}?name=ann"), &nobody), 400);
    assert_eq!(names(&presence(&server, &seer)), expected);
}

#[test]
fn who_may_see_members_is_told_who_comes_and_goes() {
    let server = start(&["--presence-linger", "100ms"]);
    let seer = sign(&["--subscribe", "a", "--presence", "a", "--name", "ann"]);
    let stream = TcpStream::connect(server.address()).unwrap();
    let timeout = Some(Duration::from_secs(30));
    stream.set_read_timeout(timeout).unwrap();
    let target = format!("/channels/a/websocket?presence=true&token={seer}");
    let url = format!("ws://{}{target}", server.address());
    let mut seen = tungstenite::client(url, stream).unwrap().0;
    let mut next = |event: &str| loop {
        if let Message::Text(text) = seen.read().unwrap() {
            let told: Value = serde_json::from_str(text.as_str()).unwrap();
            if told["event"] == event {
                let data = told["data"].as_str().unwrap();
                return serde_json::from_str::<Value>(data).unwrap();
            }
        }
    };
    let of = |names: &[&str]| json!({"channel": "a", "names": names});
    // The list may be told before its own name is in it, and then that it came.
    let first = next("holdline.members");
    if first == of(&[]) {
        assert_eq!(next("holdline.join"), of(&["ann"]));
    } else {
        assert_eq!(first, of(&["ann"]));
    }
    let token = sign(&["--subscribe", "a", "--name", "bob"]);
    let bob = socket(&server, "/channels/a/websocket", &token);
    assert_eq!(next("holdline.join"), of(&["bob"]));
    drop(bob);
    assert_eq!(next("holdline.leave"), of(&["bob"]));
}
