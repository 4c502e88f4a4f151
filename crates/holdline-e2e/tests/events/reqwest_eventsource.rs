//! reqwest-eventsource, on the decoder of eventsource-stream.

use std::time::Duration;

use ::reqwest_eventsource::retry::Constant;
use ::reqwest_eventsource::{Event, EventSource};
use futures_util::StreamExt;
use holdline_e2e::{CutProxy, LIMIT, Server};

use super::{Feed, Seen, assert_resumes, wait_for_subscribers};

#[tokio::test]
async fn receives_ids_types_and_lines_and_resumes_after_a_cut() {
    let server = Server::start(&[]).unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    let mut source = connect(&proxy.url("/channels/a/sse"));
    let began = tokio::time::timeout(LIMIT, source.next()).await.unwrap();
    assert!(matches!(began, Some(Ok(Event::Open))), "{began:?}");
    wait_for_subscribers(&server, 1);
    assert_resumes(&server, &proxy, async || next(&mut source).await.0).await;
}

#[tokio::test]
async fn receives_retry() {
    let retry = Duration::from_millis(70);
    let feed = Feed::start(retry);
    let mut source = connect(&feed.url("/feed"));
    for (number, expected) in Feed::events().into_iter().enumerate() {
        let (seen, told) = next(&mut source).await;
        assert_eq!(seen, expected);
        // The first one of each stream has it.
        let time = (number % 2 == 0).then_some(retry);
        assert_eq!(told, time, "{seen:?}");
    }
    feed.assert_resumed();
}

fn connect(url: &str) -> EventSource {
    let mut source = EventSource::get(url);
    source.set_retry_policy(Box::new(Constant::new(Duration::from_millis(20), None)));
    source
}

/// The next event, and the reconnection time if that came with it. Connecting again and broken
/// connections are passed over.
async fn next(source: &mut EventSource) -> (Seen, Option<Duration>) {
    let find = async {
        loop {
            match source.next().await {
                Some(Ok(Event::Message(event))) => return event,
                Some(_) => {}
                None => panic!("the client gave up"),
            }
        }
    };
    let event = tokio::time::timeout(LIMIT, find)
        .await
        .expect("waited in vain for an event");
    let seen = Seen {
        id: event.id,
        kind: event.event,
        data: event.data,
    };
    (seen, event.retry)
}
