//! What an operator can turn off, and what the publish token covers.

use holdline_e2e::{Client, Server};

use super::{ask, code, kept};

#[test]
fn jsonp_can_be_turned_off() {
    let server = Server::start(&["--no-jsonp"]).unwrap();
    for method in ["GET", "OPTIONS", "POST"] {
        let answer = ask(
            &server,
            &format!("{method} /channels/a/jsonp?callback=f HTTP/1.1\r\nHost: test\r\n\r\n"),
        );
        assert_eq!(answer.head.status, 404, "{answer:?}");
        assert_eq!(code(&answer), "jsonp_off");
        assert!(answer.text().contains("--no-jsonp"), "{answer:?}");
    }
    assert_eq!(kept(&server), 0);
}

#[test]
fn the_pages_and_their_box_can_be_turned_off() {
    let server = Server::start(&["--no-pages"]).unwrap();
    for request in [
        "GET /",
        "GET /favicon.svg",
        "GET /assets/app.js",
        "GET /demo/box",
        "POST /demo/box?tick=100",
        "OPTIONS /demo/box",
    ] {
        let answer = ask(
            &server,
            &format!("{request} HTTP/1.1\r\nHost: test\r\n\r\n"),
        );
        assert_eq!(answer.head.status, 404, "{request}: {answer:?}");
        assert_eq!(code(&answer), "pages_off", "{request}");
    }
    // All else is there.
    for target in [
        "/health",
        "/stats",
        "/metrics",
        "/channels/box/poll?since=earliest",
    ] {
        let answer = ask(
            &server,
            &format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"),
        );
        assert_eq!(answer.head.status, 200, "{target}: {answer:?}");
    }
    // A browser gets the numbers themselves: the page with the plots is off, too.
    let answer = ask(
        &server,
        "GET /stats HTTP/1.1\r\nHost: test\r\nAccept: text/html\r\n\r\n",
    );
    assert!(answer.json().unwrap()["connections"].is_u64(), "{answer:?}");
    // Nobody moves the box, however long one looks.
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send("GET /channels/box/long-poll?wait=3 HTTP/1.1\r\nHost: test\r\n\r\n")
        .unwrap();
    let answer = client.answer("GET").unwrap().json().unwrap();
    assert_eq!(answer["messages"].as_array().unwrap().len(), 0, "{answer}");
}

#[test]
fn the_speed_of_the_box_is_changed_by_who_may_publish() {
    let server = Server::start(&["--publish-token", "open-sesame"]).unwrap();
    for (fields, query, status) in [
        ("", "", 401),
        ("Authorization: Bearer wrong\r\n", "", 401),
        ("", "&token=wrong", 401),
        ("Authorization: Bearer open-sesame\r\n", "", 200),
        ("", "&token=open-sesame", 200),
    ] {
        let request =
            format!("POST /demo/box?tick=500{query} HTTP/1.1\r\nHost: test\r\n{fields}\r\n");
        let answer = ask(&server, &request);
        assert_eq!(answer.head.status, status, "{request:?}: {answer:?}");
        let challenge = answer.head.get("WWW-Authenticate");
        assert_eq!(challenge.is_some(), status == 401, "{answer:?}");
    }
    // Who looks needs none.
    let answer = ask(&server, "GET /demo/box HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(answer.json().unwrap()["tick"], 500, "{answer:?}");
}
