//! The push server on one event loop.

mod answered;
mod append;
mod closing;
mod mirrored;
mod plain;
mod plugged;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use holdline::emitter::{self, Emission, Emitters};
use holdline::event_stream;
use holdline_http1::SendError;
use holdline_net::{
    Arrival, ConnectionId, Ending, Exchange, Expects, Finished, Handler, Intake, Message, Notifier,
    Output, Piece, Progress, Raw, Rejection, Request, Responder, Tap, Wake,
};

use self::closing::close;
pub(crate) use self::mirrored::Mirrored;
use crate::access::Rights;
use crate::counters::Limit;
use crate::held::{Explanation, HeldRequest};
use crate::hub::{Hub, Looks, LoopKey, TooManyChannels, Waiter};
use crate::journal::Receipt;
use crate::mirror;
use crate::plug::Caller;
use crate::refusal;
use crate::request_log::RequestLog;
use crate::routes;
pub(crate) use crate::shared::{Options, Shared};
use crate::subscription::{EXPIRED, Follower, SocketStream, Subscription};
use crate::transport::SubscribeRequest;

/// The request handler of one loop.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) shared: Arc<Shared>,
    pub(crate) notifier: Notifier,
    pub(crate) emitters: Emitters,
    key: LoopKey,
    /// Ordered sets, so that connections are visited in the order in which the loop has them in memory.
    subscribers: HashMap<Arc<str>, BTreeSet<ConnectionId>>,
    looks: Looks,
    /// Messages that came over a WebSocket and that the journal has not answered yet.
    unsettled: HashMap<ConnectionId, VecDeque<Receipt>>,
    /// The rights of streams that end with them.
    mortal: HashMap<ConnectionId, Rights>,
    /// Of these, the streams that must end now.
    over: HashSet<ConnectionId>,
    /// When the oldest of the messages being delivered was shown.
    since: Option<Duration>,
    pub(crate) request_log: Option<RequestLog>,
}

/// What a connection is doing that is not just being answered.
#[derive(Debug)]
pub(crate) enum Stream {
    Subscriber(Subscription),
    /// A plug-in that has not said yet what it wants.
    Caller(Box<Caller>),
    /// A request whose answer is not here yet.
    Held(Box<HeldRequest>),
    /// An event stream that does not belong to a channel.
    Emission(Emission),
    /// A WebSocket that echoes its messages.
    Echo,
    /// The same for a page that looks at its connections.
    Mirrored(Mirrored),
    /// A request for a page that is being made.
    Explained(Explanation),
    /// The head of a stream, in answer to a HEAD request.
    Head,
}

impl App {
    pub(crate) fn new(shared: Arc<Shared>, notifier: Notifier) -> Self {
        let key = shared.hub.join(notifier.clone());
        shared.sessions.join(key, notifier.clone());
        let mut config = emitter::Config::default();
        config.heartbeat = shared.options.heartbeat;
        let log = shared.options.log_requests.then(|| shared.log.clone());
        Self {
            request_log: log.map(RequestLog::new),
            since: None,
            shared,
            emitters: Emitters::new(notifier.clone(), config),
            notifier,
            key,
            subscribers: HashMap::new(),
            looks: Looks::default(),
            unsettled: HashMap::new(),
            mortal: HashMap::new(),
            over: HashSet::new(),
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.shared.hub
    }

    /// A waiter that wakes a connection of this loop.
    pub(crate) fn waiter(&self, connection: ConnectionId) -> Waiter {
        Waiter {
            key: self.key,
            connection,
        }
    }

    /// How long a stream on this connection may be silent.
    pub(crate) fn heartbeat(&self, connection: ConnectionId) -> Duration {
        event_stream::heartbeat(self.shared.options.heartbeat, connection)
    }

    /// Registers a subscriber, both here and in the hub. Only afterwards does it look up where the subscriber
    /// begins.
    pub(crate) fn follow(
        &mut self,
        connection: ConnectionId,
        request: &SubscribeRequest<'_>,
    ) -> Result<Follower, TooManyChannels> {
        let hub = &self.shared.hub;
        let registered = hub.register(self.key, &request.names, request.transport);
        let channels = registered.inspect_err(|TooManyChannels| {
            hub.counters.refused(Limit::AskedChannels);
        })?;
        for name in channels.iter() {
            self.subscribers
                .entry(Arc::clone(name))
                .or_default()
                .insert(connection);
        }
        let waiter = self.waiter(connection);
        let follower = Follower::new(hub, waiter, &channels, request);
        self.end_with(connection, &request.rights);
        Ok(follower)
    }

    /// Has the stream of a connection end when its rights end.
    pub(crate) fn end_with(&mut self, connection: ConnectionId, rights: &Rights) {
        if self.shared.sessions.begin(self.waiter(connection), rights) {
            self.mortal.insert(connection, rights.clone());
        }
    }

    /// Ends a stream whose rights have ended.
    fn expire(&mut self, stream: &mut Stream, output: Output<'_>) {
        match (stream, output) {
            (Stream::Subscriber(subscription), output) => {
                subscription.expire(&self.shared.hub, &mut self.looks, output);
            }
            (Stream::Echo, Output::WebSocket(socket)) => {
                close(socket, EXPIRED.into(), "the token has expired");
            }
            _ => {}
        }
    }

    fn unsubscribe(&mut self, connection: ConnectionId, follower: &Follower) {
        for name in self.shared.hub.names(follower.place()) {
            if let Some(here) = self.subscribers.get_mut(&name) {
                here.remove(&connection);
                if here.is_empty() {
                    self.subscribers.remove(&name);
                }
            }
        }
        let hub = &self.shared.hub;
        let (place, transport) = (follower.place(), follower.transport());
        self.looks.settle(hub);
        follower.leave(hub);
        hub.unregister(self.key, transport, place);
        hub.stop_waiting(place.position(), self.waiter(connection));
        self.unsettled.remove(&connection);
    }
}

impl Handler for App {
    type Stream = Stream;

