//! What can be wrong with the database.

use std::fmt;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::journal::Refusal;

/// Why the database cannot be opened, read or written.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Another process has it open.
    InUse,
    /// It was written by a later version of this program.
    Newer {
        format: u64,
    },
    /// It does not have what was written.
    Damaged(String),
    NoSpace(std::io::Error),
    Failed(String),
}

impl Trouble {
    /// What a publisher is told.
    pub(super) fn refusal(&self) -> Refusal {
        match self {
            Self::NoSpace(_) => Refusal::NoSpace,
            _ => Refusal::NotKept,
        }
    }

    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => {
                f.write_str("another process has it open: each server needs a directory of its own")
            }
            Self::Newer { format } => write!(
                f,
                "its format is {format}, and this version of holdline knows formats up to {FORMAT}: use the version that wrote it, or a later one"
            ),
            Self::Damaged(what) => write!(f, "it is damaged: {what}"),
            Self::NoSpace(error) => write!(f, "there is no room on the disk: {error}"),
            Self::Failed(what) => f.write_str(what),
        }
    }
}

impl<E: Into<redb::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        use redb::Error;
        match error.into() {
            Error::DatabaseAlreadyOpen | Error::LockProtocolMismatch => Self::InUse,
            Error::Io(error) => match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    Self::NoSpace(error)
                }
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
                    Self::Damaged(error.to_string())
                }
                _ => Self::Failed(error.to_string()),
            },
            Error::Corrupted(what) => Self::Damaged(what),
            error @ (Error::UpgradeRequired(_)
            | Error::RepairAborted
            | Error::TableTypeMismatch { .. }
            | Error::TableIsMultimap(_)
            | Error::TypeDefinitionChanged { .. }
            | Error::TableDoesNotExist(_)) => Self::Damaged(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

/// Runs what works on a file that may be damaged in a way that the database does not expect.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Trouble::damaged(
            "the database came upon something that it does not expect",
        ))
    })
}

/// The format of the file that this version writes.
pub(super) const FORMAT: u64 = 1;
