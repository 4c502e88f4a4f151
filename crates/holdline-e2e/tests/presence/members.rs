//! Members join and leave, over every transport.

use std::time::Duration;

use holdline_e2e::{Client, Server, Transport, publish, wait_for};

use super::viewer::Viewer;
use super::{Member, members, presence};

#[test]
fn every_transport_is_told_who_joins_and_leaves_over_every_transport() {
    let server = Server::start(&["--presence-linger", "500ms"]).unwrap();
    let mut viewers: Vec<Viewer> = Vec::new();
    for transport in Transport::ALL {
        let (viewer, told) = Viewer::watch(&server, transport, "lobby,hall");
        assert_eq!(told, ["members lobby ", "members hall "], "{transport}");
        viewers.push(viewer);
    }
    for transport in Transport::ALL {
        let member = Member::join(&server, "lobby,hall", transport, transport.name());
        for viewer in &mut viewers {
            assert_eq!(viewer.next(), format!("join lobby {transport}"));
            assert_eq!(viewer.next(), format!("join hall {transport}"));
        }
        let connections = u64::from(transport != Transport::Poll);
        if connections > 0 {
            let there = Some(vec![format!("{transport} {connections}")]);
            assert_eq!(members(&server, "hall"), there);
        }
        member.cut();
        for viewer in &mut viewers {
            assert_eq!(viewer.next(), format!("leave lobby {transport}"));
            assert_eq!(viewer.next(), format!("leave hall {transport}"));
        }
        assert_eq!(members(&server, "lobby"), Some(vec![]));
    }
}

#[test]
fn a_message_has_its_own_cursor_whatever_was_told_before() {
    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    for transport in Transport::ALL {
        let channel = transport.name();
        let (mut viewer, _) = Viewer::watch(&server, transport, channel);
        for text in ["one", "two"] {
            let _member = Member::join(&server, channel, Transport::Sse, text);
            assert_eq!(viewer.next(), format!("join {channel} {text}"));
            publish(&mut client, channel, text).unwrap();
            assert_eq!(viewer.next(), text);
        }
    }
}

#[test]
fn two_connections_of_one_name_are_one_member() {
    let server = Server::start(&["--presence-linger", "0s"]).unwrap();
    let (mut viewer, _) = Viewer::watch(&server, Transport::Sse, "a");
    let first = Member::join(&server, "a,b", Transport::Sse, "ann%20%26%20%F0%9F%91%A9");
    assert_eq!(viewer.next(), "join a ann & \u{1f469}");
    let second = Member::join(
        &server,
        "a",
        Transport::WebSocket,
        "ann%20%26%20%F0%9F%91%A9",
    );
    wait_for("the second connection", || {
        (members(&server, "a").unwrap() == ["ann & \u{1f469} 2"]).then_some(())
    });
    assert_eq!(members(&server, "b").unwrap(), ["ann & \u{1f469} 1"]);
    assert_eq!(presence(&server, "a")["subscribers"], 3);
    first.cut();
    wait_for("the first connection to go", || {
        (members(&server, "a").unwrap() == ["ann & \u{1f469} 1"]).then_some(())
    });
    assert_eq!(viewer.next_within(Duration::from_millis(600)), None);
    second.cut();
    assert_eq!(viewer.next(), "leave a ann & \u{1f469}");
    assert_eq!(members(&server, "b").unwrap(), [] as [&str; 0]);
}

#[test]
fn a_cut_that_is_shorter_than_the_linger_is_told_to_nobody() {
    let server = Server::start(&["--presence-linger", "3s"]).unwrap();
    let (mut viewer, _) = Viewer::watch(&server, Transport::WebSocket, "a");
    let mut member = Member::join(&server, "a", Transport::Sse, "ann");
    assert_eq!(viewer.next(), "join a ann");
    for transport in [Transport::WebSocket, Transport::XhrStream, Transport::Sse] {
        member.cut();
        wait_for("the connection to go", || {
            (members(&server, "a").unwrap() == ["ann 0"]).then_some(())
        });
        assert_eq!(viewer.next_within(Duration::from_millis(600)), None);
        member = Member::join(&server, "a", transport, "ann");
    }
    wait_for("the connection to come", || {
        (members(&server, "a").unwrap() == ["ann 1"]).then_some(())
    });
    assert_eq!(viewer.next_within(Duration::from_millis(4000)), None);
    member.cut();
    assert_eq!(viewer.next(), "leave a ann");
}
