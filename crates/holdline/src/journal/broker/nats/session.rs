//! A connection with the streams at its other end.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::address::Address;
use super::api::{self, Stream, StreamConfig};
use super::entry::{Subjects, hex};
use super::link::{Link, away};
use super::seen::Seen;
use crate::journal::broker::engine::{EngineOptions, Identity, Trouble};

/// Where the entries are.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) address: Address,
    pub(super) subjects: Subjects,
    pub(super) options: EngineOptions,
    pub(super) seen: Seen,
}

impl Place {
    pub(super) fn new(address: Address, options: EngineOptions) -> Self {
        Self {
            subjects: Subjects::new(&address.stream),
            seen: Seen::new(options.keys, options.key_time),
            address,
            options,
        }
    }
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) place: Arc<Place>,
    pub(super) link: Link,
    identity: Identity,
}

impl Session {
    pub(super) fn new(place: &Arc<Place>) -> Result<Self, Trouble> {
        let mut link = Link::new(&place.address)?;
        Ok(Self {
            identity: identify(&mut link, place)?,
            place: Arc::clone(place),
            link,
        })
    }

    pub(super) fn identify(&mut self) -> Result<Identity, Trouble> {
        self.identity = identify(&mut self.link, &self.place)?;
        Ok(self.identity.clone())
    }

    /// A connection that was not used for long may have been closed. Another one is as good if it leads to the same
    /// engine.
    pub(super) fn renew(&mut self) -> Result<(), Trouble> {
        if self.link.refresh().is_ok() {
            return Ok(());
        }
        let other = Self::new(&self.place)?;
        if other.identity != self.identity {
            return Err(away(
                &"another server of NATS answers, or one that has started again",
            ));
        }
        *self = other;
        Ok(())
    }

    /// The stream of entries as it is now.
    pub(super) fn stream(&mut self) -> Result<Stream, Trouble> {
        Ok(api::info(&mut self.link, &self.place.address.stream)?)
    }
}

/// Makes the streams if they are not there, and tells who has them.
fn identify(link: &mut Link, place: &Place) -> Result<Identity, Trouble> {
    let wanted = StreamConfig::entries(&place.address, &place.subjects, &place.options);
    let stream = api::ensure(link, &wanted)?;
    stream.config.check(&wanted)?;
    api::ensure(link, &StreamConfig::bucket(&place.address, &place.options))?;
    let is_on_disk = stream.config.storage == "file";
    let is_durable = place.address.syncs_always && is_on_disk;
    let warning = match (is_durable, is_on_disk) {
        (true, _) => None,
        (false, true) => Some(NOT_SYNCED),
        (false, false) => Some(NOT_ON_DISK),
    };
    Ok(Identity {
        name: name(link, &stream),
        is_durable,
        warning: warning.map(str::to_owned),
    })
}

/// Of the stream and the server. A server of a cluster may be another one than that to which others are connected, so
/// that there it is the one which leads.
fn name(link: &Link, stream: &Stream) -> String {
    let server = match (&link.server.cluster, &stream.cluster) {
        (Some(cluster), Some(group)) => format!("{cluster}/{}", group.leader),
        _ => link.server.server_id.clone(),
    };
    let mut hash = Sha256::new();
    hash.update(format!(
        "{}\n{}\n{server}",
        stream.config.name, stream.created
    ));
    format!("nats-{}", &hex(&hash.finalize())[..32])
}

const NOT_SYNCED: &str = "what a server of NATS acknowledged may be missing after it ended, because it writes to the \
    disk every two minutes, so that then a new life begins and clients are told `lost`: set `sync_interval: always` \
    there, and then ?sync=always in the URL";
const NOT_ON_DISK: &str = "the stream is only in the memory of the server of NATS: what it acknowledged is gone when it ends";
