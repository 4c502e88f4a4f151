//! `--admin`: listeners for watching the server, separate from those it serves on.

use holdline_net::Request;

use crate::access::Access;
use crate::reply::Reply;
use crate::request::Resource;

/// Which listeners are only for watching.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Admin {
    /// The index of the first one; all later listeners are for watching, too.
    from: Option<usize>,
}

impl Admin {
    pub(crate) fn new(from: Option<usize>) -> Self {
        Self { from }
    }

    /// Whether a request came in on one of them.
    pub(crate) fn has(self, request: &Request<'_>) -> bool {
        self.from.is_some_and(|from| request.listener >= from)
    }

    /// If there are admin listeners, watching works only there, and nothing else does.
    pub(crate) fn judge(
        self,
        access: &Access,
        request: &Request<'_>,
        resource: &Resource<'_>,
    ) -> Result<(), Reply> {
        let refused = |message| Err(Reply::error(404, "not_found", message));
        let watching = matches!(
            resource,
            Resource::Stats | Resource::StatsStream | Resource::Metrics | Resource::Disconnect
        );
        if self.from.is_none() {
            let hidden = access.has_tokens() || matches!(resource, Resource::Disconnect);
            return match watching && hidden {
                true => refused("this is answered on the address of --admin alone"),
                false => Ok(()),
            };
        }
        match (self.has(request), resource) {
            (true, Resource::Health) => Ok(()),
            // The files of the /stats page.
            (true, Resource::File(_)) if request.head.path() != "/" => Ok(()),
            (true, _) if watching => access.judge_admin(&request.head),
            (true, _) => {
                refused("here are /health, /stats and /metrics, and nothing else (--admin)")
            }
            (false, _) if watching => refused("this is answered on the address of --admin alone"),
            (false, _) => Ok(()),
        }
    }
}
