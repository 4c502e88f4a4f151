//! A Redis server: where it is, and connections to it.

use std::fmt;
use std::time::Duration;

use redis::{Client, Connection, IntoConnectionInfo, RedisError, RedisResult, parse_redis_url};

/// `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`.
pub(crate) struct RedisServer {
    client: Client,
    shown: String,
}

impl RedisServer {
    /// `take` gets each part of the query, and says whether it may be there. `form` says how the URL is to be, and is the
    /// error if it is not.
    pub(crate) fn parse(
        url: &str,
        form: &str,
        mut take: impl FnMut(&str, String) -> bool,
    ) -> Result<Self, String> {
        if url.starts_with("rediss://") {
            return Err(
                "TLS to Redis is not built in: put a tunnel (stunnel, a sidecar) before it and give redis://"
                    .to_owned(),
            );
        }
        let mut parsed = parse_redis_url(url)
            .filter(|parsed| parsed.scheme() == "redis" && parsed.has_host())
            .ok_or(form)?;
        for (name, value) in parsed.query_pairs() {
            if !take(&name, value.into_owned()) {
                return Err(form.to_owned());
            }
        }
        parsed.set_query(None);
        let info = parsed.clone().into_connection_info();
        // The error may have parts of the URL in it.
        let info = info.map_err(|_| form)?;
        let host = parsed.host_str().unwrap_or_default();
        let port = parsed.port().unwrap_or(6379);
        let path = parsed.path();
        Ok(Self {
            shown: format!("redis://{host}:{port}{path}"),
            client: Client::open(info).map_err(|error| error.to_string())?,
        })
    }

    /// The URL without user name, password and query.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// The number of the database in the URL.
    pub(crate) fn database(&self) -> i64 {
        self.client.get_connection_info().redis_settings().db()
    }

    /// Connects, within this time. It is also how long each answer may take.
    pub(crate) fn connect(&self, patience: Duration) -> RedisResult<Connection> {
        let wire = self.client.get_connection_with_timeout(patience)?;
        wire.set_write_timeout(Some(patience))?;
        wire.set_read_timeout(Some(patience))?;
        Ok(wire)
    }
}

/// What an error says to a person. There is nothing of the URL in it. What the system says when a time is over, "Resource
/// temporarily unavailable", helps nobody.
pub(crate) fn said(error: &RedisError) -> String {
    match error.is_timeout() {
        true => "Redis gave no answer in time".to_owned(),
        false => error.to_string(),
    }
}

/// Without the password.
impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer")
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}
