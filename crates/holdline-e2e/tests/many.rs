//! A thousand subscribers at once.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::io::{BufRead, BufReader};

use holdline_e2e::{Client, Server, publish, wait_for};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn a_thousand_event_streams_get_every_message() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, most).unwrap();
    let server = Server::start(&[]).unwrap();
    let mut subscribers = Vec::new();
    for _ in 0..1000 {
        let mut client = Client::connect(server.address()).unwrap();
        client
            .send("GET /channels/crowd/sse HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        subscribers.push(client);
    }
    let mut publisher = Client::connect(server.address()).unwrap();
    wait_for("all subscribers", || {
        publisher
            .send("GET /channels/crowd/presence HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        let answer = publisher.answer("GET").unwrap().json().unwrap();
        (answer["by_transport"]["sse"] == 1000).then_some(())
    });
    let ids: Vec<String> = (0..20)
        .map(|number| publish(&mut publisher, "crowd", &format!("message {number}")).unwrap())
        .collect();
    for mut client in subscribers {
        let head = client.head().unwrap().unwrap();
        assert_eq!(head.status, 200);
        let mut lines = BufReader::new(client.body(&head, "GET").unwrap()).lines();
        // Where it began, then the messages.
        assert!(lines.next().unwrap().unwrap().starts_with("id: "));
        assert_eq!(lines.next().unwrap().unwrap(), "");
        for (number, id) in ids.iter().enumerate() {
            let mut block = Vec::new();
            loop {
                match lines.next().unwrap().unwrap() {
                    line if line.starts_with(':') => {}
                    line if !line.is_empty() => block.push(line),
                    _ if block.is_empty() => {}
                    _ => break,
                }
            }
            block.sort_unstable();
            assert_eq!(
                block,
                [format!("data: message {number}"), format!("id: {id}")]
            );
        }
    }
}
