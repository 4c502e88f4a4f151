//! What other servers are told.

use super::State;
use crate::hub::members::cluster::{Changes, RoomNews};

impl<W: Copy + Ord> State<W> {
    pub(in super::super) fn share(&mut self) {
        self.sharing.is_on = true;
        self.sharing.is_all = true;
    }

    pub(in super::super) fn changes(&mut self) -> Changes {
        if self.sharing.is_all {
            return Changes::All(self.own().0);
        }
        if self.sharing.changed.is_empty() {
            return Changes::None;
        }
        self.sharing.count = 0;
        let changed = std::mem::take(&mut self.sharing.changed).into_iter();
        let listed = self.limits.listed;
        let news = changed.filter_map(|(channel, names)| match self.rooms.get_mut(&channel) {
            Some(room) => room.news_of(names, listed),
            None => {
                let mut news = RoomNews::new(&channel, false);
                news.gone.extend(names);
                Some(news)
            }
        });
        Changes::Some(news.collect())
    }

    pub(in super::super) fn own(&mut self) -> (Vec<RoomNews>, bool) {
        let had_changes = self.sharing.is_all || !self.sharing.changed.is_empty();
        self.sharing.is_all = false;
        self.sharing.forget();
        let listed = self.limits.listed;
        let rooms = self.rooms.values_mut();
        (
            rooms.filter_map(|room| room.all_news(listed)).collect(),
            had_changes,
        )
    }
}
