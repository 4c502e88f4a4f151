//! What is asked of JetStream, and its answers.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address::Address;
use super::entry::Subjects;
use super::link::{Link, away, no_jetstream};
use super::wire::Message;
use crate::journal::broker::engine::{EngineOptions, Trouble};

/// An answer: what was asked for, or why not.
#[derive(Deserialize)]
struct Answer {
    error: Option<ApiError>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ApiError {
    #[serde(default)]
    pub(super) code: u16,
    #[serde(default)]
    pub(super) err_code: u32,
    #[serde(default)]
    pub(super) description: String,
}

/// A stream as it is.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Stream {
    pub(super) config: StreamConfig,
    pub(super) state: StreamState,
    /// When it was made.
    pub(super) created: String,
    pub(super) cluster: Option<StreamCluster>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct StreamConfig {
    pub(super) name: String,
    #[serde(default)]
    pub(super) subjects: Vec<String>,
    pub(super) retention: String,
    pub(super) storage: String,
    pub(super) discard: String,
    pub(super) max_msgs: i64,
    pub(super) max_msgs_per_subject: i64,
    pub(super) num_replicas: u8,
    /// In nanoseconds.
    #[serde(default)]
    pub(super) duplicate_window: u64,
    #[serde(default)]
    pub(super) allow_direct: bool,
    #[serde(default)]
    pub(super) allow_rollup_hdrs: bool,
    #[serde(default)]
    pub(super) deny_delete: bool,
    #[serde(default, skip_serializing)]
    pub(super) sealed: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct StreamState {
    pub(super) messages: u64,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct StreamCluster {
    #[serde(default)]
    pub(super) leader: String,
}

/// The acknowledgement of a message.
#[derive(Debug, Deserialize)]
pub(super) struct Ack {
    #[serde(default)]
    pub(super) seq: u64,
    #[serde(default)]
    pub(super) duplicate: bool,
    pub(super) error: Option<ApiError>,
}

/// A message of a stream, on request. Header and body are base64.
#[derive(Debug, Deserialize)]
pub(super) struct Stored {
    pub(super) message: StoredMessage,
}

#[derive(Debug, Deserialize)]
pub(super) struct StoredMessage {
    pub(super) seq: u64,
    #[serde(default)]
    pub(super) hdrs: String,
    #[serde(default)]
    pub(super) data: String,
}

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection is not good any more, or JetStream is not there.
    Trouble(Trouble),
    /// JetStream says no.
    Refused(ApiError),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Trouble(trouble) => trouble,
            Failure::Refused(error) if error.err_code == NOT_ENABLED => no_jetstream(),
            Failure::Refused(error) => away(&format!("JetStream says: {}", error.description)),
        }
    }
}

/// Asks JetStream.
pub(super) fn ask<T: DeserializeOwned>(
    link: &mut Link,
    what: &str,
    body: &impl Serialize,
) -> Result<T, Failure> {
    let body = serde_json::to_vec(body).map_err(|error| away(&error))?;
    let answer = link.ask(&format!("$JS.API.{what}"), &body)?;
    if answer.headers.status == Some(NO_RESPONDERS) {
        return Err(Failure::Trouble(no_jetstream()));
    }
    read(&answer)
}

fn read<T: DeserializeOwned>(answer: &Message) -> Result<T, Failure> {
    let unreadable = |error: serde_json::Error| away(&format!("JetStream's answer: {error}"));
    let refused: Answer = serde_json::from_slice(&answer.payload).map_err(unreadable)?;
    match refused.error {
        Some(error) => Err(Failure::Refused(error)),
        None => Ok(serde_json::from_slice(&answer.payload).map_err(unreadable)?),
    }
}

/// An answer whose error is all that matters.
#[derive(Deserialize)]
pub(super) struct Done {}

/// The stream as it is now.
pub(super) fn info(link: &mut Link, name: &str) -> Result<Stream, Failure> {
    ask(link, &format!("STREAM.INFO.{name}"), &json!({}))
}

/// Finds a stream, or makes it.
pub(super) fn ensure(link: &mut Link, config: &StreamConfig) -> Result<Stream, Failure> {
    match info(link, &config.name) {
        Err(Failure::Refused(error)) if error.err_code == NO_STREAM => {}
        other => return other,
    }
    match ask(link, &format!("STREAM.CREATE.{}", config.name), config) {
        Err(Failure::Refused(error)) if error.err_code != NOT_ENABLED && error.code == 400 => {
            let (name, why) = (&config.name, error.description);
            Err(Failure::Trouble(Trouble::Wrong(format!(
                "JetStream does not make the stream {name}: {why}"
            ))))
        }
        other => other,
    }
}

