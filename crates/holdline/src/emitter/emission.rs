//! The connection's side of an emitter, which a handler stores.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use holdline_http1::{Fields, SendError};
use holdline_net::{Body, Ending, Notifier, Output, Progress, Request, Responder, Wake};
use holdline_sse as sse;

use super::pipe::{News, Pipe, Taken};
use super::{Config, Emitter, Feed, Owner};
use crate::event_stream::{self, Opening};

/// The event streams of one event loop. Your own [`Handler`](holdline_net::Handler) keeps one of
/// these, and an [`Emission`] in its `Stream` for each event stream:
///
/// | in the handler | calls |
/// |---|---|
/// | `request` | [`Emitters::open`] |
/// | `ready` | [`Emission::ready`] |
/// | `timer` | [`Emission::timer`] |
/// | `half_closed`, `stopping` | [`Emission::stopping`] |
/// | `closed` | [`Emission::closed`] |
/// | `notified` | [`Emitters::notified`] |
///
/// [`FeedHandler`](super::FeedHandler) is such a handler.
#[derive(Debug)]
pub struct Emitters {
    news: Arc<News>,
    config: Config,
}

impl Emitters {
    /// Makes the streams of the loop of `notifier`, which the server passes when it makes a handler.
    #[must_use]
    pub fn new(notifier: Notifier, config: Config) -> Self {
        Self {
            news: Arc::new(News::new(notifier)),
            config,
        }
    }

    /// The shared settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Answers a request with an event stream: status 200, the [header fields](event_stream::HEADERS) of an event
    /// stream and those for pages of [allowed origins](Config::origins), padding if [asked for](Opening), and then
    /// whatever the feed emits. A HEAD request gets the head, and its feed is never opened.
    ///
    /// `stream` turns it into the handler's own `Stream`. [`Feed::on_open`] is called when the server calls `ready`
    /// for it.
    ///
    /// # Errors
    /// The head cannot be sent. The server answers 500.
    pub fn open<S>(
        &self,
        request: &Request<'_>,
        responder: Responder<'_, S>,
        feed: Box<dyn Feed>,
        stream: impl FnOnce(Emission) -> S,
    ) -> Result<(), SendError> {
        let cors = self.config.origins.judge(&request.head).fields();
        self.open_with(
            (&self.config.fields, cors),
            request,
            responder,
            feed,
            stream,
        )
    }

    /// The same, but with these header fields instead of [`Config::fields`] and those for pages of allowed origins.
    ///
    /// # Errors
    /// The head cannot be sent. The server answers 500.
    pub fn open_with<S>(
        &self,
        fields: impl Fields,
        request: &Request<'_>,
        responder: Responder<'_, S>,
        feed: Box<dyn Feed>,
        stream: impl FnOnce(Emission) -> S,
    ) -> Result<(), SendError> {
        let pipe = Pipe::new(
            request.connection,
            Arc::clone(&self.news),
            self.config.max_queued,
        );
        let emission = Emission {
            pipe: Arc::new(pipe),
            feed,
            stage: Stage::Begin {
                padding: Opening::of(&request.head).wants_padding(),
                head_only: request.head.method() == "HEAD",
            },
            heartbeat: event_stream::heartbeat(self.config.heartbeat, request.connection),
        };
        responder.stream(200, (fields, event_stream::HEADERS), stream(emission))
    }

    /// Wakes the connections that have something to send.
    pub fn notified(&self, wake: &mut Wake<'_>) {
        for connection in self.news.take() {
            wake.wake(connection);
        }
    }
}

/// One event stream on its connection.
pub struct Emission {
    pipe: Arc<Pipe>,
    feed: Box<dyn Feed>,
    stage: Stage,
    heartbeat: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Begin { padding: bool, head_only: bool },
    Open,
}

impl Emission {
    /// Writes as much of what was emitted as there is room for.
    pub fn ready(&mut self, mut output: Output<'_>) -> Progress {
        if let Stage::Begin { padding, head_only } = self.stage {
            if !self.heartbeat.is_zero() {
                output.set_timer(self.heartbeat);
            }
            if let Err(error) = self.begin(padding, head_only, &mut output) {
                stuck(&error);
                return Progress::Idle;
            }
        }
        let Output::Body(mut body) = output else {
            return Progress::Idle;
        };
        while body.has_room() {
            match self.pipe.take(PIECE) {
                Taken::Bytes(bytes) => {
                    if let Err(error) = body.send(&bytes) {
                        stuck(&error);
                        return Progress::Idle;
                    }
                }
                Taken::Nothing => return Progress::Idle,
                Taken::End => {
                    if let Err(error) = body.end() {
                        stuck(&error);
                    }
                    return Progress::Idle;
                }
            }
        }
        Progress::More
    }

    fn begin(
        &mut self,
        padding: bool,
        head_only: bool,
        output: &mut Output<'_>,
    ) -> Result<(), SendError> {
        if head_only {
            self.pipe.close();
            return Ok(());
        }
        if padding && let Output::Body(body) = output {
            body.send(sse::PADDING)?;
        }
        self.stage = Stage::Open;
        let pipe = Arc::clone(&self.pipe);
        self.feed.on_open(Emitter {
            owner: Arc::new(Owner { pipe }),
        });
        Ok(())
    }

    /// Sends a heartbeat unless the client is behind, and sets the timer for the next one.
    pub fn timer(&mut self, mut output: Output<'_>) {
        output.set_timer(self.heartbeat);
        // The bytes that wait may be the rest of an event, and a heartbeat must not cut it in two. They are a sign
        // of life themselves.
        if let Output::Body(mut body) = output
            && body.has_room()
            && self.pipe.queued() == 0
            && let Err(error) = body.send(sse::HEARTBEAT)
        {
            stuck(&error);
        }
    }

    /// The server is stopping, or the client has closed its sending side: what was emitted is still sent, and
    /// emitting is over. Last of all the client is told when to come back, at a different time for each client
    /// ([`not_now`](event_stream::not_now)).
    pub fn stopping(&mut self, output: Output<'_>) {
        self.pipe.close();
        if let Output::Body(body) = output {
            self.flush(body);
        }
    }

    fn flush(&mut self, mut body: Body<'_>) {
        let mut sent = Ok(());
        while let (Ok(()), Taken::Bytes(bytes)) = (sent, self.pipe.take(usize::MAX)) {
            sent = body.send(&bytes);
        }
        if let Stage::Open = self.stage {
            sent = sent.and_then(|()| body.send(event_stream::not_now().as_bytes()));
        }
        if let Err(error) = sent {
            stuck(&error);
        }
    }

    /// The connection is over: emitting fails from now on, and the feed is told.
    pub fn closed(mut self, ending: Ending) {
        self.pipe.disconnect();
        if let Stage::Open = self.stage {
            self.feed.on_close(ending);
        }
    }
}

impl Drop for Emission {
    fn drop(&mut self) {
        // In case a handler forgets to call `closed`: a thread that emits must notice that nobody listens.
        self.pipe.disconnect();
    }
}

impl fmt::Debug for Emission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emission")
            .field("pipe", &self.pipe)
            .field("stage", &self.stage)
            .field("heartbeat", &self.heartbeat)
            .finish_non_exhaustive()
    }
}

fn stuck(error: &SendError) {
    tracing::debug!(%error, "an event stream cannot go on");
}

/// Bytes moved at a time, so that what waits in the connection stays bounded.
const PIECE: usize = 64 * 1024;
