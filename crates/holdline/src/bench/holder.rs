//! `holdline bench-holder`: a process that holds connections for `holdline bench` in one event loop.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};

use super::connection::{Connection, said};
use super::plan::{Order, Plan, Progress, Update};
use super::stamp;
use super::tally::Tally;
use crate::file_limit;
use crate::threads;
use crate::transport::Transport;

/// Follows the orders on standard input.
pub(crate) fn run() -> ExitCode {
    match hold() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::report::report(format_args!("{error}"));
            ExitCode::from(2)
        }
    }
}

fn hold() -> Result<(), String> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|error| error.to_string())?;
    let plan: Plan = serde_json::from_str(&line)
        .map_err(|error| format!("this command is for `holdline bench` alone: {error}"))?;
    file_limit::raise_to(plan.connections.saturating_add(file_limit::OWN));
    let mut holder = Holder::new(plan)?;
    loop {
        holder.connect();
        holder.turn().map_err(|error| error.to_string())?;
        if holder.is_over() {
            return holder.report();
        }
    }
}

struct Holder {
    plan: Plan,
    transport: Transport,
    poll: Poll,
    events: Events,
    orders: Receiver<Order>,
    connections: Vec<Option<Connection>>,
    /// How many connections are being made.
    connecting: usize,
    /// For each connection that was open and then ended: how many messages it had received.
    gone: Vec<u64>,
    tally: Tally,
    scratch: Vec<u8>,
    /// When something last happened.
    moved: Instant,
    told: Instant,
    is_ready: bool,
    order: Option<Order>,
}

impl Holder {
    fn new(plan: Plan) -> Result<Self, String> {
        let transport = plan.transport.parse();
        let transport = transport.map_err(|()| format!("no transport: {}", plan.transport))?;
        let poll = Poll::new().map_err(|error| error.to_string())?;
        let waker = Waker::new(poll.registry(), ORDERS).map_err(|error| error.to_string())?;
        let mut tally = Tally::new()?;
        tally.begun = stamp::now();
        Ok(Self {
            transport,
            poll,
            events: Events::with_capacity(1024),
            orders: listen(Arc::new(waker))?,
            connections: Vec::with_capacity(plan.connections),
            connecting: 0,
            gone: Vec::new(),
            tally,
            scratch: vec![0; 64 << 10],
            moved: Instant::now(),
            told: Instant::now(),
            is_ready: false,
            order: None,
            plan,
        })
    }

    /// Begins as many connections as may be in progress at a time.
    fn connect(&mut self) {
        while self.connecting < UNDER_WAY && self.connections.len() < self.plan.connections {
            let token = self.connections.len();
            let begun =
                Connection::begin(self.plan.address, self.plan.first + token, self.transport);
            let begun = begun.and_then(|mut connection| {
                let interest = Interest::READABLE | Interest::WRITABLE;
                let registry = self.poll.registry();
                registry.register(&mut connection.stream, Token(token), interest)?;
                Ok(connection)
            });
            match begun {
                Ok(connection) => {
                    self.connecting += 1;
                    self.connections.push(Some(connection));
                }
                Err(error) => {
                    self.tally.failed += 1;
                    self.tally.trouble(&said(&error), 1);
                    self.connections.push(None);
                }
            }
        }
    }

