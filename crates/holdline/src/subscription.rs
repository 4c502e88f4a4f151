//! One subscriber: where it stands, and how it is written to.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use holdline_comet::jsonp::{self, CallbackName};
use holdline_comet::{Cursor, Hold, Position, Since, iframe, poll, stream};
use holdline_net::{Body, Held, Output, Progress, WebSocket};
use holdline_sse as sse;

use crate::hub::{Batch, Hub, Place, Read, Waiter, Wanted};
use crate::message::{Wire, encode_event, encode_json};
use crate::names;
use crate::reply::UNCACHED;
use crate::transport::Transport;

/// A held request, a stream or a WebSocket that receives messages.
#[derive(Debug)]
pub(crate) struct Subscription {
    channels: Arc<[Arc<str>]>,
    place: Place,
    /// Where it began, until that is told.
    opening: Option<Cursor>,
    form: Form,
    heartbeat: Duration,
    /// Its connection, which is woken for what is not here yet.
    waiter: Waiter,
}

/// What a subscriber's messages look like.
#[derive(Debug)]
pub(crate) enum Form {
    /// A long poll: one answer, as JSON or as a script, with header fields for pages of other
    /// origins.
    Answer {
        hold: Hold,
        callback: Option<CallbackName>,
        cors: Vec<(&'static str, String)>,
    },
    /// An XHR stream: a line of JSON each.
    Lines,
    /// A forever frame: a script each. Counts the octets, since the document grows with them.
    Page {
        page: Box<iframe::Page>,
        sent: usize,
    },
    /// An event stream, each message as itself, or as the JSON object that all other forms have.
    /// With padding for clients that cannot see its beginning otherwise.
    Events { json: bool, padding: bool },
    /// A WebSocket. Who may publish over it may do so by text message. Messages with at least
    /// `deflate_from` octets are compressed if that was agreed.
    WebSocket {
        may_publish: bool,
        deflate_from: usize,
    },
}

impl Form {
    pub(crate) fn transport(&self) -> Transport {
        match self {
            Self::Answer { callback: None, .. } => Transport::LongPoll,
            Self::Answer {
                callback: Some(_), ..
            } => Transport::Jsonp,
            Self::Lines => Transport::XhrStream,
            Self::Page { .. } => Transport::Iframe,
            Self::Events { .. } => Transport::Sse,
            Self::WebSocket { .. } => Transport::WebSocket,
        }
    }
}

impl Form {
    /// How the messages of a stream are encoded.
    fn wire(&self) -> Wire {
        match self {
            Self::Answer { .. } => Wire::Json,
            Self::Lines => Wire::JsonLine,
            Self::Page { .. } => Wire::Script,
            Self::Events { json: false, .. } => Wire::Sse,
            Self::Events { json: true, .. } => Wire::SseJson,
            Self::WebSocket { deflate_from, .. } => Wire::WebSocket {
                deflate_from: *deflate_from,
            },
        }
    }
}

impl Subscription {
    /// `channels` must be registered with the hub already, so that nothing is missed.
    pub(crate) fn new(
        hub: &Hub,
        waiter: Waiter,
        channels: Arc<[Arc<str>]>,
        since: Since,
        form: Form,
        heartbeat: Duration,
    ) -> Self {
        let position = hub.position(&channels, since);
        let opening = Some(position.cursor());
        Self {
            channels,
            place: Place::new(position),
            opening,
            form,
            heartbeat,
            waiter,
        }
    }

    pub(crate) fn channels(&self) -> &Arc<[Arc<str>]> {
        &self.channels
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn transport(&self) -> Transport {
        self.form.transport()
    }

    /// The channel that a WebSocket's text messages are published to, if this one may publish.
    pub(crate) fn publishes_to(&self) -> Option<&Arc<str>> {
        match self.form {
            Form::WebSocket {
                may_publish: true, ..
            } => self.channels.first(),
            _ => None,
        }
    }

    /// Writes what there is.
    pub(crate) fn ready(&mut self, hub: &Hub, output: Output<'_>) -> Progress {
        match output {
            Output::Held(held) => {
                self.answer_if_due(hub, held);
                Progress::Idle
            }
            Output::Body(body) => self.write_body(hub, body),
            Output::WebSocket(socket) => self.write_socket(hub, socket),
        }
    }

    /// The timer ran out: a long poll's wait is over, a stream is due a heartbeat. A WebSocket has pings
    /// of its own.
    pub(crate) fn timer(&mut self, hub: &Hub, mut output: Output<'_>) {
        if let Output::Body(_) = &output {
            output.set_timer(self.heartbeat);
        }
        let sent = match (&self.form, output) {
            (Form::Answer { .. }, Output::Held(held)) => {
                return self.give_up(hub, held, hub.uptime());
            }
            (Form::Lines, Output::Body(mut body)) => body.send(stream::HEARTBEAT),
            (Form::Page { .. }, Output::Body(mut body)) => body.send(iframe::HEARTBEAT),
            (Form::Events { .. }, Output::Body(mut body)) => body.send(sse::HEARTBEAT),
            _ => return,
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "no heartbeat");
        }
    }

