//! A push server inside a program of your own: its answers and its event streams on one event loop, and a log, so that
//! a client that comes back misses nothing.
//!
//!     cargo run -p holdline-recipes --example embedded
//!     curl -N http://127.0.0.1:8000/events
//!     curl -d hello http://127.0.0.1:8000/say

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use holdline::emitter::{self, Emission, Emitter, Emitters};
use holdline::event_stream::Opening;
use holdline_comet::{Cursor, Log, LogLimits, Position, Reader, Since};
use holdline_http1::SendError;
use holdline_net::{
    Config, ConnectionId, Ending, Handler, Notifier, Output, Progress, Request, Responder, Server,
    Wake,
};
use holdline_sse::EventFields;

fn main() -> io::Result<()> {
    let server = Server::bind(([127, 0, 0, 1], 8000).into(), Config::default())?;
    println!("http://{}/events", server.local_addr()?);
    let room = Arc::new(Room::new());
    // One handler for each event loop, and one room for all. Any thread of yours may call `room.say`.
    server.run(|notifier| App::new(notifier, Arc::clone(&room)))
}

/// What was said, and who listens.
struct Room(Mutex<Said>);

struct Said {
    log: Log<String>,
    newest: u64,
    listeners: Vec<Emitter>,
    epoch: u64,
    started: Instant,
}

impl Room {
    fn new() -> Self {
        let since_1970 = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self(Mutex::new(Said {
            log: Log::new(LogLimits::default()),
            newest: 0,
            listeners: Vec::new(),
            epoch: since_1970.as_secs(),
            started: Instant::now(),
        }))
    }

    /// `false`: it is longer than the log may hold.
    fn say(&self, text: &str) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, now) = (said.newest + 1, said.started.elapsed());
        if said
            .log
            .push(number, text.len(), now, text.to_owned())
            .is_err()
        {
            return false;
        }
        said.newest = number;
        let id = Cursor::new(said.epoch, number).to_string();
        let event = EventFields {
            id: Some(&id),
            ..EventFields::data(text)
        };
        // Who is too far behind is cut off when its emitter is dropped, comes back, and goes on from the log.
        said.listeners
            .retain(|listener| listener.send(&event).is_ok());
        true
    }

    /// First what the client has missed, then what comes; nothing is said in between.
    fn listen(&self, emitter: Emitter, last_event_id: Option<Cursor>) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let logs = [&said.log];
        let reader = Reader::new(said.epoch, said.newest, &logs);
        let mut position: Position =
            reader.position(last_event_id.map_or(Since::Now, Since::Cursor));
        let missed = reader.read(&mut position);
        let mut sent = match missed.lost {
            Some(_) => emitter.event("lost", ""),
            None => Ok(()),
        };
        for (_, number, text) in missed {
            let id = Cursor::new(said.epoch, number).to_string();
            let event = EventFields {
                id: Some(&id),
                ..EventFields::data(text)
            };
            sent = sent.and_then(|()| emitter.send(&event));
        }
        if sent.is_ok() {
            said.listeners.push(emitter);
        }
    }
}

struct App {
    emitters: Emitters,
    room: Arc<Room>,
}

impl App {
    fn new(notifier: Notifier, room: Arc<Room>) -> Self {
        let emitters = Emitters::new(notifier, emitter::Config::default());
        Self { emitters, room }
    }

    fn answer(
        &self,
        request: &Request<'_>,
        responder: Responder<'_, Emission>,
    ) -> Result<(), SendError> {
        match (request.head.method(), request.head.path()) {
            ("GET", "/events") => {
                let room = Arc::clone(&self.room);
                let opening = Opening::of(&request.head);
                let id = opening.last_event_id().and_then(|id| id.parse().ok());
                let feed = move |emitter| room.listen(emitter, id);
                self.emitters
                    .open(request, responder, Box::new(feed), |it| it)
            }
            ("POST", "/say") => match std::str::from_utf8(request.body) {
                Ok(text) if self.room.say(text) => responder.respond(204, (), b""),
                Ok(_) => responder.respond(413, (), b""),
                Err(_) => responder.respond(400, (), b"UTF-8 is asked for\n"),
            },
            _ => responder.respond(404, (), b""),
        }
    }
}

impl Handler for App {
    type Stream = Emission;

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, Emission>) {
        if let Err(error) = self.answer(request, responder) {
            eprintln!("{error}");
        }
    }

    fn ready(&mut self, _: ConnectionId, stream: &mut Emission, output: Output<'_>) -> Progress {
        stream.ready(output)
    }

    fn timer(&mut self, _: ConnectionId, stream: &mut Emission, output: Output<'_>) {
        stream.timer(output);
    }

    fn stopping(&mut self, _: ConnectionId, stream: &mut Emission, output: Output<'_>) {
        stream.stopping(output);
    }

    fn closed(&mut self, _: ConnectionId, stream: Emission, ending: Ending) {
        stream.closed(ending);
    }

    fn notified(&mut self, wake: &mut Wake<'_>) {
        self.emitters.notified(wake);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use holdline_net::blocking::Tcp;
    use holdline_net::blocking::event_source::EventSource;

    use super::*;

    #[test]
    fn who_comes_back_gets_what_was_said_meanwhile() {
        let server = Server::bind(([127, 0, 0, 1], 0).into(), Config::default()).unwrap();
        let url = format!("http://{}/events", server.local_addr().unwrap());
        let room = Arc::new(Room::new());
        let for_server = Arc::clone(&room);
        thread::spawn(move || server.run(|notifier| App::new(notifier, Arc::clone(&for_server))));
        for text in ["one", "two", "three\nlines"] {
            assert!(room.say(text));
        }
        let epoch = room.0.lock().unwrap().epoch;
        let mut config = holdline_sse::Config::new(&*url);
        config.last_event_id = Cursor::new(epoch, 1).to_string();
        let mut source = EventSource::tcp(config, Tcp::default()).unwrap();
        for text in ["two", "three\nlines"] {
            assert_eq!(source.next_event().unwrap().unwrap().data, text);
        }
        let long = "four".repeat(20_000);
        assert!(room.say(&long));
        assert_eq!(source.next_event().unwrap().unwrap().data, long);
    }
}
