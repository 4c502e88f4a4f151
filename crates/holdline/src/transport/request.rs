//! What all requests for messages have in common.

use std::net::IpAddr;

use holdline_comet::Since;
use holdline_comet::jsonp::CallbackName;
use holdline_net::Request;

use super::Transport;
use super::introduction::introduction;
use crate::access::Rights;
use crate::hub::{Hub, Introduction};
use crate::names;
use crate::query::Query;
use crate::reader::Reader;
use crate::reply::Reply;

/// Which messages, in which form, and what else the query says.
#[derive(Debug)]
pub(crate) struct SubscribeRequest<'q> {
    pub(crate) names: Vec<String>,
    pub(crate) since: Since,
    pub(crate) transport: Transport,
    pub(crate) query: &'q Query<'q>,
    /// The reader whose allowance for older messages is used, if that is limited.
    pub(crate) reader: Option<Reader>,
    /// It has been judged by these: it may read each of the channels.
    pub(crate) rights: Rights,
    pub(crate) introduction: Introduction,
}

impl<'q> SubscribeRequest<'q> {
    pub(crate) fn of(
        hub: &Hub,
        request: &Request<'_>,
        names: &str,
        transport: Transport,
        query: &'q Query<'q>,
        rights: Rights,
    ) -> Result<Self, Reply> {
        let names = names::parse_channels(names)
            .map_err(|error| Reply::error(400, "bad_channel", &error.to_string()))?;
        let since = query.since(&request.head);
        let address = || request.limited_address();
        Self::judged(hub, names, (since, transport), query, rights, address)
    }

    /// The same for channels and a place that are known; `address` is by what the client is limited.
    pub(crate) fn judged(
        hub: &Hub,
        names: Vec<String>,
        (since, transport): (Result<Since, String>, Transport),
        query: &'q Query<'q>,
        rights: Rights,
        address: impl FnOnce() -> Option<IpAddr>,
    ) -> Result<Self, Reply> {
        rights.judge_subscribe(names.iter().map(String::as_str))?;
        let since = since.map_err(|error| Reply::error(400, "bad_cursor", &error))?;
        let introduction = introduction(hub, query, &names, &rights)?;
        let reader = Reader::of(hub, address, since)?;
        Ok(Self {
            reader,
            rights,
            introduction,
            names,
            since,
            transport,
            query,
        })
    }

    /// The function of the page to call.
    pub(super) fn callback(&self) -> Result<CallbackName, String> {
        match self.query.value("callback") {
            Some(name) => CallbackName::new(name).map_err(|error| error.to_string()),
            None => Err("`callback` names the function to call".to_owned()),
        }
    }
}
