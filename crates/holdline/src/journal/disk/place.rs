//! Where the database is.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use redb::{Builder, Database};

use super::trouble::Trouble;

/// Where a database is, so that it can be opened again after a failure.
pub(super) trait Place: fmt::Debug + Send + Sync {
    fn open(&self) -> Result<Database, Trouble>;

    /// The last number that was kept here, as far as is known apart from the database. If its last commit is damaged, the
    /// database quietly goes back to the one before. This tells.
    fn witnessed(&self) -> u64;

    /// Notes that a number is kept. Need not outlast a power cut.
    fn witness(&self, number: u64);
}

/// A directory, with two files.
#[derive(Debug)]
pub(super) struct Directory {
    database: PathBuf,
    /// Bytes of memory for the pages of the database.
    cache: usize,
    witness: Mutex<File>,
}

impl Directory {
    /// Makes the directory and the database if they are not there.
    pub(super) fn new(path: &Path, cache: usize) -> Result<Self, Trouble> {
        create_directory(path)?;
        let database = path.join(DATABASE);
        if !database.try_exists()? {
            // A database that is half made must not be taken for a damaged one.
            let new = path.join("holdline.new");
            match fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
            drop(Builder::new().create(&new)?);
            fs::rename(&new, &database)?;
            sync_directory(path)?;
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        Ok(Self {
            database,
            cache,
            witness: Mutex::new(options.open(path.join("holdline.last"))?),
        })
    }
}

impl Place for Directory {
    fn open(&self) -> Result<Database, Trouble> {
        let mut builder = Builder::new();
        let builder = builder.set_cache_size(self.cache);
        Ok(builder.open(&self.database)?)
    }

    fn witnessed(&self) -> u64 {
        let mut file = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; 12];
        let read = file
            .seek(SeekFrom::Start(0))
            .and_then(|_| file.read_exact(&mut bytes));
        let (number, sum) = bytes.split_at(8);
        match read {
            Ok(()) if crc32fast::hash(number).to_le_bytes() == sum => {
                number.try_into().map_or(0, u64::from_le_bytes)
            }
            // It is only there to find faults.
            _ => 0,
        }
    }

    fn witness(&self, number: u64) {
        let mut file = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        let number = number.to_le_bytes();
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&number);
        bytes[8..].copy_from_slice(&crc32fast::hash(&number).to_le_bytes());
        let written = file
            .seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(&bytes));
        if let Err(error) = written {
            tracing::debug!(%error, "the number of the last message is not noted");
        }
    }
}

fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    // Messages are nobody else's.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Has a new name in a directory outlast a power cut.
fn sync_directory(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(path)?.sync_all(),
        false => Ok(()),
    }
}

const DATABASE: &str = "holdline.redb";
