//! From process to process: the next one asks this one for the listening sockets through a Unix socket, says when it
//! accepts, and this one stops. No client is turned away, because the sockets are never closed.
//!
//! What is asked for: nothing; to connect is to ask. The answer is one line of JSON, a name for each socket, and with
//! it the sockets, first the one that was asked through. The new process answers `ready`, or closes if it cannot
//! start; then the old one goes on as if nobody had asked.

#[cfg(unix)]
mod ask;
#[cfg(not(unix))]
mod none;
#[cfg(unix)]
mod offer;

#[cfg(unix)]
pub(crate) use self::ask::Predecessor;
#[cfg(not(unix))]
pub(crate) use self::none::{Offer, Predecessor};
#[cfg(unix)]
pub(crate) use self::offer::Offer;
