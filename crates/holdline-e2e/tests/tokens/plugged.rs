//! Tokens over plug-in sockets.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use holdline_e2e::{LIMIT, Server};
use serde_json::{Value, json};

use super::disconnect::{disconnect, watched};
use super::expiry::ending_in;
use super::{ask, bearer, sign, start};

const LISTEN: [&str; 2] = ["--socket-listen", "127.0.0.1:0"];

struct Plug(BufReader<TcpStream>);

impl Plug {
    /// Connects to where a client that may know it is told, and says this first.
    fn begin(server: &Server, first: &Value) -> Self {
        let fields = bearer(&sign(&["--subscribe", "a"]));
        let about = ask(server, "GET /channels/a", &fields).json().unwrap();
        let url = about["transports"]["socket"].as_str().unwrap();
        let stream = TcpStream::connect(url.strip_prefix("tcp://").unwrap()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut plug = Self(BufReader::new(stream));
        plug.say(first);
        plug
    }

    fn say(&mut self, message: &Value) {
        let text = format!("{message}\0");
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// What comes next; null at the end.
    fn read(&mut self) -> Value {
        let mut text = Vec::new();
        self.0.read_until(0, &mut text).unwrap();
        match text.split_last() {
            Some((0, message)) => serde_json::from_slice(message).unwrap(),
            Some(_) => panic!("half a message: {}", String::from_utf8_lossy(&text)),
            None => Value::Null,
        }
    }

    /// What comes next but for heartbeats.
    fn news(&mut self) -> Value {
        loop {
            let message = self.read();
            if message["event"] != "holdline.heartbeat" {
                return message;
            }
        }
    }
}

#[test]
fn a_plug_in_socket_shows_its_token_first_and_is_told_why_it_is_not_let_in() {
    let server = start(&LISTEN);
    let token = sign(&["--subscribe", "news", "--name", "ann"]);
    let both = json!(["news", "other"]);
    for (channels, token, code) in [
        (json!(["news"]), None, "unauthorized"),
        (json!(["news"]), Some("x"), "bad_token"),
        (both, Some(token.as_str()), "forbidden"),
    ] {
        let first = json!({"subscribe": channels, "token": token});
        let mut plug = Plug::begin(&server, &first);
        assert_eq!(plug.read()["error"]["code"], code, "{first}");
        assert_eq!(plug.read(), Value::Null);
    }
    let first = json!({"subscribe": ["news"], "token": token});
    let mut plug = Plug::begin(&server, &first);
    assert_eq!(plug.read()["event"], "holdline.open");
    // What may not be published is no mistake, and costs nothing.
    for reference in 1..3 {
        plug.say(&json!({"publish": "news", "data": "x", "ref": reference}));
        let told = plug.news();
        assert_eq!(
            (&told["error"]["code"], &told["ref"]),
            (&json!("forbidden"), &json!(reference))
        );
    }
}

#[test]
fn a_plug_in_socket_is_told_that_its_token_has_expired_and_closed() {
    let server = start(&LISTEN);
    let first = json!({"subscribe": ["a"], "token": ending_in(3, "ann")});
    let mut plug = Plug::begin(&server, &first);
    assert_eq!(plug.read()["event"], "holdline.open");
    plug.say(&json!({"publish": "a", "data": "in time"}));
    assert_eq!(plug.news()["data"], "in time");
    assert_eq!(plug.news()["event"], "holdline.ack");
    assert_eq!(plug.news()["event"], "holdline.expired");
    assert_eq!(plug.read(), Value::Null);
}

#[test]
fn a_user_who_is_disconnected_loses_plug_in_sockets_too() {
    let (server, admin) = watched(&LISTEN);
    let of = |name| sign(&["--subscribe", "a", "--publish", "a", "--name", name]);
    let (ann, bob) = (of("ann"), of("bob"));
    let mut plugs = [&ann, &bob].map(|token| {
        let first = json!({"subscribe": ["a"], "token": token});
        let mut plug = Plug::begin(&server, &first);
        assert_eq!(plug.read()["event"], "holdline.open");
        plug
    });
    let answer = disconnect(admin, "?sub=ann", "");
    assert_eq!(answer.json().unwrap(), json!({ "streams": 1 }));
    assert_eq!(plugs[0].news()["event"], "holdline.expired");
    assert_eq!(plugs[0].read(), Value::Null);
    plugs[1].say(&json!({"publish": "a", "data": "still here"}));
    assert_eq!(plugs[1].news()["data"], "still here");
    let mut again = Plug::begin(&server, &json!({"subscribe": ["a"], "token": ann}));
    assert_eq!(again.read()["error"]["code"], "bad_token");
}
