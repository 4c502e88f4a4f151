//! The requests of a connection that are not over, for a server that reports each when it is, or for a request that has
//! a meter. Any other connection has none of this.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use holdline_http1::{Event, ReceiveError, RequestHead};

use crate::finished::{End, Late};
use crate::handler::{ConnectionId, Ending, Finished, Handler};
use crate::meter::Meter;

#[derive(Debug)]
pub(super) struct Tally {
    /// Each request is reported.
    reports: bool,
    /// Bytes that the socket took.
    taken: u64,
    /// The oldest first. Only of the last one more is to be said.
    open: VecDeque<Record>,
}

#[derive(Debug)]
struct Record {
    method: Box<str>,
    path: Box<str>,
    status: Option<u16>,
    began: Instant,
    /// Where its response begins: so many bytes were written before.
    from: u64,
    /// Where it ends and why, once that is known.
    over: Option<(u64, End)>,
    meter: Option<Arc<Meter>>,
}

impl Tally {
    /// For a server that reports each request.
    pub(super) fn of_all() -> Box<Self> {
        Box::new(Self {
            reports: true,
            taken: 0,
            open: VecDeque::new(),
        })
    }

    /// For a connection that has a meter.
    pub(super) fn of_meters() -> Box<Self> {
        let mut tally = Self::of_all();
        tally.reports = false;
        tally
    }

    /// Whether nobody waits for what it counts.
    pub(super) fn is_done(&self) -> bool {
        !self.reports && self.open.is_empty()
    }

    /// The request that came last has a meter. Its response began when `queued` bytes waited for the socket.
    pub(super) fn meter(&mut self, meter: Arc<Meter>, queued: usize) {
        self.begin(None, queued);
        if let Some(record) = self.current() {
            record.meter = Some(meter);
        }
    }

    /// So many bytes more came of the request that came last.
    pub(super) fn arrived(&self, bytes: usize) {
        let open = self.open.back().filter(|record| record.over.is_none());
        if let Some(meter) = open.and_then(|record| record.meter.as_ref()) {
            meter.add_received(bytes as u64);
        }
    }

    /// What the machine made of what came.
    pub(super) fn received(
        &mut self,
        received: &Result<Option<Event<'_>>, ReceiveError>,
        queued: usize,
    ) {
        match received {
            Ok(Some(Event::Request { head, .. })) => self.begin(Some(head), queued),
            Err(_) => self.begin(None, queued),
            Ok(_) => {}
        }
    }

    /// A request has come, or (without a head) something that is none, while `queued` bytes wait for the socket.
    pub(super) fn begin(&mut self, head: Option<&RequestHead<'_>>, queued: usize) {
        if head.is_none() && self.current().is_some() {
            // What is wrong is the body of the request that began already.
            return;
        }
        let text = |text: Option<&str>| text.unwrap_or_default().into();
        self.open.push_back(Record {
            method: text(head.map(RequestHead::method)),
            path: text(head.map(RequestHead::path)),
            status: None,
            began: Instant::now(),
            from: self.taken + queued as u64,
            over: None,
            meter: None,
        });
    }

    /// What was said just now: the status of a response that begins, and why it is over if it is. `queued` bytes
    /// wait for the socket.
    pub(super) fn note(&mut self, status: Option<u16>, over: Option<End>, queued: usize) {
        let end = self.taken + queued as u64;
        if let Some(record) = self.current() {
            record.status = status.or(record.status);
            record.over = over.map(|over| (end, over));
        }
    }

    fn current(&mut self) -> Option<&mut Record> {
        self.open.back_mut().filter(|record| record.over.is_none())
    }

    /// The socket took so many bytes more: reports what is over by that.
    pub(super) fn taken<H: Handler>(
        &mut self,
        bytes: usize,
        handler: &mut H,
        (connection, peer): (ConnectionId, Option<SocketAddr>),
    ) {
        self.taken += bytes as u64;
        self.show();
        while let Some(record) = self.open.front()
            && let Some((end, over)) = record.over
            && end <= self.taken
        {
            record.end(over);
            if self.reports {
                handler.finished(&record.finished(connection, peer, end, over));
            }
            self.open.pop_front();
        }
    }

    /// Tells the meters what was taken.
    fn show(&self) {
        for record in &self.open {
            if let Some(meter) = &record.meter {
                let end = record.over.map_or(self.taken, |(end, _)| end);
                meter.set_sent(end.min(self.taken).saturating_sub(record.from));
            }
        }
    }

    /// The connection is gone.
    pub(super) fn close<H: Handler>(
        &self,
        end: End,
        handler: &mut H,
        (connection, peer): (ConnectionId, Option<SocketAddr>),
    ) {
        for record in &self.open {
            // An answer that was not sent to its end is over for the reason that the connection is, unless that
            // has none.
            let end = match (end, record.over) {
                (End::Done, Some((_, over))) => over,
                _ => end,
            };
            record.end(end);
            if self.reports {
                handler.finished(&record.finished(connection, peer, self.taken, end));
            }
        }
    }
}

impl Record {
    fn end(&self, end: End) {
        if let Some(meter) = &self.meter {
            meter.finish(end);
        }
    }

    fn finished(
        &self,
        connection: ConnectionId,
        peer: Option<SocketAddr>,
        end: u64,
        over: End,
    ) -> Finished<'_> {
        Finished {
            connection,
            peer,
            method: &self.method,
            path: &self.path,
            status: self.status,
            sent: end.saturating_sub(self.from),
            time: self.began.elapsed(),
            end: over,
        }
    }
}

/// Why a connection ended so; `why` is the precise reason where one was seen.
pub(super) fn end_of(ending: Ending, why: Option<End>) -> End {
    match (ending, why) {
        (Ending::Finished, _) => End::Done,
        (Ending::Disconnected, Some(End::Reset)) => End::Reset,
        (Ending::Disconnected, _) => End::ClientClosed,
        (Ending::Failed, _) => End::Failed,
        (Ending::TimedOut, Some(late @ End::Late(_))) => late,
        // The machine of a WebSocket judges these deadlines itself.
        (Ending::TimedOut, _) => End::Late(Late::Answer),
        (Ending::NoRoom, _) => End::NoRoom,
        (Ending::Stopped, _) => End::Stopped,
    }
}