    fn serves_when_full(&mut self, request: &Request<'_>) -> bool {
        refusal::serves_when_full(&request.head)
    }

    fn tap(&mut self, request: &Request<'_>) -> Option<Box<dyn Tap>> {
        let head = &request.head;
        // What is nobody's business is none of this, and costs nothing.
        let is_mirror = head.path().starts_with(mirror::PREFIX);
        let tap = is_mirror.then(|| self.shared.mirrors.tap(head));
        tap.flatten()
            .filter(|_| self.shared.access().judge_host(request).is_ok())
    }

    fn head(&mut self, request: &Request<'_>, intake: Intake<'_, Stream>) {
        routes::head(self, request, intake);
    }

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, Stream>) {
        routes::answer(self, request, responder);
    }

    fn ready(
        &mut self,
        connection: ConnectionId,
        stream: &mut Stream,
        output: Output<'_>,
    ) -> Progress {
        if !self.over.is_empty() && self.over.remove(&connection) {
            self.expire(stream, output);
            return Progress::Idle;
        }
        match (stream, output) {
            (Stream::Subscriber(subscription), output) => {
                if self.shared.exodus.takes(connection) {
                    subscription.send_away(&self.shared.hub, &mut self.looks, output);
                    return Progress::Idle;
                }
                let refusal = self.settle(connection);
                match (refusal, output) {
                    (Some(refusal), Output::WebSocket(socket)) => {
                        plain::refuse(socket, refusal);
                        Progress::Idle
                    }
                    (_, output) => subscription.ready(&self.shared.hub, &mut self.looks, output),
                }
            }
            (Stream::Held(held), output) => {
                held.ready(&self.shared.hub, output);
                Progress::Idle
            }
            (Stream::Emission(emission), output) => emission.ready(output),
            (Stream::Explained(explanation), output) => {
                explanation.ready(output);
                Progress::Idle
            }
            (Stream::Mirrored(mirrored), output) => {
                mirrored.ready(output);
                Progress::Idle
            }
            (Stream::Head, Output::Body(body)) => {
                if let Err(error) = body.end() {
                    tracing::debug!(%error, "a body cannot be ended");
                }
                Progress::Idle
            }
            (Stream::Head | Stream::Echo | Stream::Caller(_), _) => Progress::Idle,
        }
    }

    fn message(
        &mut self,
        connection: ConnectionId,
        stream: &mut Stream,
        message: Message<'_>,
        output: Output<'_>,
    ) {
        match (stream, output) {
            (Stream::Echo, Output::WebSocket(mut socket)) => {
                let sent = match message {
                    Message::Text(text) => socket.send_text(text),
                    Message::Binary(data) => socket.send_binary(data),
                };
                if let Err(error) = sent {
                    tracing::debug!(%error, "an echo cannot be sent");
                }
            }
            (Stream::Subscriber(subscription), output) => {
                self.publish(connection, subscription, message, output);
            }
            (Stream::Mirrored(mirrored), Output::WebSocket(socket)) => {
                mirrored.message(message, socket);
            }
            _ => {}
        }
    }

    fn message_piece(
        &mut self,
        _connection: ConnectionId,
        stream: &mut Stream,
        _piece: Piece<'_>,
        output: Output<'_>,
    ) {
        if let (Stream::Subscriber(subscription), Output::WebSocket(socket)) = (stream, output) {
            self.refuse_piece(subscription, socket);
        }
    }

    fn connected(&mut self, arrival: &Arrival<'_>) -> Option<Stream> {
        let max_message = self.shared.options.max_message;
        Some(Stream::Caller(Caller::new(arrival, max_message)))
    }

