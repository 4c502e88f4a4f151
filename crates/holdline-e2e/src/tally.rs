//! Numbered messages, and counting them.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::subscriber::Item;

/// The text of the last message.
pub const END: &str = "the end";

/// The message of this publisher with this number, up to about `most` bytes long. Half of them have up to a 4096th
/// of that, a quarter up to four times as much, and so on. Many contain something that wire forms must escape. The
/// same arguments give the same text.
#[must_use]
pub fn numbered(publisher: usize, number: usize, most: usize) -> String {
    let mut hash = DefaultHasher::new();
    (publisher, number).hash(&mut hash);
    let random = hash.finish();
    let class = (random % 64).leading_zeros() - 58;
    let length = (random >> 8) as usize % ((most >> (2 * (6 - class))) + 1);
    let tail = [
        "",
        "two\nlines, the last empty\n",
        "</script><!-- & \u{2028}",
        "\"quoted\\\" \t tab",
        "Grüße, мир, 世界, 🦀",
        "\n: no comment\nid: 1\n\n",
    ];
    let tail = tail[(random >> 32) as usize % tail.len()];
    format!("{publisher} {number} {}{tail}", "x".repeat(length))
}

/// What one subscriber has received of the [`numbered`] messages of some publishers.
#[derive(Clone, Debug)]
pub struct Tally {
    most: usize,
    /// The next number of each publisher.
    next: Vec<usize>,
    digest: DefaultHasher,
    cursor: Option<String>,
}

impl Tally {
    /// The tally of a subscriber that has received nothing.
    #[must_use]
    pub fn new(publishers: usize, most: usize) -> Self {
        Self {
            most,
            next: vec![0; publishers],
            digest: DefaultHasher::new(),
            cursor: None,
        }
    }

    /// Counts what the subscriber received. Returns whether that was the [`END`].
    ///
    /// # Errors
    /// When a message was lost, duplicated, out of order or changed.
    pub fn take(&mut self, item: &Item) -> Result<bool, String> {
        self.cursor = Some(item.cursor().to_owned());
        let (id, event, data) = match item {
            Item::Position(_) | Item::Told { .. } => return Ok(false),
            Item::Lost(at) => {
                let next = &self.next;
                return Err(format!("told lost at {at}, expecting {next:?}"));
            }
            Item::Message { id, event, data } => (id, event, data),
        };
        id.hash(&mut self.digest);
        if data == END {
            return Ok(true);
        }
        let mut words = data.split(' ').map(str::parse::<usize>);
        let (Some(Ok(publisher)), Some(Ok(number))) = (words.next(), words.next()) else {
            return Err(format!("a message of nobody: {data:?}"));
        };
        let Some(next) = self.next.get_mut(publisher) else {
            return Err(format!("a message of a publisher that is none: {data:?}"));
        };
        if number != *next {
            let what = if number < *next { "again" } else { "too early" };
            return Err(format!(
                "number {number} of publisher {publisher} came {what}: {next} is next"
            ));
        }
        *next += 1;
        if event.is_some() || *data != numbered(publisher, number, self.most) {
            return Err(format!("other text than was published: {item:?}"));
        }
        Ok(false)
    }

    /// How many messages were received.
    #[must_use]
    pub fn received(&self) -> usize {
        self.next.iter().sum()
    }

    /// How many messages of each publisher were received.
    #[must_use]
    pub fn by_publisher(&self) -> &[usize] {
        &self.next
    }

    /// Equal for two subscribers that received the same messages in the same order.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// The subscriber's cursor; `None` before it has received anything.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(publisher: usize, number: usize) -> Item {
        Item::Message {
            id: format!("1-{publisher}{number}"),
            event: None,
            data: numbered(publisher, number, 9000),
        }
    }

    fn told(items: &[Item]) -> Result<(), String> {
        let mut tally = Tally::new(2, 9000);
        items
            .iter()
            .try_for_each(|item| tally.take(item).map(|_| ()))
    }

    #[test]
    fn a_tally_finds_what_is_lost_doubled_or_changed() {
        let good = [message(0, 0), message(1, 0), message(0, 1)];
        told(&good).unwrap();
        told(&[message(0, 0), message(0, 2)]).unwrap_err();
        told(&[message(0, 0), message(1, 0), message(0, 0)]).unwrap_err();
        told(&[Item::Lost("1-1".to_owned())]).unwrap_err();
        let Item::Message { id, event, data } = message(0, 0) else {
            unreachable!()
        };
        let data = format!("{data}x");
        told(&[Item::Message { id, event, data }]).unwrap_err();
    }

    #[test]
    fn numbered_messages_are_of_all_lengths() {
        let lengths: Vec<usize> = (0..2000).map(|n| numbered(1, n, 300 << 10).len()).collect();
        assert!(lengths.iter().any(|&length| length < 10));
        assert!(lengths.iter().any(|&length| length > 250 << 10));
        assert!(lengths.iter().sum::<usize>() / lengths.len() < 10 << 10);
    }
}
