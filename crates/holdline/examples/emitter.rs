//! The progress of a job as an event stream that continues after a cut where it left off.
//!
//!     cargo run -p holdline --example emitter
//!     curl -N http://127.0.0.1:8000/progress

use std::time::Duration;
use std::{io, thread};

use holdline::emitter::{Config, EmitError, Emitter, FeedHandler};
use holdline_net::{Handler, Notifier, Server};
use holdline_sse::EventFields;

fn main() -> io::Result<()> {
    let address = ([127, 0, 0, 1], 8000).into();
    let server = Server::bind(address, holdline_net::Config::default())?;
    println!("http://{}/progress", server.local_addr()?);
    server.run(|notifier| progress(notifier, Duration::from_millis(200)))
}

pub(crate) fn progress(notifier: Notifier, step: Duration) -> impl Handler {
    FeedHandler::new(notifier, Config::default(), move |request, opening| {
        if request.head.path() != "/progress" {
            return Err(404);
        }
        // An ID is the percentage that its event told, so a client continues after it.
        let done = opening.last_event_id().and_then(|id| id.parse().ok());
        match done.unwrap_or(0) {
            100.. => Err(204), // It has seen the end, and need not come back.
            done => Ok(Box::new(move |emitter: Emitter| {
                let thread = thread::Builder::new();
                // Without a thread the stream ends, and the client comes again.
                thread.spawn(move || work(&emitter, done, step)).ok();
            })),
        }
    })
}

/// The stream ends when the emitter is dropped. The work stops when the client is gone.
fn work(emitter: &Emitter, done: u8, step: Duration) -> Result<(), EmitError> {
    emitter.retry(5 * step)?;
    for percent in done + 1..=100 {
        thread::sleep(step);
        let (id, text) = (percent.to_string(), format!("{percent} %"));
        let event = Some(if percent == 100 { "done" } else { "progress" });
        let id = Some(&*id);
        emitter.send(&EventFields {
            event,
            id,
            ..EventFields::data(&text)
        })?;
    }
    Ok(())
}
