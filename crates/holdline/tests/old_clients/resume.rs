use crate::bytes::Client;
use crate::program::serve;

/// Publishes a message. Returns its cursor.
fn publish(client: &mut Client, text: &str) -> String {
    client.send(
        "POST",
        "/channels/a",
        &format!("Content-Length: {}\r\n", text.len()),
    );
    client.write(text.as_bytes());
    let head = client.head();
    let body = client.body(&head);
    body.split('"').nth(3).unwrap().to_owned()
}

/// The messages in the answer to a poll.
fn poll(client: &mut Client, query: &str, fields: &str) -> String {
    client.send("GET", &format!("/channels/a/poll?{query}"), fields);
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{query}: {head}");
    let answer: serde_json::Value = serde_json::from_str(&client.body(&head)).unwrap();
    let messages = answer["messages"].as_array().unwrap().iter();
    messages
        .map(|message| message["data"].as_str().unwrap().to_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_header_goes_before_the_query_and_a_last_event_id_before_since() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut client = Client::connect(address.parse().unwrap());
    let (a, b) = (publish(&mut client, "a"), publish(&mut client, "b"));
    publish(&mut client, "c");
    let header = format!("Last-Event-ID: {b}\r\n");
    let cases = [
        (format!("since={a}"), "", "b c"),
        ("since=earliest".to_owned(), "", "a b c"),
        (format!("since={a}"), &*header, "c"),
        (format!("lastEventId={a}"), &header, "c"),
        (format!("since={a}"), "Last-Event-ID:\r\n", "b c"),
        // A polyfill appends its own ID to the URL that the page started with.
        (format!("since=earliest&lastEventId={b}"), "", "c"),
        (format!("last_event_id={a}&lastEventId={b}"), "", "c"),
        (
            format!("evs_buffer_size_limit=262144&evs_last_event_id={b}"),
            "",
            "c",
        ),
        // The client has received nothing yet.
        ("since=earliest&lastEventId=".to_owned(), "", "a b c"),
        (format!("lastEventId={a}&lastEventId="), "", "b c"),
        ("lastEventId=".to_owned(), "", ""),
    ];
    for (query, fields, expected) in cases {
        assert_eq!(
            poll(&mut client, &query, fields),
            expected,
            "{query} {fields}"
        );
    }
    for query in ["since=", "lastEventId=x", "since=earliest&lastEventId=x"] {
        client.send("GET", &format!("/channels/a/poll?{query}"), "");
        let head = client.head();
        assert!(head.starts_with("HTTP/1.1 400 "), "{query}: {head}");
        assert!(client.body(&head).contains("bad_cursor"));
    }
}

#[test]
fn a_polyfill_goes_on_after_a_cut_though_its_page_began_elsewhere() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let address = address.parse().unwrap();
    let mut writer = Client::connect(address);
    publish(&mut writer, "1");
    let page = "/channels/a/sse?since=earliest&padding=true";
    let mut last = String::new();
    let mut seen = Vec::new();
    for round in 2..6 {
        let mut reader = Client::connect(address);
        reader.send("GET", &format!("{page}&lastEventId={last}&r=1"), "");
        reader.head();
        publish(&mut writer, &round.to_string());
        while seen.len() < round {
            // Only the events: the first chunk is padding and an ID.
            let chunk = String::from_utf8(reader.chunk()).unwrap();
            for block in chunk.split_inclusive("\n\n") {
                let line = |name| block.lines().find_map(|line: &str| line.strip_prefix(name));
                if let Some(id) = line("id: ") {
                    last = id.to_owned();
                }
                seen.extend(line("data: ").map(str::to_owned));
            }
        }
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5"]);
}
