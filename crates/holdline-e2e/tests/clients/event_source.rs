//! LaunchDarkly's client of event streams.

use std::time::Duration;

use eventsource_client::{Client, ClientBuilder, Event, ReconnectOptions, SSE};
use futures_util::{Stream, StreamExt};
use holdline_e2e::{CutProxy, LIMIT, Server};
use launchdarkly_sdk_transport::HyperTransport;

use super::{publish, wait_for_subscribers};

/// It reconnects by itself, and shows its last event ID when it does.
#[tokio::test]
async fn resumes_after_a_cut() {
    let server = Server::start(&[]).unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    let options = ReconnectOptions::reconnect(true)
        .retry_initial(true)
        .delay(Duration::from_millis(20))
        .build();
    let transport = HyperTransport::builder().build_http().unwrap();
    let client = ClientBuilder::for_url(&proxy.url("/channels/a/sse"))
        .unwrap()
        .reconnect(options)
        .build_with_transport(transport);
    let mut stream = client.stream();
    // It connects when it is asked for the first time.
    let began = tokio::time::timeout(LIMIT, stream.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(matches!(began, SSE::Connected(_)), "{began:?}");
    wait_for_subscribers(&server, "a", 1);
    for round in 0..5 {
        for number in 0..10 {
            let text = format!("{round}.{number}");
            let id = publish(&server, "a", &text);
            let event = next(&mut stream).await;
            assert_eq!((event.id.as_deref(), event.data), (Some(&*id), text));
            assert_eq!(event.event_type, "message");
        }
        // What is published while it is away is there when it comes back.
        proxy.refuse(true);
        proxy.cut();
        wait_for_subscribers(&server, "a", 0);
        for number in 0..10 {
            publish(&server, "a", &format!("{round}, away: {number}"));
        }
        proxy.refuse(false);
        for number in 0..10 {
            let event = next(&mut stream).await;
            assert_eq!(event.data, format!("{round}, away: {number}"));
        }
    }
}

/// The next event. Comments, connecting again and broken connections are passed over.
async fn next(stream: &mut (impl Stream<Item = eventsource_client::Result<SSE>> + Unpin)) -> Event {
    let find = async {
        loop {
            match stream.next().await {
                Some(Ok(SSE::Event(event))) => return event,
                Some(_) => {}
                None => panic!("the client gave up"),
            }
        }
    };
    tokio::time::timeout(LIMIT, find)
        .await
        .expect("waited in vain for an event")
}
