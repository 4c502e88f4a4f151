//! Many members, and a client that does not read.

use std::fmt::Write as _;
use std::time::Duration;

use holdline_e2e::{
    Client, Item, LIMIT, Server, Transport, narrow, publish, subscribe_as, wait_for,
};
use serde_json::Value;

use super::viewer::Viewer;
use super::{Member, get, members, presence};

#[test]
fn more_than_max_members_have_counts_only_and_it_says_so() {
    let server = Server::start(&["--max-members", "4", "--presence-linger", "0s"]).unwrap();
    let mut viewers: Vec<Viewer> = Vec::new();
    for transport in Transport::ALL {
        viewers.push(Viewer::watch(&server, transport, "a").0);
    }
    let mut crowd: Vec<Member> = (0..5)
        .map(|n| Member::join(&server, "a", Transport::Sse, &format!("n{n}")))
        .collect();
    for viewer in &mut viewers {
        let mut told = viewer.next();
        // They need not come all within a moment.
        while told.starts_with("join a ") {
            told = viewer.next();
        }
        assert_eq!(told, "members a ?");
    }
    let counts = presence(&server, "a");
    assert_eq!(counts["members"], Value::Null);
    assert!(counts["subscribers"].as_u64().unwrap() >= 5, "{counts}");
    assert_eq!(counts["by_transport"]["sse"], 6);
    // Those who join a crowd are counted, and no longer told.
    crowd.push(Member::join(&server, "a", Transport::Sse, "n5"));
    for viewer in &mut viewers {
        assert_eq!(viewer.next_within(Duration::from_millis(300)), None);
    }
    assert_eq!(
        Viewer::watch(&server, Transport::Sse, "a").1,
        ["members a ?"]
    );
    for member in crowd.drain(..3) {
        member.cut();
    }
    for viewer in &mut viewers {
        assert_eq!(viewer.next(), "members a n3,n4,n5");
    }
    assert_eq!(members(&server, "a").unwrap(), ["n3 1", "n4 1", "n5 1"]);
}

#[test]
fn a_storm_of_a_thousand_joins_is_told_in_a_few_events() {
    let server = Server::start(&["--presence-linger", "60s"]).unwrap();
    let mut viewers: Vec<Viewer> = Vec::new();
    for transport in Transport::ALL {
        viewers.push(Viewer::watch(&server, transport, "a").0);
    }
    let mut requests = String::new();
    for n in 0..1000 {
        write!(
            requests,
            "GET /channels/a/poll?name=n{n} HTTP/1.1\r\nHost: test\r\n\r\n"
        )
        .unwrap();
    }
    let mut client = Client::connect(server.address()).unwrap();
    let socket = client.socket().try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        let mut socket = socket;
        std::io::Write::write_all(&mut socket, requests.as_bytes()).unwrap();
    });
    let begun = std::time::Instant::now();
    for _ in 0..1000 {
        assert_eq!(client.answer("GET").unwrap().head.status, 200);
    }
    sender.join().unwrap();
    // One for each quarter of a second, and one for each end of the storm.
    let most = 2 + begun.elapsed().as_millis() / 250;
    for viewer in &mut viewers {
        let (mut names, mut events) = (0, 0);
        while names < 1000 {
            let told = viewer.next();
            names += told.strip_prefix("join a ").unwrap().split(',').count();
            events += 1;
        }
        assert_eq!(names, 1000);
        assert!(events <= most, "{events} events, at most {most}");
    }
    assert_eq!(members(&server, "a").unwrap().len(), 1000);
}

#[test]
fn who_does_not_read_is_told_anew_who_is_there() {
    let server = Server::start(&["--presence-linger", "0s"]).unwrap();
    let mut publisher = Client::connect(server.address()).unwrap();
    // It asks and does not read: what is published fills its socket.
    let stuck = narrow(server.address(), 64 * 1024).unwrap();
    let own = stuck.try_clone().unwrap();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (go, may_read) = std::sync::mpsc::channel::<()>();
    let reader = std::thread::spawn(move || {
        let mut events = Vec::new();
        let mut waited = false;
        let result = subscribe_as(
            own,
            Transport::Sse,
            "a",
            None,
            "presence=true",
            &mut |item| {
                if let Item::Message { data, .. } = &item
                    && data == "last"
                {
                    return std::ops::ControlFlow::Break(());
                }
                if let Item::Told { what, names, .. } = item {
                    events.push(format!("{what} {}", names.unwrap().len()));
                }
                if !std::mem::replace(&mut waited, true) {
                    begun.send(()).unwrap();
                    may_read.recv().unwrap();
                }
                std::ops::ControlFlow::Continue(())
            },
        );
        result.unwrap();
        events
    });
    // What is published before it has a place in the log is not for it.
    has_begun.recv_timeout(LIMIT).unwrap();
    let (mut viewer, _) = Viewer::watch(&server, Transport::Sse, "b");
    let text = "x".repeat(1_000_000);
    for _ in 0..24 {
        publish(&mut publisher, "a", &text).unwrap();
    }
    let mut there = Vec::new();
    for n in 0..40 {
        there.push(Member::join(
            &server,
            "a,b",
            Transport::Sse,
            &format!("n{n}"),
        ));
        assert_eq!(viewer.next(), format!("join b n{n}"));
    }
    go.send(()).unwrap();
    // Read all of it before the end.
    wait_for("the slow reader", || {
        let stats = get(&server, "/stats");
        (stats["delivered_by_transport"]["sse"] == 24).then_some(())
    });
    publish(&mut publisher, "a", "last").unwrap();
    assert_eq!(reader.join().unwrap(), ["members 0", "members 40"]);
    drop(stuck);
}

#[test]
fn nothing_is_remembered_of_those_who_are_gone() {
    let server = Server::start(&["--presence-linger", "200ms"]).unwrap();
    let sizes = || get(&server, "/stats")["members"].clone();
    assert_eq!(sizes(), serde_json::json!({ "names": 0, "bytes": 0 }));
    for n in 0..200 {
        get(&server, &format!("/channels/c{n},d/poll?name=n{n}"));
    }
    let there: Vec<Member> = (0..50)
        .map(|n| Member::join(&server, "c,d", Transport::WebSocket, &format!("n{n}")))
        .collect();
    wait_for("all names", || {
        (sizes()["names"].as_u64().unwrap() >= 100).then_some(())
    });
    drop(there);
    wait_for("all names to go", || {
        (sizes() == serde_json::json!({ "names": 0, "bytes": 0 })).then_some(())
    });
}
