//! Where a Redis server is, and which of its streams.

use crate::redis_server::RedisServer;

#[derive(Debug)]
pub(super) struct Address {
    pub(super) server: RedisServer,
    /// The name of the stream.
    pub(super) key: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let mut key = DEFAULT_KEY.to_owned();
        let server = RedisServer::parse(url, FORM, |name, value| {
            let is_key = name == "key";
            if is_key {
                key = value;
            }
            is_key
        })?;
        // A brace would decide which part of the name a cluster looks at.
        if key.is_empty() || key.contains(['{', '}']) || key.contains(char::is_control) {
            return Err("the stream's key is not empty and has no brace".to_owned());
        }
        Ok(Self { server, key })
    }
}

const DEFAULT_KEY: &str = "holdline";
const FORM: &str =
    "the address of a broker is redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?key=NAME]";
