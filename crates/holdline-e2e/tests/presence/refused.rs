//! Names and questions that are refused.

use holdline_e2e::{Client, Server, Transport};

use super::members;

#[test]
fn names_that_could_pass_for_something_else_are_refused_over_every_transport() {
    let server = Server::start(&[]).unwrap();
    let long = "name=".to_owned() + &"x".repeat(129);
    let long_in_bytes = "name=".to_owned() + &"%C3%A9".repeat(65);
    for transport in Transport::ALL {
        for (query, code) in [
            ("name=", "bad_name"),
            (long.as_str(), "bad_name"),
            (long_in_bytes.as_str(), "bad_name"),
            ("name=a%00", "bad_name"),
            ("name=a%0Ab", "bad_name"),
            ("name=a%7F", "bad_name"),
            ("name=%C2%85", "bad_name"),
            ("name=%E2%80%A8", "bad_name"),
            ("name=%E2%80%A9", "bad_name"),
            ("name=ann%E2%80%AEnna", "bad_name"),
            ("name=%E2%81%A6ann", "bad_name"),
            ("name=%D8%9C", "bad_name"),
            ("name=%FF", "bad_query"),
            ("name=%C3", "bad_query"),
            ("name=%", "bad_query"),
            ("name=ann&name=bob", "repeated_parameter"),
            ("Name=ann", "bad_parameter"),
            ("presence=yes", "bad_presence"),
            ("presence=", "bad_presence"),
            ("presence=1-1.x", "bad_presence"),
            ("presence=true&presence=true", "repeated_parameter"),
        ] {
            let target = format!("/channels/a/{transport}?callback=f&{query}");
            let mut client = Client::connect(server.address()).unwrap();
            let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
            client.send(request).unwrap();
            let answer = client.answer("GET").unwrap();
            assert_eq!(answer.head.status, 400, "{target}: {answer:?}");
            let error = &answer.json().unwrap()["error"];
            assert_eq!(error["code"], code, "{target}: {error}");
        }
    }
    assert_eq!(members(&server, "a").unwrap(), [] as [&str; 0]);
}
