//! What is shown of a connection.

use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::ProxyArguments;
use crate::inspect::{Conversation, Read, Secrets, Side, Style};

/// Where all connections are shown.
pub(super) struct Output {
    sink: BufWriter<Box<dyn Write + Send>>,
    style: Style,
    /// Which connection was shown last.
    last: u64,
    /// Whether it was said that nothing can be written.
    broken: bool,
}

impl Output {
    pub(super) const fn new(sink: BufWriter<Box<dyn Write + Send>>, style: Style) -> Self {
        Self {
            sink,
            style,
            last: 0,
            broken: false,
        }
    }

    pub(super) fn flush(&mut self) {
        let flushed = self.sink.flush();
        self.check(flushed);
    }

    fn write(&mut self, bytes: &[u8]) {
        let written = self.sink.write_all(bytes).and_then(|()| self.sink.flush());
        self.check(written);
    }

    /// The connections go on when nobody reads what is shown.
    fn check(&mut self, written: io::Result<()>) {
        if let Err(error) = written
            && !std::mem::replace(&mut self.broken, true)
        {
            eprintln!("holdline: cannot write what is shown, but go on forwarding: {error}");
        }
    }
}

/// One connection, as it is shown. Both of its threads use it.
pub(super) struct Shown {
    number: u64,
    output: Arc<Mutex<Output>>,
    only: Option<Side>,
    path: Option<String>,
    talk: Mutex<Talk>,
}

struct Talk {
    conversation: Conversation,
    /// What is shown once the target of the first request is known.
    held: Vec<u8>,
}

impl Shown {
    pub(super) fn new(number: u64, arguments: &ProxyArguments, output: Arc<Mutex<Output>>) -> Self {
        let style = lock(&output).style;
        let name = format!("#{number} ");
        let conversation = Conversation::new(style, &name, Some(number), arguments.events);
        let conversation = match arguments.show_secrets {
            true => conversation,
            false => conversation.hiding(Secrets::default(), Secrets::default()),
        };
        Self {
            number,
            output,
            only: arguments.from.map(Side::from),
            path: arguments.path.clone(),
            talk: Mutex::new(Talk {
                conversation,
                held: Vec::new(),
            }),
        }
    }

    /// These bytes are about to be forwarded.
    pub(super) fn sent(&self, side: Side, bytes: &[u8]) {
        let mut talk = lock(&self.talk);
        let mut copy = bytes.to_vec();
        self.tell(&mut talk, side, |conversation, out| {
            conversation.feed(side, &mut copy, out)
        });
    }

    /// A side sends nothing more.
    pub(super) fn ended(&self, side: Side) {
        let mut talk = lock(&self.talk);
        self.tell(&mut talk, side, |conversation, out| {
            conversation.eof(side, out)
        });
    }

    /// The connection is over.
    pub(super) fn end(&self, words: &str) {
        let notes: Vec<String> = lock(&self.talk).conversation.notes().collect();
        for note in notes {
            self.say(&note);
        }
        self.say(words);
    }

    /// Tells something about the connection.
    pub(super) fn say(&self, words: &str) {
        say(self.number, words);
    }

    fn tell(
        &self,
        talk: &mut Talk,
        side: Side,
        act: impl FnOnce(&mut Conversation, &mut dyn Write) -> io::Result<Read>,
    ) {
        let mut out = Vec::new();
        // Writing to memory does not fail.
        let read = act(&mut talk.conversation, &mut out).unwrap_or(Read::Unread);
        if self.only.is_none_or(|only| only == side) {
            self.show(talk, &out);
        }
        if read == Read::Broken {
            self.say(&format!(
                "what the {} sends cannot be explained from here on; it is forwarded unchanged",
                side.name()
            ));
        }
    }

    /// Writes it, unless it belongs to a request that is not wanted.
    fn show(&self, talk: &mut Talk, out: &[u8]) {
        if let Some(path) = &self.path {
            match talk.conversation.target() {
                None if talk.held.len() + out.len() <= MOST_HELD => {
                    return talk.held.extend_from_slice(out);
                }
                Some(target) if !target.starts_with(path.as_str()) => {
                    return talk.held = Vec::new();
                }
                _ => {}
            }
        }
        let held = std::mem::take(&mut talk.held);
        if held.is_empty() && out.is_empty() {
            return;
        }
        let mut output = lock(&self.output);
        let mut whole = Vec::new();
        if output.last != self.number {
            // Otherwise the line above would name another connection. Writing to memory does not fail.
            let again = talk.conversation.name_again(&mut whole);
            let said = [&held[..], out].concat().starts_with(&whole);
            if again.is_err() || said {
                whole.clear();
            }
        }
        output.last = self.number;
        whole.extend(held);
        whole.extend_from_slice(out);
        output.write(&whole);
    }
}

/// What is told of a connection that is refused.
pub(super) fn without_thread(error: &io::Error) -> String {
    format!("refused, because no thread can be started: {error}")
}

/// Tells something about the connection of this number.
pub(super) fn say(number: u64, words: &str) {
    eprintln!("holdline: #{number}: {words}");
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that wait until it is known to which request they belong: more than the longest head, explained.
const MOST_HELD: usize = 1 << 20;
