//! Events from any stream of byte chunks, such as a response body. No runtime is needed:
//! `cargo run -p holdline-sse --example stream`.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use holdline_sse::{Buffer, Decoder, EventBuf, Item};

/// The events of `body`. An error is the last item that means anything.
fn events<B: AsRef<[u8]>, E: Error + 'static>(
    body: impl Stream<Item = Result<B, E>>,
) -> impl Stream<Item = Result<EventBuf, Box<dyn Error>>> {
    let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
    body.flat_map(move |chunk| {
        let mut events = Vec::new();
        let result = chunk.map_err(Box::from).and_then(|chunk| {
            let mut input = chunk.as_ref();
            while let Some(item) = decoder.decode(&mut input, &mut buffer)? {
                if let Item::Event(event) = item {
                    events.push(Ok(event.to_owned()));
                }
            }
            Ok(())
        });
        stream::iter(events.into_iter().chain(result.err().map(Err)))
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let chunks = ["data: {\"delta\":\"Hel", "lo\"}\n\ndata: [DO", "NE]\n\n"];
    let body = stream::iter(chunks).map(Ok::<_, std::io::Error>);
    let mut data = pin!(events(body).map_ok(|event| event.data).try_collect());
    // Any executor will do. This one sleeps until it is woken.
    let waker = Arc::new(Unpark(thread::current())).into();
    let data: Vec<String> = loop {
        match data.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(data) => break data?,
            Poll::Pending => thread::park(),
        }
    };
    assert_eq!(data, ["{\"delta\":\"Hello\"}", "[DONE]"]);
    Ok(())
}

struct Unpark(Thread);
impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn it_runs() {
    main().expect("both events");
}
