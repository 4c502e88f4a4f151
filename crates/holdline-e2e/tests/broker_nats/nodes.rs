//! Two servers that are one.

use std::sync::mpsc::channel;
use std::thread;

use holdline_e2e::{Item, NatsServer, Transport, subscribe};
use std::ops::ControlFlow;

use super::{ask, lost, node, parts, post, texts, until};

#[test]
fn what_is_published_at_one_server_comes_at_the_other_over_every_transport() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let (one, two) = (node(&nats, ""), node(&nats, ""));
    for transport in Transport::ALL {
        let (ready, is_ready) = channel();
        let received = thread::scope(|scope| {
            let address = two.address();
            let reader = scope.spawn(move || {
                let mut received = Vec::new();
                let mut ready = Some(ready);
                subscribe(transport, address, "test", None, &mut |item| {
                    if let Some(ready) = ready.take() {
                        ready.send(()).unwrap();
                    }
                    if let Item::Message { id, data, .. } = item {
                        received.push((id, data));
                    }
                    match received.len() {
                        3 => ControlFlow::Break(()),
                        _ => ControlFlow::Continue(()),
                    }
                })
                .unwrap();
                received
            });
            is_ready.recv().unwrap();
            let said: Vec<_> = ["a", "b", "c"]
                .map(|text| (post(&one, "test", text), text.to_owned()))
                .into();
            assert_eq!(reader.join().unwrap(), said, "{transport}");
            said
        });
        assert_eq!(received.len(), 3);
    }
}

#[test]
fn a_client_goes_on_at_the_other_server_with_its_cursor_over_every_transport() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let (mut one, two) = (node(&nats, "?sync=always"), node(&nats, "?sync=always"));
    let begin = post(&one, "test", "begin");
    for number in 0..20 {
        post(
            if number % 2 == 0 { &one } else { &two },
            "test",
            &number.to_string(),
        );
    }
    let middle = until(Transport::Sse, one.address(), Some(&begin), "9");
    let cursor = middle.last().unwrap().cursor().to_owned();
    one.kill();
    for transport in Transport::ALL {
        let items = until(transport, two.address(), Some(&cursor), "19");
        let expected: Vec<_> = (10..20).map(|number| number.to_string()).collect();
        assert_eq!(texts(&items), expected, "{transport}");
        assert_eq!(lost(&items), 0, "{transport}");
    }
    // A server that starts has what was published while it was not there.
    post(&two, "test", "meanwhile");
    one.restart().unwrap();
    let items = until(
        Transport::WebSocket,
        one.address(),
        Some(&cursor),
        "meanwhile",
    );
    assert_eq!((texts(&items).len(), lost(&items)), (11, 0));
}

#[test]
fn one_key_is_published_once_at_whatever_server_it_comes() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let (one, two) = (node(&nats, ""), node(&nats, ""));
    let publish = |server: &holdline_e2e::Server, text: &str| {
        ask(
            server.address(),
            "POST",
            "/channels/test",
            "Idempotency-Key: k\r\n",
            text,
        )
        .unwrap()
    };
    let (status, first) = publish(&one, "x");
    assert_eq!(status, 200, "{first}");
    for server in [&two, &one] {
        let (status, again) = publish(server, "x");
        assert_eq!(
            (status, &again["id"], &again["repeated"]),
            (200, &first["id"], &true.into()),
            "{again}"
        );
        let (status, other) = publish(server, "y");
        assert_eq!(status, 422, "{other}");
    }
    post(&two, "test", "end");
    let items = until(Transport::Poll, one.address(), Some("earliest"), "end");
    assert_eq!(texts(&items), ["x", "end"]);
}

#[test]
fn a_channel_that_is_deleted_at_one_server_is_deleted_at_all() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let (one, two) = (node(&nats, ""), node(&nats, ""));
    let before = post(&one, "test", "before");
    let (status, answer) = ask(two.address(), "DELETE", "/channels/test", "", "").unwrap();
    assert_eq!(status, 200, "{answer}");
    post(&two, "test", "after");
    let three = node(&nats, "");
    for server in [&one, &two, &three] {
        let items = until(Transport::Poll, server.address(), Some("earliest"), "after");
        assert_eq!(texts(&items), ["after"]);
    }
    assert_eq!(parts(&before).1, 1);
}

/// What docs/server.md says: a line of `nats pub`.
#[test]
fn anybody_publishes_into_the_stream_and_what_cannot_be_read_is_left_out() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let (one, two) = (node(&nats, ""), node(&nats, ""));
    let cursor = post(&one, "test", "begin");
    let answer = nats.publish("holdline.channel.test", "by hand").unwrap();
    assert!(answer.contains("\"seq\":2"), "{answer}");
    for (subject, fields, body) in [
        ("holdline.channel.test", "", &b"\xff\xfe"[..]),
        ("holdline.channel.test.more", "", b"a dot"),
        ("holdline.channel.holdline%2Eown", "", b"reserved"),
        ("holdline.something", "", b"no channel"),
        (
            "holdline.channel.test",
            "Holdline-Event: holdline.lost\r\n",
            b"a lie",
        ),
        (
            "holdline.channel.test",
            "Holdline-Event: tick\r\n",
            b"an event",
        ),
    ] {
        let answer = nats.publish_with(subject, fields, body).unwrap();
        assert!(answer.contains("\"seq\""), "{answer}");
    }
    nats.publish("holdline.channel.test", "end").unwrap();
    for server in [&one, &two] {
        let items = until(Transport::Sse, server.address(), Some(&cursor), "end");
        assert_eq!(texts(&items), ["by hand", "an event", "end"]);
        assert_eq!(lost(&items), 0, "{items:?}");
        let is_event = |item: &Item| matches!(item, Item::Message { event: Some(event), .. } if event == "tick");
        assert_eq!(items.iter().filter(|item| is_event(item)).count(), 1);
    }
}
