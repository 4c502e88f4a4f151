//! An event stream that is read over blocking streams, and taken up again when it breaks:
//! [`EventSource`].

mod connect;
mod stop;
mod update;

use std::ops::Range;
use std::time::{Duration, Instant, SystemTime};

use holdline_sse as sse;
use holdline_sse::{Buffer, Event, EventBuf, Item, ReadyState, Reason};

use super::http::{self, Client, Response};
use super::{Tcp, Url};
use crate::entropy;
pub use connect::Connect;
use connect::{Refusal, send_request};
pub use stop::Stopper;
pub use update::{Error, Lost, Update};

/// A client of server-sent events: connects, reads, and connects again with the last event ID.
///
/// ```no_run
/// use holdline_net::blocking::event_source::EventSource;
///
/// let mut source = EventSource::connect("http://127.0.0.1:8080/channels/demo/sse")?;
/// while let Some(event) = source.next_event()? {
///     println!("{} {} {}", event.id, event.event, event.data);
/// }
/// # Ok::<(), holdline_net::blocking::event_source::Error>(())
/// ```
///
/// What the standard leaves to the client (delays, back-off, jitter, which errors are final) is in
/// [`Config`](sse::Config).
#[derive(Debug)]
pub struct EventSource<C: Connect> {
    state: sse::EventSource,
    connector: C,
    http: Option<Client<C::Stream>>,
    /// The request is sent, and its response is to come.
    awaiting: bool,
    /// The part of the client's read block that the decoder has not taken.
    piece: Range<usize>,
    buffer: Buffer,
    /// Lends what [`read`](Self::read) gives out: a borrow of the read block could not be returned
    /// from the loop that fills it.
    event: EventBuf,
    text: String,
    silence: Option<Duration>,
    heard: Instant,
    origin: Instant,
    stopper: Stopper,
    /// The configuration wants the end of a stream to be followed by another.
    reconnects: bool,
    cut_events: bool,
    /// The stream has ended, and its cut event was handed out. It broke if there is an error.
    ended: Option<Option<http::Error>>,
}

enum Step {
    Open,
    Event,
    Cut,
    Id,
    Comment,
    Retry(Duration),
    Lost(Lost),
    Idle,
    Closed,
}

impl EventSource<Tcp> {
    /// An event source over TCP with the configuration of the standard and the timeouts of
    /// [`Tcp::default`]: a server that is silent for 30 s is gone.
    ///
    /// # Errors
    /// [`Error::Url`].
    pub fn connect(url: &str) -> Result<Self, Error> {
        Self::tcp(sse::Config::new(url), Tcp::default())
    }

    /// An event source over TCP. A server that sends nothing for the read timeout is gone: choose
    /// it longer than the server's heartbeat.
    ///
    /// # Errors
    /// [`Error::Url`].
    pub fn tcp(config: sse::Config, tcp: Tcp) -> Result<Self, Error> {
        let mut source = Self::new(config, tcp)?;
        source.set_silence_limit(tcp.read_timeout);
        Ok(source)
    }
}

impl<C: Connect> EventSource<C> {
    /// An event source over streams that `connector` opens. It connects when it is first read.
    ///
    /// # Errors
    /// [`Error::Url`] if the URL is not one of `http` or `https`.
    pub fn new(config: sse::Config, connector: C) -> Result<Self, Error> {
        Url::parse_http(&config.url)?;
        Ok(Self {
            reconnects: config.reconnect,
            state: sse::EventSource::new(config),
            connector,
            http: None,
            awaiting: false,
            piece: 0..0,
            buffer: Buffer::new(),
            event: EventBuf::default(),
            text: String::new(),
            silence: None,
            heard: Instant::now(),
            origin: Instant::now(),
            stopper: Stopper::default(),
            cut_events: false,
            ended: None,
        })
    }

    /// How long the server may send nothing before the connection is given up and made anew, and how long its
    /// response head may take. For a stream that is no socket it is looked at when the stream's own read
    /// timeout passes. Default: `None`, for ever.
    pub fn set_silence_limit(&mut self, limit: Option<Duration>) {
        self.silence = limit;
    }

    /// Whether [`read`](Self::read) also hands out an event that the end of its stream has cut, as
    /// [`Update::Cut`]. Default: no.
    pub fn set_cut_events(&mut self, wanted: bool) {
        self.cut_events = wanted;
    }

    /// Ends the source from another thread.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// The state machine: ready state, last event ID, reconnection time.
    pub fn state(&self) -> &sse::EventSource {
        &self.state
    }

