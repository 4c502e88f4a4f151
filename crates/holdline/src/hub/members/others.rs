//! Members of other servers that use the same broker.
//!
//! Each server tells the others which names it has in which channels: [all of them](Members::own), and then [what
//! changes](Members::changes). What it hears is kept beside its own names, by the server that told it. A name counts
//! against the same memory as one of this server. If there is none left for it, the channel has counts only.

use std::time::Duration;

use super::Members;
use super::cluster::{Changes, RoomNews, Source};

impl<W: Copy + Ord> Members<W> {
    /// From now on changes are noted. The first are everything.
    pub(crate) fn share(&self) {
        self.lock().share();
    }

    /// What has changed since the last call.
    pub(crate) fn changes(&self) -> Changes {
        self.lock().changes()
    }

    /// Everything that is to be told now, and whether some of it has not been told yet. That counts as told.
    pub(crate) fn own(&self) -> (Vec<RoomNews>, bool) {
        self.lock().own()
    }

    /// Another server has told this. Returns whether there is memory for all of it.
    pub(crate) fn hear(&self, source: Source, rooms: &[RoomNews], now: Duration) -> bool {
        let mut state = self.lock();
        let mut has_room = true;
        for news in rooms {
            has_room &= state.hear(source, news, now);
        }
        self.plan(&state);
        has_room
    }

    /// It has told everything: what it did not tell of in this pass is gone.
    pub(crate) fn sweep(&self, source: Source, now: Duration) {
        let channels = self.lock().channels_of(source.node);
        for channel in channels {
            // Each for itself, so that nobody waits for all of them.
            self.lock().sweep(source, &channel, now);
        }
        self.plan(&self.lock());
    }

    /// That server is gone, with all its members.
    pub(crate) fn forget(&self, node: u64, now: Duration) {
        self.sweep(Source { node, pass: 0 }, now);
    }

    /// How long a name stays after its last connection or poll.
    pub(crate) fn linger(&self) -> Duration {
        self.lock().linger_time()
    }
}
