//! The tables of the database.

use redb::TableDefinition;

use super::row::Row;
use super::trouble::Trouble;

pub(super) fn decode(number: u64, bytes: &[u8]) -> Result<Row<'_>, Trouble> {
    Row::decode(number, bytes)
        .map_err(|_| Trouble::damaged(format!("message {number} is not what was written")))
}

/// Numbers by name.
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// `(epoch, first number, whether it began cleanly)`, oldest first.
pub(super) const LIVES: TableDefinition<'_, u64, (u64, u64, bool)> = TableDefinition::new("lives");
/// [Rows](Row) by their number.
pub(super) const MESSAGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("messages");
/// Up to which number the messages of a channel are gone.
pub(super) const MARKS: TableDefinition<'_, &str, u64> = TableDefinition::new("marks");
/// The number of the last gap, by its pattern of channels.
pub(super) const GAPS: TableDefinition<'_, &str, u64> = TableDefinition::new("gaps");
/// The key under which a message was published, and when.
pub(super) const KEYS: TableDefinition<'_, u64, ([u8; 64], u64)> = TableDefinition::new("keys");
