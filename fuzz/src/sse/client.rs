//! An event source in a network that does anything at any time.

use std::time::Duration;

use holdline_sse::{
    Buffer, Config, EventSource, ItemBuf, ReadyState, Reason, Request, Response, is_temporary,
};

use super::naive;
use crate::cuts::{Cuts, seed};

/// Whatever a network does, the source is in a state that the standard knows, waits neither too
/// long nor too short, sends the last committed event ID, and stays closed once it is closed. It
/// never depends on how a body was cut.
///
/// The input is a script of steps with `|` between them; the first byte of each says what it is:
///
/// | step | means |
/// |---|---|
/// | `r` | send the request, if one is due |
/// | `h200 TEXT` | a response head; `TEXT` is its type, its location and its `Retry-After` |
/// | `g200 TEXT` | the same with a content coding, which is `TEXT` too |
/// | `bBYTES` | bytes of the body |
/// | `e`, `f` | the body ended; the connection failed |
/// | `t500`, `w` | 500 ms pass; the time passes that the source waits for |
/// | `c` | the caller closes the source |
pub fn client(data: &[u8]) {
    let (seed, script) = seed(data);
    let config = config(seed);
    let mut model = Model::new(&config);
    let mut whole = Run::new(config.clone());
    let mut cut = Run::new(config);
    for step in script.split(|byte| *byte == b'|') {
        let Some((kind, rest)) = step.split_first() else {
            continue;
        };
        model.random = model
            .random
            .wrapping_mul(747_796_405)
            .wrapping_add(2_891_336_453);
        let (now, random) = (model.now, model.random);
        match kind {
            b'r' => {
                let due = whole.source.poll_request();
                let again = cut.source.poll_request();
                assert_eq!(due.is_some(), again.is_some());
                if let Some(request) = due {
                    model.check_request(request);
                    model.requested = true;
                }
                assert!(
                    whole.source.poll_request().is_none(),
                    "a request is due once"
                );
            }
            b'h' | b'g' => {
                let mut response = head(rest);
                if *kind == b'g' {
                    response.content_encoding = response.content_type;
                }
                let state = whole.source.receive_response(&response, now, random);
                cut.source.receive_response(&response, now, random);
                model.check_response(&response, state, &whole.source);
                model.requested = false;
            }
            b'b' => {
                whole.receive(std::iter::once(rest));
                cut.receive(Cuts::new(rest, seed));
                if model.open {
                    model.body.extend_from_slice(rest);
                }
            }
            b'e' | b'f' => {
                for source in [&mut whole.source, &mut cut.source] {
                    let was_lost = model.open || model.requested;
                    let before = source.clone();
                    if *kind == b'e' {
                        source.receive_eof(now, random);
                    } else {
                        source.connection_failed(now, random);
                    }
                    if !was_lost {
                        assert_eq!(
                            visible(source),
                            visible(&before),
                            "nothing was there to lose"
                        );
                    }
                }
                model.end_of_body();
                model.requested = false;
            }
            b't' => {
                let millis = std::str::from_utf8(rest)
                    .ok()
                    .and_then(|text| text.parse().ok());
                model.now = now.saturating_add(Duration::from_millis(millis.unwrap_or(1000)));
                for source in [&mut whole.source, &mut cut.source] {
                    source.handle_timeout(model.now);
                }
            }
            b'w' => {
                let until = whole.source.poll_timeout();
                if let Some(before) = until.and_then(|until| until.checked_sub(MOMENT)) {
                    whole.source.handle_timeout(before);
                    assert!(whole.source.poll_request().is_none(), "the delay is kept");
                }
                model.now = now.max(until.unwrap_or(now));
                for source in [&mut whole.source, &mut cut.source] {
                    source.handle_timeout(model.now);
                    assert_eq!(source.poll_timeout(), None, "and it ends");
                }
            }
            b'c' => {
                whole.source.close();
                cut.source.close();
                assert_eq!(whole.source.ready_state(), ReadyState::Closed);
            }
            _ => continue,
        }
        assert_eq!(visible(&whole.source), visible(&cut.source));
        assert_eq!(whole.items, cut.items, "however the body is cut");
        model.check(&whole.source);
    }
}

