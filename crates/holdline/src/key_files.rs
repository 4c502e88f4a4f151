//! Files with keys for tokens, which are read again when they change.

use std::sync::Arc;

use crate::config::ServeArguments;

/// What was in the files when they were looked at last.
#[derive(Debug)]
pub(crate) struct KeyFiles {
    arguments: Arc<ServeArguments>,
    seen: Result<Vec<(Option<String>, String)>, String>,
}

impl KeyFiles {
    pub(crate) fn new(arguments: Arc<ServeArguments>) -> Self {
        Self {
            seen: arguments.access.tokens.keys(),
            arguments,
        }
    }

    /// Whether there is something else in them now. One that cannot be read is something else, too, but only once.
    pub(crate) fn have_changed(&mut self) -> bool {
        let now = self.arguments.access.tokens.keys();
        let changed = now != self.seen;
        self.seen = now;
        changed
    }

    pub(crate) fn arguments(&self) -> &ServeArguments {
        &self.arguments
    }
}
