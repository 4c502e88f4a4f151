//! Which engine there is behind a URL.

use std::sync::Arc;

use super::engine::{Engine, EngineOptions};
use super::nats::Nats;
use super::redis::Redis;

pub(super) fn engine(url: &str, options: EngineOptions) -> Result<Arc<dyn Engine>, String> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some("redis" | "rediss") => Ok(Arc::new(
            Redis::new(url, options).map_err(|error| format!("--broker: {error}"))?,
        )),
        Some("nats") => Ok(Arc::new(
            Nats::new(url, options).map_err(|error| format!("--broker: {error}"))?,
        )),
        _ => Err("--broker: give redis://HOST:PORT or nats://HOST:PORT".to_owned()),
    }
}
