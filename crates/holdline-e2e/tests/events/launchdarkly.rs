//! LaunchDarkly's client.

use std::time::Duration;

use eventsource_client::{Client, ClientBuilder, ReconnectOptions, SSE};
use futures_util::{Stream, StreamExt};
use holdline_e2e::{CutProxy, LIMIT, Server};
use launchdarkly_sdk_transport::HyperTransport;

use super::{Feed, Seen, assert_resumes, wait_for_subscribers};

#[tokio::test]
async fn receives_ids_types_and_lines_and_resumes_after_a_cut() {
    let server = Server::start(&[]).unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    let stream = connect(&proxy.url("/channels/a/sse"));
    let mut stream = std::pin::pin!(stream);
    let began = tokio::time::timeout(LIMIT, stream.next()).await.unwrap();
    assert!(matches!(began, Some(Ok(SSE::Connected(_)))), "{began:?}");
    wait_for_subscribers(&server, 1);
    assert_resumes(&server, &proxy, async || next(&mut stream).await.0).await;
}

#[tokio::test]
async fn receives_retry() {
    let retry = Duration::from_millis(70);
    let feed = Feed::start(retry);
    let stream = connect(&feed.url("/feed"));
    let mut stream = std::pin::pin!(stream);
    for (number, expected) in Feed::events().into_iter().enumerate() {
        let (seen, told) = next(&mut stream).await;
        assert_eq!(seen, expected);
        // The first one of each stream has it.
        let time = (number % 2 == 0).then_some(70);
        assert_eq!(told, time, "{seen:?}");
    }
    feed.assert_resumed();
}

fn connect(url: &str) -> impl Stream<Item = eventsource_client::Result<SSE>> + use<> {
    let options = ReconnectOptions::reconnect(true)
        .retry_initial(true)
        .delay(Duration::from_millis(20))
        .build();
    let transport = HyperTransport::builder().build_http().unwrap();
    let client = ClientBuilder::for_url(url)
        .unwrap()
        .reconnect(options)
        .build_with_transport(transport);
    client.stream()
}

/// The next event, and the reconnection time if that came with it. Comments, connecting again and
/// broken connections are passed over.
async fn next(
    stream: &mut (impl Stream<Item = eventsource_client::Result<SSE>> + Unpin),
) -> (Seen, Option<u64>) {
    let find = async {
        loop {
            match stream.next().await {
                Some(Ok(SSE::Event(event))) => return event,
                Some(_) => {}
                None => panic!("the client gave up"),
            }
        }
    };
    let event = tokio::time::timeout(LIMIT, find)
        .await
        .expect("waited in vain for an event");
    let seen = Seen {
        id: event.id.unwrap_or_default(),
        kind: event.event_type,
        data: event.data,
    };
    (seen, event.retry)
}
