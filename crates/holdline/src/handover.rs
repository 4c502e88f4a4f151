//! Handover between processes. The new process asks the old one for its listening sockets over a Unix socket, and
//! says when it accepts connections; then the old one stops. No client is turned away, because the sockets are never
//! closed.
//!
//! Connecting is the request; nothing needs to be sent. The answer is one line of JSON with a name for each socket,
//! and the sockets themselves, starting with the one that was used for asking. The new process answers `ready`, or
//! closes the connection if it cannot start; then the old process carries on as before.

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