    fn bytes(
        &mut self,
        connection: ConnectionId,
        stream: &mut Stream,
        input: &mut &[u8],
        output: Output<'_>,
    ) -> Expects {
        self.heard_raw(connection, stream, input, output)
    }

    fn reject_raw(&mut self, rejection: &Rejection<'_>, output: Raw<'_>) {
        self.reject_socket(rejection, output);
    }

    fn half_closed(
        &mut self,
        _connection: ConnectionId,
        stream: &mut Stream,
        output: Output<'_>,
    ) -> Progress {
        match stream {
            Stream::Subscriber(subscription) => {
                // The same for what was published over a plug-in socket.
                if let Subscription::Socket(plugged) = subscription
                    && !plugged.socket.are_all_answered()
                {
                    return Progress::More;
                }
                subscription.stopping(&self.shared.hub, &mut self.looks, output)
            }
            // The answer is sent as soon as it is known, which will not take long.
            Stream::Held(_) => return Progress::More,
            Stream::Explained(explanation) => {
                explanation.half_closed();
                return Progress::More;
            }
            Stream::Emission(emission) => emission.stopping(output),
            Stream::Mirrored(_) => {}
            Stream::Echo | Stream::Head | Stream::Caller(_) => {}
        }
        Progress::Idle
    }

    fn timer(&mut self, _connection: ConnectionId, stream: &mut Stream, output: Output<'_>) {
        match stream {
            Stream::Subscriber(subscription) => {
                subscription.timer(&self.shared.hub, &mut self.looks, output)
            }
            Stream::Held(held) => held.timer(&self.shared.hub, output),
            Stream::Emission(emission) => emission.timer(output),
            Stream::Mirrored(_) => Mirrored::timer(output),
            Stream::Explained(_) => {}
            Stream::Echo | Stream::Head | Stream::Caller(_) => {}
        }
    }

    fn stopping(&mut self, _connection: ConnectionId, stream: &mut Stream, output: Output<'_>) {
        match stream {
            Stream::Subscriber(subscription) => {
                subscription.stopping(&self.shared.hub, &mut self.looks, output)
            }
            Stream::Held(held) => held.stopping(&self.shared.hub, output),
            Stream::Emission(emission) => emission.stopping(output),
            Stream::Explained(explanation) => explanation.ready(output),
            Stream::Mirrored(_) => {}
            Stream::Echo | Stream::Head | Stream::Caller(_) => {}
        }
    }

    fn closed(&mut self, connection: ConnectionId, stream: Stream, ending: Ending) {
        if ending == Ending::NoRoom {
            self.shared.hub.counters.refused(Limit::UploadTotal);
        }
        if let Some(rights) = self.mortal.remove(&connection) {
            self.shared.sessions.end(self.waiter(connection), &rights);
            self.over.remove(&connection);
        }
        match stream {
            Stream::Subscriber(mut subscription) => {
                if let Some((_, answers)) = subscription.answered().and_then(SocketStream::answers)
                {
                    answers.leave(self.waiter(connection));
                }
                let follower = subscription.follower();
                tracing::debug!(transport = %follower.transport(), ?ending, "subscriber gone");
                if let Some(log) = &mut self.request_log {
                    log.given(connection, follower.given());
                }
                self.unsubscribe(connection, follower);
            }
            Stream::Held(held) => held.closed(&self.shared.hub),
            Stream::Emission(emission) => emission.closed(ending),
            Stream::Mirrored(_) | Stream::Explained(_) => {}
            Stream::Echo | Stream::Head | Stream::Caller(_) => {}
        }
    }

    fn notified(&mut self, wake: &mut Wake<'_>) {
        let news = self.shared.hub.take_news(self.key);
        self.since = news.since;
        for connection in news.connections {
            wake.wake(connection);
        }
        for connection in self.shared.sessions.take_over(self.key) {
            if self.mortal.contains_key(&connection) {
                self.over.insert(connection);
                wake.wake(connection);
            }
        }
        for name in news.channels {
            for &connection in self.subscribers.get(&name).into_iter().flatten() {
                wake.wake(connection);
            }
        }
        self.emitters.notified(wake);
    }

    fn turn_ended(&mut self) {
        self.looks.clear(&self.shared.hub);
        if let Some(since) = self.since.take() {
            let delay = self.hub().now().saturating_sub(since);
            self.hub().counters.delayed(delay);
        }
    }

    fn finished(&mut self, request: &Finished<'_>) {
        if let Some(log) = &mut self.request_log {
            log.finished(request);
        }
    }

    fn reject(
        &mut self,
        rejection: &Rejection<'_>,
        exchange: &mut Exchange<'_>,
    ) -> Result<(), SendError> {
        refusal::reject(&self.shared, rejection, exchange)
    }
}