/// One of the configurations that the seed chooses from.
fn config(seed: u8) -> Config {
    let mut config = Config::new("http://host:8080/a/b?c");
    if seed & 0x01 != 0 {
        config.limits.max_line = 20;
        config.limits.max_event = 40;
    }
    if seed & 0x02 != 0 {
        config.retry_status = is_temporary;
    }
    if seed & 0x04 != 0 {
        config.max_retries = Some(2);
        config.max_redirects = 2;
    }
    if seed & 0x08 != 0 {
        config.method = "POST".into();
        config.body = "body".into();
        config
            .headers
            .push(("Authorization".into(), b"secret".to_vec()));
    }
    if seed & 0x10 != 0 {
        config.last_event_id = "seeded".into();
    }
    if seed & 0x20 != 0 {
        config.jitter_percent = u32::from(seed);
        config.max_delay = Duration::from_millis(50);
    }
    config.comments = true;
    config.retry = true;
    config.ids = true;
    config
}

/// `200 text/event-stream`
fn head(text: &[u8]) -> Response<'_> {
    let end = text.iter().position(|byte| *byte == b' ');
    let (status, value) = text.split_at(end.unwrap_or(text.len()));
    let status = std::str::from_utf8(status)
        .ok()
        .and_then(|text| text.parse().ok());
    let value = value.split_first().map(|(_, value)| value);
    let names = ["Content-Type", "Location", "Retry-After"];
    let headers = names.into_iter().filter_map(|name| Some((name, value?)));
    Response::new(status.unwrap_or(200), headers)
}

/// A source and what came out of it.
struct Run {
    source: EventSource,
    buffer: Buffer,
    items: Vec<ItemBuf>,
}

impl Run {
    fn new(config: Config) -> Self {
        Self {
            source: EventSource::new(config),
            buffer: Buffer::new(),
            items: Vec::new(),
        }
    }

    fn receive<'p>(&mut self, pieces: impl Iterator<Item = &'p [u8]>) {
        for mut input in pieces {
            loop {
                match self.source.receive(&mut input, &mut self.buffer) {
                    Ok(Some(item)) => self.items.push(item.to_owned()),
                    Ok(None) => {
                        assert!(input.is_empty(), "None means that all was taken");
                        break;
                    }
                    Err(error) => {
                        assert_eq!(self.source.reason(), Some(Reason::Decode(error)));
                        return;
                    }
                }
            }
        }
    }
}

type Visible<'s> = (
    ReadyState,
    Option<Reason>,
    Option<Duration>,
    (&'s str, &'s str),
    (Duration, bool),
);

/// All that a source shows of its state.
fn visible(source: &EventSource) -> Visible<'_> {
    (
        source.ready_state(),
        source.reason(),
        source.poll_timeout(),
        (source.url(), source.last_event_id()),
        (source.reconnection_time(), source.is_between_events()),
    )
}

/// What must be true of the source, kept apart from it and as plain as can be.
struct Model {
    config: Config,
    now: Duration,
    random: u32,
    /// A request is on its way.
    requested: bool,
    /// The last response was a redirect, so the next request goes elsewhere.
    redirected: bool,
    open: bool,
    closed: bool,
    /// The reason for which it closed.
    reason: Option<Reason>,
    /// The body of the present response so far.
    body: Vec<u8>,
    /// The ID that the bodies before it committed.
    id: String,
    /// `Retry-After` of a response that is tried again.
    retry_after: Duration,
    waits_until: Option<Duration>,
}

impl Model {
    fn new(config: &Config) -> Self {
        Self {
            config: config.clone(),
            now: Duration::ZERO,
            random: 1,
            requested: false,
            redirected: false,
            open: false,
            closed: false,
            reason: None,
            body: Vec::new(),
            id: config.last_event_id.clone(),
            retry_after: Duration::ZERO,
            waits_until: None,
        }
    }