    /// The last event ID, which the next request carries.
    pub fn last_event_id(&self) -> &str {
        self.state.last_event_id()
    }

    /// Ends the source. Reading gives `None` from now on.
    pub fn close(&mut self) {
        self.state.close();
        self.http = None;
    }

    /// Waits for the next event. A connection that fails or ends is made again without a word;
    /// call [`read`](Self::read) to be told. `None` means what it means there.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, Error> {
        loop {
            match self.step()? {
                Step::Event => return Ok(Some(self.event.as_ref())),
                Step::Closed => return Ok(None),
                _ => {}
            }
        }
    }

    /// Waits for whatever comes next. `None`: the source is closed, because it was told so
    /// ([`close`](Self::close), [`Stopper::stop`]), because the server said 204, or because the
    /// stream ended and [`Config::reconnect`](sse::Config::reconnect) is off. A stream that ended
    /// inside an event is an error then.
    ///
    /// # Errors
    /// What makes the source close, once. `None` after it.
    pub fn read(&mut self) -> Result<Option<Update<'_>>, Error> {
        Ok(Some(match self.step()? {
            Step::Open => Update::Open,
            Step::Event => Update::Event(self.event.as_ref()),
            Step::Cut => Update::Cut(self.event.as_ref()),
            Step::Id => Update::Id(&self.text),
            Step::Comment => Update::Comment(&self.text),
            Step::Retry(time) => Update::Retry(time),
            Step::Lost(lost) => Update::Lost(lost),
            Step::Idle => Update::Idle,
            Step::Closed => return Ok(None),
        }))
    }

    fn step(&mut self) -> Result<Step, Error> {
        loop {
            if self.stopper.is_stopped() {
                self.close();
            }
            if self.state.ready_state() == ReadyState::Closed {
                return Ok(Step::Closed);
            }
            if let Some(error) = self.ended.take() {
                return self.finish(error);
            }
            let Some(http) = &mut self.http else {
                if let Some(until) = self.state.poll_timeout() {
                    let wait = until.saturating_sub(self.origin.elapsed());
                    self.stopper.sleep(wait);
                    self.state.handle_timeout(self.origin.elapsed());
                } else if let Err(error) = self.open()? {
                    return self.lost(Some(error));
                }
                continue;
            };
            if self.awaiting {
                match http.read_response() {
                    Ok(response) => {
                        if let Some(step) = self.responded(&response)? {
                            return Ok(step);
                        }
                    }
                    Err(error) if error.is_timeout() && !self.is_silent() => {
                        return Ok(Step::Idle);
                    }
                    Err(error) => return self.lost(Some(error)),
                }
            } else if !self.piece.is_empty() {
                if let Some(step) = self.receive()? {
                    return Ok(step);
                }
            } else {
                match http.data(None) {
                    Ok(Some(piece)) => {
                        self.piece = piece;
                        self.heard = Instant::now();
                    }
                    Ok(None) => return self.end(None),
                    Err(error) if error.is_timeout() && !self.is_silent() => {
                        return Ok(Step::Idle);
                    }
                    Err(error) => return self.end(Some(error)),
                }
            }
        }
    }

    /// Connects and sends the request. After the inner error, another attempt may succeed.
    fn open(&mut self) -> Result<Result<(), http::Error>, Error> {
        let Some(request) = self.state.poll_request() else {
            return Ok(Ok(()));
        };
        self.heard = Instant::now();
        match send_request(&request, &mut self.connector, self.silence) {
            Ok(http) => {
                self.http = Some(http);
                self.awaiting = true;
                self.piece = 0..0;
                Ok(Ok(()))
            }
            Err(Refusal::Temporary(error)) => Ok(Err(error)),
            Err(Refusal::Request(error)) => {
                self.close();
                Err(Error::Request(error))
            }
            Err(Refusal::Impossible(error)) => {
                self.state.connection_impossible();
                Err(Error::Failed {
                    reason: Reason::Unreachable,
                    body: Vec::new(),
                    error: Some(error.into()),
                })
            }
        }
    }

    fn responded(&mut self, response: &Response) -> Result<Option<Step>, Error> {
        self.awaiting = false;
        self.heard = Instant::now();
        let mut seen = sse::Response::new(response.status(), response.headers());
        // The moment from which a date in `Retry-After` counts.
        let date = httpdate::fmt_http_date(SystemTime::now());
        seen.date = seen.date.or(Some(date.as_bytes()));
        let now = self.origin.elapsed();
        let state = self.state.receive_response(&seen, now, entropy::u32());
        if state == ReadyState::Open {
            if let Some(http) = &mut self.http {
                http.no_deadline();
            }
            return Ok(Some(Step::Open));
        }
        let http = self.http.take();
        if state == ReadyState::Connecting && self.state.poll_timeout().is_none() {
            // A redirect: another request is due at once.
            return Ok(None);
        }
        // If there will be another attempt, the body explains nothing; and an encoded one could not be read.
        let tells =
            state == ReadyState::Closed && self.state.reason() != Some(Reason::ContentEncoding);
        let body = http.filter(|_| tells).map(|mut http| {
            http.set_deadline(self.silence.map_or(BODY_TIME, |limit| limit.min(BODY_TIME)));
            http.read_what_comes(MAX_BODY)
        });
        self.after_loss_with(None, body.unwrap_or_default())
            .map(Some)
    }

    /// Gives the decoder the rest of the piece.
    fn receive(&mut self) -> Result<Option<Step>, Error> {
        let Some(http) = &self.http else {
            return Ok(None);
        };
        let mut input = http.io.piece(self.piece.clone());
        let item = match self.state.receive(&mut input, &mut self.buffer) {
            Ok(item) => item,
            Err(error) => {
                self.http = None;
                return Err(Error::Failed {
                    reason: Reason::Decode(error),
                    body: Vec::new(),
                    error: None,
                });
            }
        };
        self.piece.start = self.piece.end - input.len();
        Ok(match item {
            None => None,
            Some(Item::Event(event)) => {
                keep(&mut self.event, event);
                Some(Step::Event)
            }
            Some(Item::Id(id)) => {
                assign(&mut self.text, id);
                Some(Step::Id)
            }
            Some(Item::Comment(text)) => {
                assign(&mut self.text, text);
                Some(Step::Comment)
            }
            Some(Item::Retry(time)) => Some(Step::Retry(time)),
            Some(_) => None,
        })
    }

    /// The stream ended, or broke. If it was cut in an event and such events are wanted, that event
    /// comes first.
    fn end(&mut self, error: Option<http::Error>) -> Result<Step, Error> {
        self.http = None;
        if self.cut_events
            && let Some(event) = self.state.cut_event(&mut self.buffer)
        {
            keep(&mut self.event, event);
            self.ended = Some(error);
            return Ok(Step::Cut);
        }
        self.finish(error)
    }

    fn finish(&mut self, error: Option<http::Error>) -> Result<Step, Error> {
        if error.is_some() {
            return self.lost(error);
        }
        self.state
            .receive_eof(self.origin.elapsed(), entropy::u32());
        self.after_loss(None)
    }

    fn lost(&mut self, error: Option<http::Error>) -> Result<Step, Error> {
        self.http = None;
        self.state
            .connection_failed(self.origin.elapsed(), entropy::u32());
        self.after_loss(error)
    }

    fn after_loss(&mut self, error: Option<http::Error>) -> Result<Step, Error> {
        self.after_loss_with(error, Vec::new())
    }

    fn after_loss_with(&self, error: Option<http::Error>, body: Vec<u8>) -> Result<Step, Error> {
        let reason = self.state.reason().unwrap_or(Reason::ConnectionFailed);
        if let Some(until) = self.state.poll_timeout() {
            return Ok(Step::Lost(Lost {
                reason,
                error,
                retry_in: until.saturating_sub(self.origin.elapsed()),
            }));
        }
        match reason {
            Reason::EndOfStream if !self.reconnects => Ok(Step::Closed),
            Reason::Closed | Reason::Status(204) => Ok(Step::Closed),
            _ => Err(Error::Failed {
                reason,
                body,
                error,
            }),
        }
    }

    fn is_silent(&self) -> bool {
        self.silence
            .is_some_and(|silence| self.heard.elapsed() >= silence)
    }
}

/// Copies an event to where it is lent from.
fn keep(place: &mut EventBuf, event: Event<'_>) {
    assign(&mut place.event, event.event);
    assign(&mut place.data, event.data);
    assign(&mut place.id, event.id);
}

/// Puts `text` in place of what was there, in the same memory unless that is far too much.
fn assign(place: &mut String, text: &str) {
    place.clear();
    place.shrink_to(KEEP.max(text.len()));
    place.push_str(text);
}

/// How long to wait for the body of an answer that is no event stream.
const BODY_TIME: Duration = Duration::from_secs(5);
/// Bytes of an answer that is no event stream.
const MAX_BODY: usize = 16 * 1024;
/// Bytes of room that are kept for the next event.
const KEEP: usize = 64 * 1024;
