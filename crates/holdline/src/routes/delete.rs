//! Requests that delete the history of a channel.

use holdline_net::Request;

use crate::access::Rights;
use crate::answer::Call;
use crate::app::App;
use crate::idempotency_key::IdempotencyKey;
use crate::journal::Draft;
use crate::names;
use crate::reply::Reply;

/// What the head of such a request says.
#[derive(Debug)]
pub(super) struct Delete {
    channel: String,
    key: Option<IdempotencyKey>,
    rights: Rights,
}

impl Delete {
    pub(super) fn of(request: &Request<'_>, name: &str, rights: Rights) -> Result<Self, Reply> {
        let channel = names::parse_channel(name)
            .map_err(|error| Reply::error(400, "bad_channel", &error.to_string()))?;
        rights.judge_manage(&channel)?;
        // Sent again without one, it would delete what was published meanwhile.
        let key = IdempotencyKey::of(&request.head)?;
        Ok(Self {
            channel,
            key,
            rights,
        })
    }
}

pub(super) fn delete(app: &mut App, call: Call<'_, '_>, delete: &Delete) {
    let mut draft = Draft::deletion(&delete.channel);
    if let Some(key) = &delete.key {
        draft = draft.under(key, delete.rights.name());
    }
    super::publish::append(app, call, draft, &delete.rights, None);
}
