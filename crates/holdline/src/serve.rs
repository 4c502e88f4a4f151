//! `holdline serve`: puts the server together, and takes it down on a signal.

use std::io::{self, Write};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use holdline_comet::LogLimits;
use holdline_net::{Handle, Server};

use crate::access::Access;
use crate::app::{App, Options, Shared};
use crate::config::ServeArguments;
use crate::demo::{MovingBox, Walk};
use crate::hub::{Hub, HubLimits};
use crate::journal::Memory;
use crate::log_lines::LogLines;
use crate::metrics::Snapshot;
use crate::process::Seen;
use crate::watchers::Watchers;

/// Serves until the process is told to end.
pub(crate) fn run(arguments: ServeArguments, log: &LogLines) -> Result<(), String> {
    let listen = arguments.listen;
    let access = Access::new(&arguments.access)?;
    let config = net_config(&arguments);
    let server = Server::bind(listen, config)
        .map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    let address = server.local_addr().map_err(|error| error.to_string())?;
    let seed = random()?;
    // Never zero, so that it looks like a number to people.
    let hub = Arc::new(Hub::new(seed | 1 << 63, hub_limits(&arguments)));
    let shared = Arc::new(Shared {
        journal: Box::new(Memory::new(Arc::clone(&hub))),
        hub,
        access,
        options: Options {
            heartbeat: arguments.heartbeat,
            long_poll: arguments.long_poll,
            patience: PATIENCE,
            max_message: arguments.max_message,
            legacy_hixie76: arguments.legacy_hixie76,
            deflate_from: arguments.websocket_deflate.0,
            log_requests: arguments.log_requests,
        },
        moving_box: MovingBox::new(),
        watchers: Watchers::default(),
        process: Seen::default(),
        log: log.clone(),
    });
    shared.process.look(shared.hub.uptime());
    let stopping = Arc::new(AtomicBool::new(false));
    let handle = server.handle();
    stop_on_signal(handle.clone(), Arc::clone(&stopping))?;
    println!("Holdline serves on http://{address}/");
    // A program that waits for this line may read it from a pipe.
    io::stdout().flush().map_err(|error| error.to_string())?;
    let keeper = thread::Builder::new()
        .name("keeper".to_owned())
        .spawn({
            let (shared, stopping) = (Arc::clone(&shared), Arc::clone(&stopping));
            move || keep_house(&shared, &handle, &stopping, seed)
        })
        .map_err(|error| error.to_string())?;
    let result = server.run(|notifier| App::new(Arc::clone(&shared), notifier));
    stopping.store(true, Ordering::Relaxed);
    keeper.thread().unpark();
    if keeper.join().is_err() {
        // Its own message is on standard error.
        return Err("the thread that keeps house has panicked".to_owned());
    }
    result.map_err(|error| error.to_string())
}

fn net_config(arguments: &ServeArguments) -> holdline_net::Config {
    let mut config = holdline_net::Config::default();
    if let Some(threads) = arguments.threads {
        config.threads = threads;
    }
    config.max_connections = arguments.max_connections.min(raise_file_limit(arguments));
    config.http.max_body = arguments.max_message as u64;
    config.report_requests = arguments.log_requests;
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
        total_bytes: arguments.history_total,
        delivery_bytes: arguments.delivery_total,
        channels: arguments.max_channels,
        asked_channels: arguments.max_asked_channels,
        replay_bytes: arguments
            .addresses
            .max_replay_per_address
            .map(NonZeroU64::get),
    }
}

/// Asks the system for as many files as there may be connections. Returns how many connections
/// there can be.
#[cfg(unix)]
fn raise_file_limit(arguments: &ServeArguments) -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let wanted = arguments.max_connections as u64 + FILES_BESIDE;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "cannot raise the limit of open files");
            limit = getrlimit(Resource::Nofile);
        }
    }
    let possible = limit
        .current
        .unwrap_or(u64::MAX)
        .saturating_sub(FILES_BESIDE) as usize;
    if possible < arguments.max_connections {
        tracing::warn!(
            possible,
            "the system allows fewer connections than --max-connections"
        );
    }
    possible
}

#[cfg(not(unix))]
fn raise_file_limit(arguments: &ServeArguments) -> usize {
    arguments.max_connections
}

/// SIGINT and SIGTERM end the streams cleanly; a second one ends the process at once.
fn stop_on_signal(handle: Handle, stopping: Arc<AtomicBool>) -> Result<(), String> {
    ctrlc::set_handler(move || {
        if stopping.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        tracing::info!(connections = handle.connections(), "stopping");
        handle.stop();
    })
    .map_err(|error| format!("cannot listen for signals: {error}"))
}

/// What no request does: old messages go, the box moves, watchers are told.
fn keep_house(shared: &Shared, handle: &Handle, stopping: &AtomicBool, seed: u64) {
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
        }
        let wait = match shared.access.has_pages() {
            true => walk.step(now, &shared.moving_box, &shared.hub, &*shared.journal),
            false => Duration::MAX,
        };
        thread::park_timeout(wait.min(Duration::from_millis(250)));
    }
}

fn random() -> Result<u64, String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(u64::from_ne_bytes(bytes))
}

/// How long a publisher waits for commits of others, and a poll for messages that are on their way.
const PATIENCE: Duration = Duration::from_secs(5);
/// Files that are open beside connections: standard streams, listener, pollers, and the clients past
/// the limit that are told so.
const FILES_BESIDE: u64 = 512;
