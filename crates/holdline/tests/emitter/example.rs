//! The example, read by our own client over connections that are cut.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use holdline_net::blocking::Url;
use holdline_net::blocking::event_source::EventSource;
use holdline_sse::Config;

use super::support::{LIMIT, Running};

#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/emitter.rs"]
mod emitter;

/// A connection that breaks after a number of bytes.
struct Cut {
    stream: TcpStream,
    left: usize,
}

impl Read for Cut {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let len = block.len().min(self.left);
        if len == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let read = self.stream.read(&mut block[..len])?;
        self.left -= read;
        Ok(read)
    }
}

impl Write for Cut {
    fn write(&mut self, block: &[u8]) -> io::Result<usize> {
        self.stream.write(block)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[test]
fn the_example_goes_on_after_each_cut_and_is_not_asked_again_when_it_is_done() {
    let server = Running::start(|notifier| emitter::progress(notifier, Duration::from_millis(1)));
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let connect = move |url: &Url| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let stream = TcpStream::connect(url.authority())?;
        stream.set_read_timeout(Some(LIMIT))?;
        // At a different byte each time: in the head, in the size of a chunk, in an event.
        let left = 150 + number * 97;
        Ok(Cut { stream, left })
    };
    let mut config = Config::new(format!("http://{}/progress", server.address));
    config.min_delay = Duration::from_millis(1);
    let mut source = EventSource::new(config, connect).unwrap();
    let mut seen = Vec::new();
    while let Some(event) = source.next_event().unwrap() {
        let percent = seen.len() + 1;
        assert_eq!(event.id, percent.to_string());
        assert_eq!(event.data, format!("{percent} %"));
        let done = if percent == 100 { "done" } else { "progress" };
        assert_eq!(event.event, done);
        seen.push(percent);
    }
    assert_eq!(seen.len(), 100);
    assert!(connections.load(Ordering::SeqCst) > 5);
}
