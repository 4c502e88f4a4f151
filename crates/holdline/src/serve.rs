//! `holdline serve`: assembles the server, and stops it on a signal.

use std::io::{self, Write};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use holdline_comet::LogLimits;
use holdline_net::{Handle, Server};

use crate::access::{self, Access};
use crate::admin::Admin;
use crate::app::{App, Options, Shared};
use crate::config::{SecretSource, ServeArguments};
use crate::demo::Walk;
use crate::feed::{Feeds, Source};
use crate::file_limit;
use crate::handover::{Offer, Predecessor};
use crate::hub::{Hub, HubLimits};
use crate::journal::broker::{Broker, Engine, OpenedBroker};
use crate::journal::disk::{Disk, OpenedDisk};
use crate::journal::{Journal, Memory, Standing};
use crate::key_files::KeyFiles;
use crate::listening::Doors;
use crate::lives::Lives;
use crate::log_lines::LogLines;
use crate::metrics::Snapshot;
use crate::signals::{self, Wish};
use crate::threads;

/// Serves until the process is told to stop.
pub(crate) fn run(arguments: ServeArguments, log: &LogLines) -> Result<(), String> {
    let arguments = Arc::new(arguments);
    let access = Access::new(&arguments.access, arguments.listening.admin_token.as_ref())?;
    let sources = sources(&arguments)?;
    let mut opened = Opened::new(&arguments)?;
    let seed = random()?;
    let kept = journal(&arguments, &sources)?;
    let engine = kept.engine.clone();
    let shared = Arc::new(shared(&arguments, access, &opened, log, kept));
    let handle = opened.server.handle();
    let stopping = Arc::new(AtomicBool::new(false));
    let offer = opened.offer.take().map(Arc::new);
    let stop = Stop {
        handle: handle.clone(),
        stopping: Arc::clone(&stopping),
        offer: offer.clone(),
        outlive: opened.outlive,
    };
    if let Some(offer) = &offer {
        let stop = stop.clone();
        offer.start(&opened.names, &opened.server, move || stop.given_away())?;
    }
    let mut keys = KeyFiles::new(Arc::clone(&arguments));
    signals::listen({
        let shared = Arc::clone(&shared);
        move |wish| match wish {
            Wish::Stop => stop.now(),
            Wish::Reload => reload(&shared, &arguments, "SIGHUP"),
        }
    })?;
    announce(&opened.lines)?;
    let keeper = threads::start("keeper", {
        let (shared, stopping) = (Arc::clone(&shared), Arc::clone(&stopping));
        move || keep_house(&shared, &handle, &stopping, seed, &mut keys)
    })?;
    let feeds = Feeds::start(sources, &shared, engine.as_ref())?;
    let before = Mutex::new(opened.before);
    let result = opened.server.run(|notifier| {
        // All loops can accept connections by now.
        if let Some(before) = before.lock().unwrap_or_else(PoisonError::into_inner).take() {
            before.ready();
        }
        App::new(Arc::clone(&shared), notifier)
    });
    stopping.store(true, Ordering::Relaxed);
    if let Some(offer) = offer {
        offer.withdraw();
    }
    keeper.thread().unpark();
    if keeper.join().is_err() {
        // The panic message is already on standard error.
        return Err("the housekeeping thread has panicked".to_owned());
    }
    feeds.stop();
    shared.journal.close();
    result.map_err(|error| error.to_string())
}

/// Where messages come from that are published elsewhere.
fn sources(arguments: &ServeArguments) -> Result<Vec<Source>, String> {
    let urls = arguments.feed.feed.iter().map(SecretSource::read);
    Source::all(urls.collect::<Result<Vec<_>, _>>()?)
}

/// Says where the server is.
fn announce(lines: &[String]) -> Result<(), String> {
    let mut out = io::stdout().lock();
    let written = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    // Flushed because a program that waits for these lines may read them from a pipe.
    let written = written.and_then(|()| out.flush());
    written.map_err(|error| format!("cannot write to standard output: {error}"))
}

/// A server with its listeners, and where they came from.
struct Opened {
    server: Server,
    names: Vec<String>,
    lines: Vec<String>,
    socket_port: Option<u16>,
    admin: Admin,
    outlive: bool,
    /// The process that had the listeners before.
    before: Option<Predecessor>,
    offer: Option<Offer>,
}

