//! Both directions of one connection, in the order in which their bytes were seen.

use std::io::{self, Write};

use crate::inspect::direction::Direction;
use crate::inspect::item::{Lines, Stop};
use crate::inspect::secrets::Secrets;
use crate::inspect::style::Style;
use crate::inspect::talk::{Side, Talk};

/// A connection, from its first byte on.
#[derive(Debug)]
pub(crate) struct Conversation {
    talk: Talk,
    client: Half,
    server: Half,
    style: Style,
    /// Members of each line of JSON, before `from`.
    members: String,
    /// What stands in the line above what a side sent.
    name: String,
    /// Who spoke last.
    last: Option<Side>,
}

/// One direction, and whether it can be decoded no more.
#[derive(Debug)]
struct Half {
    direction: Direction,
    over: bool,
}

/// What came of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// They were explained, or wait for others.
    Explained,
    /// A rule was broken for the first time: nothing that this side sends can be explained from now on.
    Broken,
    /// They were not looked at, because of what came before.
    Unread,
}

impl Conversation {
    /// `name` tells connections apart, and may be empty. `number` is that of the connection, in lines of JSON.
    pub(crate) fn new(style: Style, name: &str, number: Option<u64>, events: bool) -> Self {
        let half = |from| Half {
            direction: style.http(from, events),
            over: false,
        };
        Self {
            talk: Talk::two_sided(None),
            client: half(Side::Client),
            server: half(Side::Server),
            style,
            members: number.map_or(String::new(), |number| format!("\"connection\":{number},")),
            name: name.to_owned(),
            last: None,
        }
    }

    /// Has stars stand for the secrets of each side, as long as it speaks HTTP.
    pub(crate) fn hiding(mut self, client: Secrets, server: Secrets) -> Self {
        self.client.direction.hide(client);
        self.server.direction.hide(server);
        self
    }

    /// Of messages that have so many bytes together, as they are when nothing is compressed.
    pub(super) fn within(self, room: Option<usize>) -> Self {
        Self {
            talk: self.talk.within(room),
            ..self
        }
    }

    /// Takes bytes that `from` sent.
    pub(crate) fn feed(
        &mut self,
        from: Side,
        piece: &mut [u8],
        out: &mut dyn Write,
    ) -> io::Result<Read> {
        self.tell(from, out, |direction, talk, lines| {
            direction.feed(piece, talk, lines)
        })
    }

    /// `from` sends nothing more.
    pub(crate) fn eof(&mut self, from: Side, out: &mut dyn Write) -> io::Result<Read> {
        let read = self.tell(from, out, Direction::eof)?;
        self.half(from).over = true;
        Ok(read)
    }

    /// The target of the last request.
    pub(crate) fn target(&self) -> Option<&str> {
        self.talk.target.as_deref()
    }

    /// Has the next bytes begin with who sent them, whoever spoke before.
    pub(crate) const fn name_next(&mut self) {
        self.last = None;
    }

    /// Says again who spoke last.
    pub(crate) fn name_again(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.last {
            Some(from) => self.style.speaker(from, &self.name, out),
            None => Ok(()),
        }
    }

    /// What a person should know in the end.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        let of = |side: Side, half: &Half| {
            let note = half.direction.note()?;
            Some(format!("{}: {note}", side.name()))
        };
        let notes = [
            of(Side::Client, &self.client),
            of(Side::Server, &self.server),
        ];
        notes.into_iter().flatten()
    }

    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn tell(
        &mut self,
        from: Side,
        out: &mut dyn Write,
        act: impl FnOnce(&mut Direction, &mut Talk, &mut Lines<'_>) -> Result<(), Stop>,
    ) -> io::Result<Read> {
        if self.half(from).over {
            return Ok(Read::Unread);
        }
        let prefix = format!("{}\"from\":\"{}\",", self.members, from.name());
        let mut out = Headed {
            style: self.style,
            name: &self.name,
            last: &mut self.last,
            from,
            out,
        };
        let mut lines = Lines::with_prefix(&mut out, prefix);
        let half = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        match act(&mut half.direction, &mut self.talk, &mut lines) {
            Ok(()) => {
                half.direction.flush(lines.out)?;
                Ok(Read::Explained)
            }
            Err(Stop::Write(error)) => Err(error),
            Err(Stop::Fault(fault)) => {
                half.over = true;
                half.direction.fault(&fault, &mut lines)?;
                Ok(Read::Broken)
            }
        }
    }
}

/// Says who speaks before what is written, if that was somebody else before.
struct Headed<'a> {
    style: Style,
    name: &'a str,
    last: &'a mut Option<Side>,
    from: Side,
    out: &'a mut dyn Write,
}

impl Write for Headed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() && self.last.replace(self.from) != Some(self.from) {
            self.style.speaker(self.from, self.name, self.out)?;
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
