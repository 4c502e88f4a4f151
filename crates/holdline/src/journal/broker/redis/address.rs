//! Where a Redis server is.

use ::redis::{ConnectionInfo, IntoConnectionInfo, parse_redis_url};

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Address {
    /// The name of the stream.
    pub(super) key: String,
    /// The URL without user name, password and query.
    pub(super) shown: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<(Self, ConnectionInfo), String> {
        if url.starts_with("rediss://") {
            return Err(
                "TLS to the broker is not built in: put a tunnel (stunnel, a sidecar) before it and give redis://"
                    .to_owned(),
            );
        }
        let mut parsed = parse_redis_url(url)
            .filter(|parsed| parsed.scheme() == "redis" && parsed.has_host())
            .ok_or(FORM)?;
        let mut key = DEFAULT_KEY.to_owned();
        for (name, value) in parsed.query_pairs() {
            match &*name {
                "key" => key = value.into_owned(),
                _ => return Err(FORM.to_owned()),
            }
        }
        // A brace would decide which part of the name a cluster looks at.
        if key.is_empty() || key.contains(['{', '}']) || key.contains(char::is_control) {
            return Err("the stream's key is not empty and has no brace".to_owned());
        }
        parsed.set_query(None);
        let info = parsed.clone().into_connection_info();
        // The error may have parts of the URL in it.
        let info = info.map_err(|_| FORM)?;
        let host = parsed.host_str().unwrap_or_default();
        let port = parsed.port().unwrap_or(6379);
        let path = parsed.path();
        let shown = format!("redis://{host}:{port}{path}");
        Ok((Self { key, shown }, info))
    }
}

const DEFAULT_KEY: &str = "holdline";
const FORM: &str =
    "the address of a broker is redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?key=NAME]";