    fn check_request(&self, request: Request<'_>) {
        assert!(!self.closed && !self.open && !self.requested);
        let sent = request.headers().find(|(name, _)| *name == "Last-Event-ID");
        let has_edge = self.id.trim_matches([' ', '\t']) != self.id;
        let has_control = self.id.chars().any(|c| c.is_ascii_control() && c != '\t');
        let fits = !self.id.is_empty() && !has_edge && !has_control;
        assert_eq!(sent.map(|(_, id)| id), fits.then_some(self.id.as_bytes()));
        for (name, value) in request.headers() {
            let ends = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0);
            assert!(
                !name.is_empty() && !value.iter().any(ends),
                "{name}: {value:?}"
            );
        }
        let url = request.url();
        assert!(
            url.starts_with("http://") || url.starts_with("https://"),
            "{url}"
        );
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
        assert!(self.redirected || url == self.config.url, "{url}");
        assert!(request.method() != "GET" || request.body().is_empty());
        let own = url.starts_with("http://host:8080/");
        let secret = request.headers().any(|(name, _)| name == "Authorization");
        assert!(own || !secret, "a secret for {url}");
    }

    fn check_response(&mut self, response: &Response<'_>, state: ReadyState, source: &EventSource) {
        if !self.requested {
            return;
        }
        let kind = response
            .content_type
            .unwrap_or_default()
            .to_ascii_lowercase();
        let kind = kind.trim_ascii_start();
        let is_stream = kind
            .strip_prefix(b"text/event-stream")
            .is_some_and(|rest| matches!(rest.trim_ascii_start(), [] | [b';', ..]));
        let is_open = state == ReadyState::Open;
        assert_eq!(
            is_open,
            response.status == 200 && is_stream && response.content_encoding.is_none()
        );
        self.open = is_open;
        self.redirected = state == ReadyState::Connecting && source.poll_timeout().is_none();
        if state == ReadyState::Connecting && source.poll_timeout().is_some() {
            assert!(is_temporary(response.status));
            let text = std::str::from_utf8(response.retry_after.unwrap_or_default());
            let digits = text.unwrap_or_default().trim_ascii();
            let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let seconds = digits.parse().unwrap_or(u64::MAX);
            let asked = Duration::from_secs(if is_number { seconds } else { 0 });
            self.retry_after = asked.min(self.config.max_server_delay);
        }
    }

    /// The body ended: what it committed stays.
    fn end_of_body(&mut self) {
        if let Some(id) = naive::decode(&self.body).last_event_id {
            self.id = id;
        }
        self.body.clear();
    }

    /// What must hold after every step.
    fn check(&mut self, source: &EventSource) {
        let state = source.ready_state();
        assert!(
            !self.closed || state == ReadyState::Closed,
            "closed is closed"
        );
        if self.closed {
            assert_eq!(source.reason(), self.reason);
        }
        self.closed = state == ReadyState::Closed;
        self.reason = source.reason();
        self.open &= state == ReadyState::Open;
        assert_eq!(
            self.open,
            state == ReadyState::Open,
            "it opens by a response only"
        );
        self.requested &= state == ReadyState::Connecting;

        // It is connecting for exactly one reason.
        let wants = source.clone().poll_request().is_some();
        let waits = source.poll_timeout().is_some();
        let ways = [wants, waits, self.requested]
            .map(u8::from)
            .iter()
            .sum::<u8>();
        assert_eq!(ways, u8::from(state == ReadyState::Connecting));

        if let Some(until) = source.poll_timeout()
            && self.waits_until.is_none()
        {
            self.check_delay(until, source.reconnection_time());
        }
        self.waits_until = source.poll_timeout();
        self.redirected &= !waits;

        // A stream over a limit closes the source, and what it committed before does not matter.
        if !matches!(self.reason, Some(Reason::Decode(_))) {
            let id = naive::decode(&self.body).last_event_id;
            assert_eq!(source.last_event_id(), id.as_deref().unwrap_or(&self.id));
        }
    }

    fn check_delay(&mut self, until: Duration, reconnection_time: Duration) {
        let Config {
            min_delay,
            max_delay,
            jitter_percent,
            ..
        } = self.config;
        let floor = reconnection_time.max(min_delay).max(self.retry_after);
        let most = floor.max(max_delay);
        let jitter = (most / 100)
            .saturating_mul(jitter_percent + 1)
            .saturating_add(MOMENT);
        let most = self.now.saturating_add(most).saturating_add(jitter);
        assert!(
            until >= self.now.saturating_add(floor),
            "{until:?} {floor:?}"
        );
        assert!(until <= most, "{until:?} {most:?}");
        self.retry_after = Duration::ZERO;
    }
}

/// The smallest time there is.
const MOMENT: Duration = Duration::from_nanos(1);
