//! A server of ours that sets the reconnection time, and breaks its streams.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use holdline_e2e::LIMIT;
use holdline_http1::ResponseBody;
use holdline_net::blocking::http::{Error, Server};
use holdline_sse::{EventFields, encode_comment, encode_retry};

use super::Seen;

/// Serves the same events to everyone who comes, two on each connection, at `/feed`. At `/` there is
/// an empty page.
pub(super) struct Feed {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A request for the stream.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) last_event_id: Option<String>,
    pub(super) came: Instant,
    /// When the stream was broken.
    pub(super) ended: Option<Instant>,
}

impl Feed {
    /// Tells its clients to wait for `retry` before they come again.
    pub(super) fn start(retry: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&requests);
        // It ends with the process of the test.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, retry, &shared));
            }
        });
        Self { address, requests }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// What every client is to see, whatever happens on the way.
    pub(super) fn events() -> Vec<Seen> {
        (1..=COUNT)
            .map(|number| Seen {
                id: format!("id {number}"),
                kind: match number % 3 {
                    0 => "message".to_owned(),
                    kind => format!("kind-{kind}"),
                },
                data: format!("event {number}\n\nof {COUNT}"),
            })
            .collect()
    }

    /// Every client has shown the ID of the last event that it saw whole.
    pub(super) fn assert_resumed(&self) {
        let ids: Vec<Option<String>> = self
            .requests()
            .into_iter()
            .map(|request| request.last_event_id)
            .collect();
        let expected = [None, Some("id 2"), Some("id 4"), Some("id 6")];
        assert_eq!(ids, expected.map(|id| id.map(str::to_owned)));
    }
}

fn serve(stream: TcpStream, retry: Duration, requests: &Mutex<Vec<Request>>) -> Result<(), Error> {
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_nodelay(true)?;
    let mut http = Server::new(stream);
    while let Some(request) = http.read_request()? {
        let head = request.as_ref();
        if head.path() != "/feed" {
            http.respond(200, [("Content-Type", "text/html")], b"<!doctype html>")?;
            continue;
        }
        let id = head.headers().get("last-event-id");
        let id = id.map(|id| String::from_utf8(id.to_vec()).unwrap());
        let position = id.as_ref().map_or(0, |id| {
            let number = id.strip_prefix("id ").unwrap();
            number.parse().unwrap()
        });
        let at = {
            let mut requests = requests.lock().unwrap();
            requests.push(Request {
                last_event_id: id,
                came: Instant::now(),
                ended: None,
            });
            requests.len() - 1
        };
        http.send_response(
            200,
            [
                ("Content-Type", "text/event-stream"),
                ("Cache-Control", "no-store"),
            ],
            ResponseBody::Streamed,
        )?;
        send(&mut http, retry, position)?;
        if position + 2 >= COUNT {
            // The client is the one to end the last stream.
            let _ = http.read_request();
            return Ok(());
        }
        requests.lock().unwrap()[at].ended = Some(Instant::now());
        if position % 4 == 0 {
            http.send_end()?;
        }
        http.stream().shutdown(Shutdown::Both)?;
        return Ok(());
    }
    Ok(())
}

fn send(http: &mut Server<TcpStream>, retry: Duration, position: usize) -> Result<(), Error> {
    let mut out = BytesMut::new();
    encode_comment("a comment\nof two lines", &mut out);
    encode_retry(retry, &mut out);
    http.send_data(&out.split())?;
    for (at, event) in Feed::events().iter().enumerate().skip(position).take(2) {
        let fields = EventFields {
            id: Some(&event.id),
            event: (event.kind != "message").then_some(&event.kind),
            data: Some(&event.data),
            // Some clients tell it only with an event.
            retry: (at == position).then_some(retry),
        };
        fields.encode(&mut out).unwrap();
    }
    http.send_data(&out.split())?;
    // An event whose end is cut off, and so never happened.
    let cut = EventFields {
        id: Some("id 99"),
        ..EventFields::data("cut off")
    };
    if position + 2 < COUNT {
        cut.encode(&mut out).unwrap();
        out.truncate(out.len() - 1);
        http.send_data(&out.split())?;
    }
    Ok(())
}

/// How many events there are.
const COUNT: usize = 8;
