//! Whether a subscriber has a name, and whether it watches who is there.

use std::sync::Arc;

use crate::access::Rights;
use crate::hub::{Hub, Introduction};
use crate::names;
use crate::query::Query;
use crate::reply::Reply;

/// Reads `name` and `presence` from the query of a subscriber of these channels; with tokens, the name from its token.
pub(super) fn introduction(
    hub: &Hub,
    query: &Query<'_>,
    channels: &[String],
    rights: &Rights,
) -> Result<Introduction, Reply> {
    let name = name(query, rights)?;
    let told = match query.value("presence") {
        None | Some("false") => None,
        Some(token) => {
            rights.judge_members(channels.iter().map(String::as_str))?;
            Some(hub.members.told(token, channels.len()).ok_or_else(|| {
                let message = "`presence` is `true`, or what the last answer had as `presence`";
                Reply::error(400, "bad_presence", message)
            })?)
        }
    };
    Ok(Introduction { name, told })
}

/// With tokens, only a token gives a name. A `sub` that is no name for a member counts as none.
fn name(query: &Query<'_>, rights: &Rights) -> Result<Option<Arc<str>>, Reply> {
    let asked = query.value("name");
    if rights.are_of_tokens() {
        if asked.is_some() {
            let message = "names come from tokens here (`sub`): leave `name` out";
            return Err(Reply::error(400, "bad_name", message));
        }
        let name = rights
            .name()
            .filter(|name| names::parse_member(name).is_ok());
        return Ok(name.cloned());
    }
    let name = asked.map(names::parse_member).transpose();
    let name = name.map_err(|error| Reply::error(400, "bad_name", &error.to_string()))?;
    Ok(name.map(Arc::from))
}