    /// The server stops: a held request is answered, a page is ended as a page.
    pub(crate) fn stopping(&mut self, hub: &Hub, output: Output<'_>) {
        match (&self.form, output) {
            (Form::Answer { .. }, Output::Held(held)) => self.give_up(hub, held, Duration::MAX),
            (Form::Page { page, .. }, Output::Body(mut body)) => {
                let mut end = BytesMut::new();
                page.end(&mut end);
                let _ = body.send(&end);
            }
            _ => {}
        }
    }

    /// Answers a held request when there is something to answer, and sets its timer when not.
    fn answer_if_due(&mut self, hub: &Hub, held: Held<'_>) {
        let batch = self.read_answer(hub);
        let Form::Answer { hold, .. } = &mut self.form else {
            return;
        };
        let wait = hold.poll_timeout();
        if !batch.messages.is_empty() || batch.lost.is_some() {
            if hold.data().is_some() {
                self.answer(hub, held, &batch);
            }
        } else if let Some(until) = wait {
            if until <= hub.uptime() {
                self.give_up(hub, held, until);
            } else {
                Output::Held(held).set_timer(until.saturating_sub(hub.uptime()));
            }
        }
    }

    /// Answers a held request that there is nothing for at `now`, if its wait is over.
    fn give_up(&mut self, hub: &Hub, held: Held<'_>, now: Duration) {
        let Form::Answer { hold, .. } = &mut self.form else {
            return;
        };
        if hold.handle_timeout(now).is_some() {
            let batch = self.read_answer(hub);
            self.answer(hub, held, &batch);
        } else if let Some(until) = hold.poll_timeout() {
            // The loop's clock and the hub's were read at different moments.
            Output::Held(held).set_timer(until.saturating_sub(now) + Duration::from_millis(1));
        }
    }

    /// What there is for an answer; nothing, too, if it is not here yet.
    fn read_answer(&mut self, hub: &Hub) -> Batch {
        let (place, waiter) = (&mut self.place, Some(self.waiter));
        match hub.read_on(&self.channels, place, ANSWER, waiter) {
            Read::Batch(batch) => batch,
            Read::Later => Batch::default(),
        }
    }

    fn answer(&self, hub: &Hub, held: Held<'_>, batch: &Batch) {
        let Form::Answer { callback, cors, .. } = &self.form else {
            return;
        };
        let body = encode_answer(self.place.position(), batch, callback.as_ref());
        self.count(hub, batch);
        let headers = (answer_type(callback.as_ref()), UNCACHED);
        if let Err(error) = held.respond(200, (cors, headers), &body) {
            tracing::error!(%error, "an answer cannot be sent");
        }
    }

    fn write_body(&mut self, hub: &Hub, mut body: Body<'_>) -> Progress {
        let mut scratch = BytesMut::new();
        let opening = self.opening.take();
        if let Some(cursor) = opening {
            match &self.form {
                Form::Lines => scratch.extend_from_slice(stream::PRELUDE),
                Form::Page { page, .. } => page.begin(&mut scratch),
                Form::Events { padding: true, .. } => scratch.extend_from_slice(sse::PADDING),
                _ => {}
            }
            self.encode_own(names::OPEN, cursor, &mut scratch);
        }
        let batch = self.next_batch(hub, self.form.wire());
        if let Some(cursor) = batch.lost {
            self.encode_own(names::LOST, cursor, &mut scratch);
        }
        let mut result = body.send(&scratch);
        scratch.clear();
        for message in &batch.messages {
            result = result.and_then(|()| match &mut self.form {
                Form::Lines => body.send_prechunked(message.json_line()),
                Form::Events { json: false, .. } => body.send_prechunked(message.sse()),
                Form::Events { json: true, .. } => body.send_prechunked(message.sse_json()),
                Form::Page { page, sent } => {
                    scratch.clear();
                    page.prepared(message.script(), &mut scratch);
                    *sent += scratch.len();
                    body.send(&scratch)
                }
                Form::Answer { .. } | Form::WebSocket { .. } => Ok(()),
            });
        }
        if let Err(error) = result {
            tracing::debug!(%error, "a stream cannot go on");
            return Progress::Idle;
        }
        if let Form::Page { page, sent } = &self.form
            && *sent > PAGE_LIMIT
        {
            // The page around it loads the frame again, from the last cursor that it saw.
            scratch.clear();
            page.end(&mut scratch);
            if body.send(&scratch).and_then(|()| body.end()).is_err() {
                tracing::debug!("a page cannot be ended");
            }
            return Progress::Idle;
        }
        if opening.is_some() {
            Output::Body(body).set_timer(self.heartbeat);
        }
        batch.progress()
    }

