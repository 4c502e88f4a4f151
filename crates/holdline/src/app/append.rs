//! The way of everything that clients publish or delete into the journal.

use super::{App, Shared};
use crate::access::Rights;
use crate::counters::Limit;
use crate::hub::Waiter;
use crate::journal::{Appended, Draft, Refusal};
use crate::rates::{Source, TooFast};
use crate::reply::Reply;

/// Why the journal did not take something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unpublished {
    TooFast(TooFast),
    Refused(Refusal),
}

impl App {
    /// Whether somebody with these rights may publish a message from there now.
    pub(crate) fn judge_rate(&self, source: Source, rights: &Rights) -> Result<(), TooFast> {
        let judged = self
            .shared
            .rates
            .judge(source, rights.name(), self.hub().now());
        judged.inspect_err(|_| self.count_too_fast())
    }

    /// Gives the journal what somebody with these rights publishes or deletes from there, unless that is too fast.
    pub(crate) fn append(
        &self,
        source: Source,
        rights: &Rights,
        draft: Draft<'_>,
        waiter: Waiter,
    ) -> Result<Appended, Unpublished> {
        let Shared { journal, rates, .. } = &*self.shared;
        rates
            .take(source, rights.name(), self.hub().now())
            .inspect_err(|_| self.count_too_fast())
            .map_err(Unpublished::TooFast)?;
        journal
            .append(draft, Some(waiter))
            .map_err(Unpublished::Refused)
    }

    fn count_too_fast(&self) {
        self.hub().counters.refused(Limit::PublishRate);
    }
}

impl From<Unpublished> for Reply {
    fn from(unpublished: Unpublished) -> Self {
        match unpublished {
            Unpublished::TooFast(too_fast) => too_fast.into(),
            Unpublished::Refused(refusal) => refusal.into(),
        }
    }
}