impl StreamConfig {
    /// What the stream of entries is made with.
    pub(super) fn entries(address: &Address, subjects: &Subjects, options: &EngineOptions) -> Self {
        Self {
            subjects: vec![subjects.all()],
            max_msgs: i64::try_from(options.keep).unwrap_or(i64::MAX),
            max_msgs_per_subject: -1,
            ..Self::new(&address.stream, address.replicas, options)
        }
    }

    /// The bucket for the record of the life: what the tools of NATS know as a key-value store.
    pub(super) fn bucket(address: &Address, options: &EngineOptions) -> Self {
        Self {
            subjects: vec![format!("$KV.{}.>", address.stream)],
            discard: "new".to_owned(),
            max_msgs: -1,
            max_msgs_per_subject: 1,
            allow_rollup_hdrs: true,
            deny_delete: true,
            ..Self::new(&bucket(address), address.replicas, options)
        }
    }

    fn new(name: &str, replicas: u8, options: &EngineOptions) -> Self {
        Self {
            name: name.to_owned(),
            subjects: Vec::new(),
            retention: "limits".to_owned(),
            storage: "file".to_owned(),
            discard: "old".to_owned(),
            max_msgs: -1,
            max_msgs_per_subject: -1,
            num_replicas: replicas,
            duplicate_window: u64::try_from(options.key_time.as_nanos()).unwrap_or(u64::MAX),
            allow_direct: true,
            allow_rollup_hdrs: false,
            deny_delete: false,
            sealed: false,
        }
    }

    /// Whether entries can be kept in a stream that somebody else made.
    pub(super) fn check(&self, wanted: &Self) -> Result<(), Trouble> {
        let name = &self.name;
        if !wanted
            .subjects
            .iter()
            .all(|subject| self.subjects.contains(subject))
        {
            return Err(Trouble::Wrong(format!(
                "the stream {name} has the subjects {}: it needs {}, or give another name in the URL",
                self.subjects.join(", "),
                wanted.subjects.join(", ")
            )));
        }
        if self.retention != wanted.retention {
            return Err(Trouble::Wrong(format!(
                "the stream {name} has the retention `{}`: it must be `limits`",
                self.retention
            )));
        }
        if self.duplicate_window < wanted.duplicate_window {
            let seconds = wanted.duplicate_window / 1_000_000_000;
            return Err(Trouble::Wrong(format!(
                "the stream {name} forgets message IDs too early: nats stream edit {name} --dupe-window={seconds}s"
            )));
        }
        Ok(())
    }
}

impl Stream {
    /// The number of the oldest message, or of the next one.
    pub(super) fn first(&self) -> u64 {
        match self.state.messages {
            0 => self.state.last_seq + 1,
            _ => self.state.first_seq,
        }
    }
}

pub(super) fn bucket(address: &Address) -> String {
    format!("KV_{}", address.stream)
}

/// There is nobody who would answer.
pub(super) const NO_RESPONDERS: u16 = 503;
/// Numbers of JetStream's errors.
pub(super) const NO_STREAM: u32 = 10059;
pub(super) const NO_MESSAGE: u32 = 10037;
pub(super) const WRONG_LAST: u32 = 10071;
const NOT_ENABLED: u32 = 10039;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_stream_of_another_shape_is_refused_with_what_would_do() {
        let options = EngineOptions {
            keep: 10,
            keys: 10,
            key_time: Duration::from_secs(120),
            max_message: 10,
        };
        let address = Address::parse("nats://a/push").unwrap();
        let wanted = StreamConfig::entries(&address, &Subjects::new("push"), &options);
        assert_eq!(wanted.check(&wanted), Ok(()));
        type Change = fn(&mut StreamConfig);
        let changes: [(Change, &str); 3] = [
            (
                |config| config.subjects = vec!["push.*".to_owned()],
                "it needs push.>",
            ),
            (
                |config| config.retention = "interest".to_owned(),
                "must be `limits`",
            ),
            (|config| config.duplicate_window /= 2, "--dupe-window=120s"),
        ];
        for (change, cure) in changes {
            let mut config = wanted.clone();
            change(&mut config);
            match config.check(&wanted) {
                Err(Trouble::Wrong(text)) => assert!(text.contains(cure), "{text}"),
                other => panic!("{cure}: {other:?}"),
            }
        }
    }
}