    fn write_socket(&mut self, hub: &Hub, mut socket: WebSocket<'_>) -> Progress {
        let opening = self.opening.take();
        let mut result = Ok(());
        if let Some(cursor) = opening {
            result = socket.send_text(&self.own_json(names::OPEN, cursor));
        }
        let deflate_from = match self.form {
            Form::WebSocket { deflate_from, .. } if socket.compresses() => deflate_from,
            _ => usize::MAX,
        };
        let batch = self.next_batch(hub, Wire::WebSocket { deflate_from });
        if let Some(cursor) = batch.lost {
            result = result.and_then(|()| socket.send_text(&self.own_json(names::LOST, cursor)));
        }
        for message in &batch.messages {
            let prepared = match message.json_len() >= deflate_from {
                true => message.websocket_deflated(),
                false => message.websocket(),
            };
            result = result.and_then(|()| socket.send_prepared(prepared));
        }
        if let Err(error) = result {
            tracing::debug!(%error, "a WebSocket takes no more messages");
            return Progress::Idle;
        }
        batch.progress()
    }

    fn next_batch(&mut self, hub: &Hub, wire: Wire) -> Batch {
        let budget = STREAM_BUDGET;
        let (wanted, waiter) = (Wanted { budget, wire }, Some(self.waiter));
        let batch = match hub.read_on(&self.channels, &mut self.place, wanted, waiter) {
            Read::Batch(batch) => batch,
            Read::Later => return Batch::default(),
        };
        self.count(hub, &batch);
        batch
    }

    fn count(&self, hub: &Hub, batch: &Batch) {
        let lost = batch.lost.is_some();
        hub.counters
            .delivered(self.transport(), batch.messages.len(), lost);
    }

    /// The server's own message in this subscriber's form.
    fn encode_own(&self, event: &str, cursor: Cursor, out: &mut BytesMut) {
        let id = cursor.to_string();
        match &self.form {
            Form::Lines => stream::encode(self.own_json(event, cursor).as_bytes(), out),
            Form::Page { page, .. } => page.message(self.own_json(event, cursor).as_bytes(), out),
            Form::Events { .. } if event == names::OPEN => {
                // A block without data sets the last event ID and dispatches nothing.
                if let Err(error) = sse::encode_id(&id, out) {
                    tracing::error!(%error, "a cursor is no event ID");
                }
            }
            Form::Events { json: true, .. } => {
                encode_event(None, &id, &self.own_json(event, cursor), out);
            }
            Form::Events { json: false, .. } => encode_event(Some(event), &id, "", out),
            Form::Answer { .. } | Form::WebSocket { .. } => {}
        }
    }

    fn own_json(&self, event: &str, cursor: Cursor) -> String {
        let channels: Vec<&str> = self.channels.iter().map(AsRef::as_ref).collect();
        let json = encode_json(cursor, &channels.join(","), Some(event), "");
        String::from_utf8(json).unwrap_or_default()
    }
}

/// What the answer to a poll is, as JSON or as a script.
pub(crate) fn answer_type(callback: Option<&CallbackName>) -> [(&'static str, &'static str); 1] {
    let content_type = match callback {
        Some(_) => jsonp::CONTENT_TYPE,
        None => poll::CONTENT_TYPE,
    };
    [("Content-Type", content_type)]
}

/// The answer to a poll, as JSON or as a script.
pub(crate) fn encode_answer(
    position: &Position,
    batch: &Batch,
    callback: Option<&CallbackName>,
) -> BytesMut {
    let mut answer = BytesMut::new();
    let messages = batch.messages.iter().map(|message| message.json());
    poll::encode(
        position.cursor(),
        messages,
        batch.lost.is_some(),
        &mut answer,
    );
    let Some(callback) = callback else {
        return answer;
    };
    let mut script = BytesMut::with_capacity(answer.len() + 64);
    jsonp::wrap(callback, &answer, &mut script);
    script
}

/// Of one answer to a poll. The next poll gets the rest.
pub(crate) const ANSWER: Wanted = Wanted {
    budget: 512 * 1024,
    wire: Wire::Json,
};
/// Octets of JSON, about, that are written to a stream in one go.
const STREAM_BUDGET: usize = 32 * 1024;
/// A forever frame is ended when its document has got this large.
const PAGE_LIMIT: usize = 4 * 1024 * 1024;
