//! State shared by all loops.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use holdline_websocket::DeflateOptions;

use crate::access::{Access, Rights, bad_token};
use crate::admin::Admin;
use crate::demo::MovingBox;
use crate::exodus::Exodus;
use crate::explainer::Explainer;
use crate::held::Untaken;
use crate::hub::Hub;
use crate::journal::Journal;
use crate::log_lines::LogLines;
use crate::message::DEFLATE_LEVEL;
use crate::meters::Meters;
use crate::mirror::Mirrors;
use crate::process::Seen;
use crate::rates::{Rate, Rates};
use crate::reply::Reply;
use crate::sessions::Sessions;
use crate::watchers::Watchers;

/// State shared by all loops.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) hub: Arc<Hub>,
    pub(crate) journal: Box<dyn Journal>,
    /// Replaced on SIGHUP.
    access: RwLock<Arc<Access>>,
    pub(crate) admin: Admin,
    pub(crate) options: Options,
    pub(crate) moving_box: MovingBox,
    pub(crate) watchers: Watchers,
    pub(crate) sessions: Sessions,
    pub(crate) exodus: Exodus,
    /// How fast each publisher publishes.
    pub(crate) rates: Rates,
    /// Updated once a second.
    pub(crate) process: Seen,
    pub(crate) log: LogLines,
    /// What the requests of pages took.
    pub(crate) meters: Meters,
    /// Pages that look at their own connections.
    pub(crate) mirrors: Mirrors,
    /// Explains bytes that are pasted. What pages look at does not wait for that.
    pub(crate) explainer: Explainer,
    /// Of these explanations.
    pub(crate) untaken: Untaken,
}

impl Shared {
    pub(crate) fn new(
        hub: Arc<Hub>,
        journal: Box<dyn Journal>,
        access: Access,
        admin: Admin,
        options: Options,
        log: LogLines,
    ) -> Self {
        Self {
            hub,
            journal,
            access: RwLock::new(Arc::new(access)),
            admin,
            options,
            moving_box: MovingBox::new(),
            watchers: Watchers::default(),
            sessions: Sessions::default(),
            exodus: Exodus::default(),
            rates: Rates::new(options.max_publish_rate),
            process: Seen::default(),
            log,
            meters: Meters::default(),
            mirrors: Mirrors::default(),
            explainer: Explainer::default(),
            untaken: Untaken::default(),
        }
    }

    /// The current access rules.
    pub(crate) fn access(&self) -> Arc<Access> {
        Arc::clone(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the access rules from now on.
    pub(crate) fn set_access(&self, access: Access) {
        let mut current = self.access.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(access);
    }

    /// Checks that the user of these rights was not disconnected after their token was issued.
    pub(crate) fn judge_revoked(&self, rights: &Rights) -> Result<(), Reply> {
        match self.sessions.has_revoked(rights) {
            true => Err(bad_token("was issued before its user was disconnected")),
            false => Ok(()),
        }
    }
}

/// The command-line options that matter while serving.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) heartbeat: Duration,
    pub(crate) long_poll: Duration,
    /// How long a request waits for what is on its way, if an incomplete answer would do.
    pub(crate) patience: Duration,
    /// How long a message that came before under the same idempotency key waits for the answer of the first.
    pub(crate) key_patience: Duration,
    /// The maximum size of a message in bytes.
    pub(crate) max_message: usize,
    /// How fast one publisher may publish; `None` for as fast as it can.
    pub(crate) max_publish_rate: Option<Rate>,
    /// Whether the WebSocket of the first browsers is accepted, too.
    pub(crate) legacy_hixie76: bool,
    /// WebSocket messages of at least this size are compressed, for clients that offer it.
    pub(crate) deflate_from: Option<usize>,
    /// Whether each request gets a line in the log.
    pub(crate) log_requests: bool,
    /// Where plug-in sockets are answered, if they are.
    pub(crate) socket_port: Option<u16>,
}

impl Options {
    /// What this server offers for permessage-deflate.
    ///
    /// No context is kept between messages, in either direction. So one compressed form serves all receivers, and a
    /// connection keeps nothing between messages.
    pub(crate) fn deflate(&self) -> Option<DeflateOptions> {
        let mut deflate = DeflateOptions::default();
        deflate.min_size = self.deflate_from?;
        deflate.no_context_takeover = true;
        deflate.peer_no_context_takeover = true;
        deflate.level = DEFLATE_LEVEL;
        Some(deflate)
    }
}
