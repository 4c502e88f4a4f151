//! What Redis answers, and what its errors mean.

use std::collections::HashMap;

use ::redis::{Connection as Wire, ErrorKind, RedisError, ServerErrorKind, Value, cmd};

use crate::journal::broker::engine::{Identity, Trouble};
use crate::redis_server::said;

/// What a server says about itself.
#[derive(Debug)]
pub(super) struct Info {
    values: HashMap<String, String>,
    /// `appendfsync`, if we may know it.
    sync: Option<String>,
}

impl Info {
    pub(super) fn ask(wire: &mut Wire) -> Result<Self, Trouble> {
        let mut values = HashMap::new();
        for section in ["server", "replication", "persistence", "memory"] {
            let reply: String = cmd("INFO")
                .arg(section)
                .query(wire)
                .map_err(|error| trouble(&error))?;
            let lines = reply.lines().filter_map(|line| line.split_once(':'));
            values.extend(lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())));
        }
        // Some that are rented do not tell.
        let sync: Result<Vec<String>, _> = cmd("CONFIG").arg("GET").arg("appendfsync").query(wire);
        let sync = sync.ok().and_then(|pair| pair.into_iter().nth(1));
        Ok(Self { values, sync })
    }

    /// Whether this server will do.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        let version = self.value("redis_version");
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok());
        let major: u64 = major.unwrap_or_default();
        if major < 7 {
            return Err(Trouble::Wrong(format!(
                "this is version {version:?} of Redis: version 7 or newer is needed, which numbers entries with `0-*`"
            )));
        }
        // Meanwhile it says of itself that it writes no file, and a new life would begin for nothing.
        if self.value("loading") == "1" {
            return Err(Trouble::Away(
                "this Redis is still reading its data from the disk".to_owned(),
            ));
        }
        if self.value("redis_mode") != "standalone" {
            return Err(Trouble::Wrong(format!(
                "this Redis runs as {:?}: give the address of a single server",
                self.value("redis_mode")
            )));
        }
        if self.value("role") != "master" {
            return Err(Trouble::Away(
                "this Redis is a replica: give the address of the master".to_owned(),
            ));
        }
        Ok(())
    }

    pub(super) fn identity(&self) -> Identity {
        let syncs = self.value("aof_enabled") == "1" && self.sync.as_deref() == Some("always");
        let took_over = self
            .value("master_replid2")
            .chars()
            .any(|digit| digit != '0');
        Identity {
            name: self.value("run_id").to_owned(),
            is_durable: syncs && !took_over,
            warning: match (syncs, self.evicts()) {
                (true, false) => None,
                (false, false) => Some(NOT_SYNCED.to_owned()),
                (true, true) => Some(EVICTS.to_owned()),
                (false, true) => Some(format!("{NOT_SYNCED}; {EVICTS}")),
            },
        }
    }

    /// Whether it throws away keys that nobody has given a time when there are too many.
    fn evicts(&self) -> bool {
        self.value("maxmemory") != "0" && self.value("maxmemory_policy").starts_with("allkeys")
    }

    fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }
}

const NOT_SYNCED: &str = "Redis does not write each entry to its disk before it answers, so that acknowledged messages can be lost when it \
    ends; then a new life begins, and clients are told. Start it with `--appendonly yes --appendfsync always` to \
    exclude that";
const EVICTS: &str = "Redis throws away any of its keys when it has too little memory, so that idempotency keys can be \
    forgotten and messages that are sent again be published twice. Start it with `--maxmemory-policy noeviction` to \
    exclude that";

/// What an error means for the connection. The text has nothing of the URL in it.
pub(super) fn trouble(error: &RedisError) -> Trouble {
    let text = said(error);
    let is_wrong = match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig => true,
        ErrorKind::Server(
            ServerErrorKind::NoPerm | ServerErrorKind::Moved | ServerErrorKind::CrossSlot,
        ) => true,
        _ => {
            let codes = ["WRONGTYPE", "NOAUTH", "WRONGPASS", "NOPERM"];
            let is_one = |code| codes.contains(&code);
            error.code().is_some_and(is_one) || text.contains("DB index is out of range")
        }
    };
    if text.contains("WRONGTYPE") {
        return Trouble::Wrong(
            "the key of the stream holds something else: choose another one with ?key=NAME"
                .to_owned(),
        );
    }
    match is_wrong {
        true => Trouble::Wrong(format!(
            "Redis refuses it ({text}): check user name, password, database and permissions"
        )),
        false => Trouble::Away(text),
    }
}

pub(super) fn list(value: Value) -> Result<Vec<Value>, Trouble> {
    match value {
        Value::Array(values) => Ok(values),
        Value::Nil => Ok(Vec::new()),
        _ => Err(strange()),
    }
}

pub(super) fn items<const N: usize>(value: Value) -> Result<[Value; N], Trouble> {
    list(value)?.try_into().map_err(|_| strange())
}

pub(super) fn bytes(value: Value) -> Result<Vec<u8>, Trouble> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        Value::SimpleString(text) => Ok(text.into_bytes()),
        Value::Okay => Ok(b"OK".to_vec()),
        _ => Err(strange()),
    }
}

pub(super) fn text(value: Value) -> Result<String, Trouble> {
    String::from_utf8(bytes(value)?).map_err(|_| strange())
}

pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(integer) => Some(*integer),
        _ => None,
    }
}

/// The two numbers of an entry's ID.
pub(super) fn parse_id(id: &str) -> Result<(u64, u64), Trouble> {
    let parts = id.split_once('-');
    let parts = parts.and_then(|(time, number)| Some((time.parse().ok()?, number.parse().ok()?)));
    parts.ok_or_else(strange)
}

fn strange() -> Trouble {
    Trouble::Away("Redis gave an answer of another kind".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redis_that_reads_its_file_is_away_and_not_taken_for_one_that_writes_none() {
        let mut info = Info {
            values: [
                ("redis_version", "7.0.15"),
                ("redis_mode", "standalone"),
                ("role", "master"),
                ("loading", "1"),
                ("aof_enabled", "0"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            sync: Some("always".to_owned()),
        };
        assert!(matches!(info.check(), Err(Trouble::Away(_))));
        info.values.insert("loading".to_owned(), "0".to_owned());
        info.values.insert("aof_enabled".to_owned(), "1".to_owned());
        assert!(info.check().is_ok());
        assert!(info.identity().is_durable);
    }

    #[test]
    fn a_redis_that_throws_keys_away_is_warned_of() {
        let warning = |maxmemory: &str, policy: &str, aof: &str| {
            let values = [
                ("maxmemory", maxmemory),
                ("maxmemory_policy", policy),
                ("aof_enabled", aof),
            ];
            let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let sync = Some("always".to_owned());
            let values = values.into();
            Info { values, sync }.identity().warning.unwrap_or_default()
        };
        assert_eq!(warning("0", "allkeys-random", "1"), "");
        assert_eq!(warning("1000000", "noeviction", "1"), "");
        assert_eq!(warning("1000000", "volatile-lru", "1"), "");
        assert_eq!(warning("1000000", "allkeys-random", "1"), EVICTS);
        let both = warning("1000000", "allkeys-lru", "0");
        assert!(both.contains(EVICTS) && both.contains(NOT_SYNCED), "{both}");
    }
}
