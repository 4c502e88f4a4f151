//! What a client of a plug-in socket says first.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::Deserialize;

use crate::names;
use crate::query::Query;
use crate::reply::Reply;
use crate::shared::Shared;
use crate::transport::{SubscribeRequest, Transport};

/// Its members are those that a query has, but for the names of channels, which are as they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct First {
    subscribe: Vec<String>,
    since: Option<String>,
    token: Option<String>,
    name: Option<String>,
    presence: Option<bool>,
}

impl First {
    pub(crate) fn parse(text: &str) -> Result<Self, Reply> {
        serde_json::from_str(text).map_err(|error| {
            let message = format!(
                "the first message is {{\"subscribe\":[NAME…],\"since\":CURSOR,\"token\":TOKEN,\"name\":NAME,\
                 \"presence\":BOOL}}, of which `subscribe` must be there: {error}"
            );
            Reply::error(400, "bad_message", &message)
        })
    }

    /// What it says as a query would.
    pub(crate) fn query(&self) -> Query<'static> {
        let presence = self.presence.map(|presence| presence.to_string());
        let members = [
            ("since", self.since.clone()),
            ("name", self.name.clone()),
            ("presence", presence),
        ];
        let pairs = members.into_iter().filter_map(|(name, value)| {
            let value = value?;
            Some((Cow::Borrowed(name), Cow::Owned(value)))
        });
        Query::of(pairs.collect())
    }

    /// Judges what it asks for as a request would be judged.
    pub(crate) fn judged<'q>(
        self,
        shared: &Shared,
        query: &'q Query<'q>,
        address: Option<IpAddr>,
    ) -> Result<SubscribeRequest<'q>, Reply> {
        let names = names::check_channels(self.subscribe)
            .map_err(|error| Reply::error(400, "bad_channel", &error.to_string()))?;
        let rights = shared.access().rights_of(self.token.as_deref())?;
        shared.judge_revoked(&rights)?;
        let place = (query.plain_since(), Transport::Socket);
        SubscribeRequest::judged(&shared.hub, names, place, query, rights, || address)
    }
}
