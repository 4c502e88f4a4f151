//! `--admin`: where the server is watched, apart from where it serves.

use holdline_net::Request;

use crate::access::Access;
use crate::reply::Reply;
use crate::request::Resource;

/// Which listeners are for watching alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Admin {
    /// They are the listeners from this one on.
    from: Option<usize>,
}

impl Admin {
    pub(crate) fn new(from: Option<usize>) -> Self {
        Self { from }
    }

    /// Whether a request came in there.
    pub(crate) fn has(self, request: &Request<'_>) -> bool {
        self.from.is_some_and(|from| request.listener >= from)
    }

    /// Watching is for these listeners, if there are any, and nothing else is.
    pub(crate) fn judge(
        self,
        access: &Access,
        request: &Request<'_>,
        resource: &Resource<'_>,
    ) -> Result<(), Reply> {
        if self.from.is_none() {
            return Ok(());
        }
        let refused = |message| Err(Reply::error(404, "not_found", message));
        match (self.has(request), resource) {
            (true, Resource::Health) => Ok(()),
            // What the page of /stats is made of.
            (true, Resource::File(_)) if request.head.path() != "/" => Ok(()),
            (true, Resource::Stats | Resource::StatsStream | Resource::Metrics) => {
                access.judge_admin(&request.head)
            }
            (true, _) => {
                refused("here are /health, /stats and /metrics, and nothing else (--admin)")
            }
            (false, Resource::Stats | Resource::StatsStream | Resource::Metrics) => {
                refused("this is answered on the address of --admin alone")
            }
            (false, _) => Ok(()),
        }
    }
}