impl Opened {
    fn new(arguments: &ServeArguments) -> Result<Self, String> {
        let listening = &arguments.listening;
        let path = listening.handover.as_deref();
        let mut before = path.map(Predecessor::ask).transpose()?.flatten();
        let mut doors = Doors::open(listening, before.as_mut())?;
        let offer = path
            .map(|path| Offer::new(path, before.as_mut()))
            .transpose()?;
        let mut config = net_config(arguments);
        let (lines, has_admin) = (doors.lines(), doors.has_admin());
        let socket_port = doors.socket_port();
        let admin = file_limit::fit(&mut config, doors.listeners.len(), has_admin)?;
        let admins = doors.listeners.split_off(doors.admin_from);
        let limited = admins
            .into_iter()
            .map(|listener| listener.with_limit(admin));
        doors.listeners.extend(limited);
        for left in before.iter().flat_map(Predecessor::left) {
            tracing::warn!("the process before this one listens on {left}, which ends with it");
        }
        #[cfg(unix)]
        doors.adopt_files();
        let server = Server::new(doors.listeners, config).map_err(|error| error.to_string())?;
        Ok(Self {
            server,
            names: doors.names,
            lines,
            socket_port,
            admin: Admin::new(has_admin.then_some(doors.admin_from)),
            outlive: doors.outlive,
            before,
            offer,
        })
    }
}

/// Stops the server, from any thread.
#[derive(Clone)]
struct Stop {
    handle: Handle,
    stopping: Arc<AtomicBool>,
    offer: Option<Arc<Offer>>,
    /// The listening sockets stay open, because systemd holds them.
    outlive: bool,
}

impl Stop {
    /// SIGINT or SIGTERM ends the streams cleanly; a second one ends the process at once.
    fn now(&self) {
        if self.stopping.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        tracing::info!(connections = self.handle.connections(), "stopping");
        if let Some(offer) = &self.offer {
            offer.withdraw();
        }
        match self.outlive {
            true => self.handle.hand_over(),
            false => self.handle.stop(),
        }
    }

    /// Another process serves now.
    fn given_away(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let connections = self.handle.connections();
        tracing::info!(connections, "another process has taken over; stopping");
        self.handle.hand_over();
    }
}

fn shared(
    arguments: &ServeArguments,
    access: Access,
    opened: &Opened,
    log: &LogLines,
    kept: Kept,
) -> Shared {
    let options = Options {
        heartbeat: arguments.heartbeat,
        long_poll: arguments.long_poll,
        patience: PATIENCE,
        key_patience: KEY_PATIENCE,
        max_message: arguments.max_message,
        max_publish_rate: arguments.publishing.max_publish_rate,
        legacy_hixie76: arguments.legacy_hixie76,
        deflate_from: arguments.websocket_deflate.0,
        log_requests: arguments.log_requests,
        socket_port: opened.socket_port,
    };
    let shared = Shared::new(
        kept.hub,
        kept.journal,
        access,
        opened.admin,
        options,
        log.clone(),
    );
    shared.process.look(shared.hub.uptime());
    shared
}

/// The channels, and where messages get their numbers and are kept.
struct Kept {
    hub: Arc<Hub>,
    journal: Box<dyn Journal>,
    /// If several servers share it.
    engine: Option<Arc<dyn Engine>>,
}