    /// Waits until something happens, and handles it.
    fn turn(&mut self) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(TURN)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            match event.token() {
                ORDERS => {}
                Token(token) => self.ready(token),
            }
        }
        self.events = events;
        if let Ok(order) = self.orders.try_recv() {
            self.order = Some(order);
            self.moved = Instant::now();
        }
        if self.connecting > 0 && self.moved.elapsed() > self.plan.wait {
            self.give_up_connecting();
        }
        self.tell()
    }

    fn ready(&mut self, token: usize) {
        let Some(Some(connection)) = self.connections.get_mut(token) else {
            return;
        };
        let was_open = connection.is_open;
        let before = self.tally.delivered;
        let result = connection.ready(&self.plan, &mut self.scratch, &mut self.tally);
        if connection.is_open && !was_open {
            self.connecting -= 1;
            self.tally.opened += 1;
            self.tally.last_open = stamp::now();
            self.moved = Instant::now();
        }
        if self.tally.delivered != before {
            self.moved = Instant::now();
        }
        if let Err(trouble) = result {
            self.drop_connection(token, &trouble);
        }
    }

    fn drop_connection(&mut self, token: usize, trouble: &str) {
        let Some(connection) = self.connections[token].take() else {
            return;
        };
        self.tally.trouble(trouble, 1);
        if connection.is_open {
            self.gone.push(connection.place.delivered);
        } else {
            self.connecting -= 1;
            self.tally.failed += 1;
            self.moved = Instant::now();
        }
    }

    fn give_up_connecting(&mut self) {
        for token in 0..self.connections.len() {
            if matches!(&self.connections[token], Some(one) if !one.is_open) {
                self.drop_connection(token, "it was not open in time");
            }
        }
        // A server that makes no progress is not asked for more, or many connections would take hours to fail.
        let rest = self.plan.connections - self.connections.len();
        if rest > 0 {
            self.connections.resize_with(self.plan.connections, || None);
            self.tally.failed += rest as u64;
            let why = "it was not tried, because others were not open in time";
            self.tally.trouble(why, rest as u64);
        }
    }

    /// Reports progress: once when everything is connected, and otherwise now and then.
    fn tell(&mut self) -> io::Result<()> {
        let progress = Progress {
            opened: self.tally.opened,
            failed: self.tally.failed,
            delivered: self.tally.delivered,
        };
        let all_begun = self.connections.len() == self.plan.connections;
        if !self.is_ready && all_begun && self.connecting == 0 {
            self.is_ready = true;
            return say(&Update::Ready(progress));
        }
        if self.told.elapsed() < TELL {
            return Ok(());
        }
        self.told = Instant::now();
        say(&Update::Progress(progress))
    }

    fn is_over(&self) -> bool {
        match self.order {
            None => false,
            Some(Order::Stop) => true,
            Some(Order::Finish { messages, wait }) => {
                let mut open = self.connections.iter().flatten();
                self.moved.elapsed() > wait || open.all(|one| one.place.delivered >= messages)
            }
        }
    }

    fn report(mut self) -> Result<(), String> {
        let Some(Order::Finish { messages, .. }) = self.order else {
            return Ok(());
        };
        let open = self.connections.iter().flatten();
        let each = open.map(|one| one.place.delivered).chain(self.gone);
        self.tally.missing = each.map(|had| messages.saturating_sub(had)).sum();
        say(&Update::Report(self.tally.report())).map_err(|error| error.to_string())
    }
}

/// Reads orders on a thread that wakes the loop. When there are no more, the process ends.
fn listen(waker: Arc<Waker>) -> Result<Receiver<Order>, String> {
    let (sender, orders) = mpsc::channel();
    threads::start("orders", move || {
        for line in io::stdin().lock().lines() {
            let order = line.ok().and_then(|line| serde_json::from_str(&line).ok());
            if sender.send(order.unwrap_or(Order::Stop)).is_err() || waker.wake().is_err() {
                return;
            }
        }
        // The process that gives the orders is gone.
        if sender.send(Order::Stop).is_ok() {
            // If the loop cannot be woken, its next turn comes soon anyway.
            let _ = waker.wake();
        }
    })?;
    Ok(orders)
}

fn say(update: &Update) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, update)?;
    out.write_all(b"\n")?;
    out.flush()
}

const ORDERS: Token = Token(usize::MAX - 1);
/// Connections being made at the same time.
const UNDER_WAY: usize = 256;
/// The longest wait for something to happen.
const TURN: Duration = Duration::from_millis(50);
/// Time between two progress reports.
const TELL: Duration = Duration::from_millis(200);