fn journal(arguments: &ServeArguments, sources: &[Source]) -> Result<Kept, String> {
    // Never zero, so that people see it as a number.
    let (epoch, process) = (random()? | 1 << 63, random()?);
    let limits = hub_limits(arguments);
    let hub = |lives| Arc::new(Hub::new(lives, limits).in_process(process));
    if let Some(url) = &arguments.broker.broker {
        let opened = OpenedBroker::new(&url.read()?, arguments.broker_options())?;
        let engine = opened.engine();
        Feeds::check(sources, &*engine)?;
        let hub = Hub::new(opened.epoch(), limits).in_process(process);
        let hub = Arc::new(hub.shared());
        let journal = Box::new(Broker::start(opened, &hub)?);
        return Ok(Kept {
            hub,
            journal,
            engine: Some(engine),
        });
    }
    let (hub, journal): (_, Box<dyn Journal>) = match &arguments.disk.data {
        None => {
            let hub = hub(Lives::new(epoch));
            let keys = arguments.publishing.idempotency_keys;
            let journal = Memory::new(Arc::clone(&hub), keys);
            (hub, Box::new(journal))
        }
        Some(path) => {
            signals::survive_file_limit()?;
            let opened = OpenedDisk::new(path, arguments.disk_options(), epoch)?;
            let hub = hub(opened.lives.clone());
            let journal = Disk::start(opened, &hub)?;
            (hub, Box::new(journal))
        }
    };
    Ok(Kept {
        hub,
        journal,
        engine: None,
    })
}

/// Reads secrets and allowed origins from their files again. If that fails, nothing changes.
fn reload(shared: &Shared, arguments: &ServeArguments, why: &str) {
    match Access::new(&arguments.access, arguments.listening.admin_token.as_ref()) {
        Ok(access) => {
            shared.set_access(access);
            tracing::info!("{why}: secrets and origins were read again");
        }
        Err(error) => tracing::error!("{why}: nothing changes, because {error}"),
    }
}

fn net_config(arguments: &ServeArguments) -> holdline_net::Config {
    let mut config = holdline_net::Config::default();
    if let Some(threads) = arguments.threads {
        config.threads = threads;
    }
    config.max_connections = arguments.max_connections;
    config.http.max_body = arguments.max_message as u64;
    config.report_requests = arguments.log_requests;
    config.taps = !arguments.access.no_pages;
    config.drain = arguments.listening.drain;
    arguments.peers.apply(&mut config);
    arguments.addresses.apply(&mut config);
    config
}

fn hub_limits(arguments: &ServeArguments) -> HubLimits {
    let mut log = LogLimits::default();
    log.max_messages = arguments.history;
    log.max_bytes = arguments.history_bytes;
    log.max_age = Some(arguments.history_age).filter(|age| !age.is_zero());
    log.resume_window = arguments.resume_window;
    log.max_lag = arguments.max_lag;
    HubLimits {
        log,
        total_bytes: arguments.memory_total(),
        delivery_bytes: arguments.delivery_total,
        channels: arguments.max_channels,
        asked_channels: arguments.max_asked_channels,
        replay_bytes: arguments
            .addresses
            .max_replay_per_address
            .map(NonZeroU64::get),
        members: arguments.members.limits(),
    }
}

/// Background work: drops old messages and members, moves the box, updates watchers, looks at key files.
fn keep_house(
    shared: &Shared,
    handle: &Handle,
    stopping: &AtomicBool,
    seed: u64,
    keys: &mut KeyFiles,
) {
    let mut walk = Walk::new(seed);
    let mut expired = Instant::now();
    while !stopping.load(Ordering::Relaxed) {
        let now = Instant::now();
        if now.duration_since(expired) >= Duration::from_secs(1) {
            expired = now;
            shared.hub.expire();
            shared.process.look(shared.hub.uptime());
            let stats = || Snapshot::take(shared, handle.connections(), &handle.loads()).json();
            shared.watchers.tell(stats);
            shared.mirrors.expire();
            if keys.have_changed() {
                reload(shared, keys.arguments(), "a token key has changed");
            }
        }
        let is_away = shared.journal.standing() == Standing::Away;
        if shared.exodus.go_on(is_away, shared.hub.now()) {
            shared.hub.wake_all();
        }
        let wait = match shared.access().has_pages() {
            true => walk.step(now, &shared.moving_box, &shared.hub, &*shared.journal),
            false => Duration::MAX,
        };
        let wait = wait.min(shared.hub.tell_of_members());
        let expiry = shared.sessions.expire(access::now());
        thread::park_timeout(wait.min(expiry).min(Duration::from_millis(250)));
    }
}

fn random() -> Result<u64, String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(u64::from_ne_bytes(bytes))
}

/// How long a publisher waits for other commits, and a poll for messages that are on their way.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a publisher waits for what becomes of its message that came before.
const KEY_PATIENCE: Duration = Duration::from_secs(10);
