//! How many connections the system allows this process.

use holdline_net::Config;

/// Asks the system for as many files as the connections need, and lowers `config` to what it grants. Returns how
/// many connections the admin listener may have in addition.
///
/// # Errors
/// The system grants too few to serve anyone.
pub(crate) fn fit(config: &mut Config, listeners: usize, has_admin: bool) -> Result<usize, String> {
    let own = OWN + 2 * config.threads.get() + listeners;
    let wanted = config.max_connections;
    let needed = wanted.saturating_add(own + config.reserve + ADMIN);
    let most = raise_to(needed);
    let left = most.saturating_sub(own);
    if left < LEAST {
        return Err(format!(
            "the system lets this process open {most} files at one time, and {own} of them are needed beside the \
             connections: that is too few to serve anyone. Allow at least {}: ulimit -n, or LimitNOFILE= in a systemd \
             unit",
            own + LEAST
        ));
    }
    let admin = if has_admin { ADMIN.min(left / 8) } else { 0 };
    config.reserve = config.reserve.min(left / 4);
    config.max_connections = wanted.min(left - admin - config.reserve);
    let fit = config.max_connections;
    if fit < wanted {
        tracing::warn!(
            "at most {fit} clients can be connected at one time instead of {wanted} (--max-connections), because the \
             system lets this process open {most} files; more clients are told to try again later. Allow more: \
             ulimit -Hn, or LimitNOFILE= in a systemd unit"
        );
    }
    Ok(admin)
}

/// Raises the soft limit as far as the hard limit allows. Returns the new limit.
#[cfg(unix)]
pub(crate) fn raise_to(wanted: usize) -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let wanted = wanted as u64;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "cannot raise the limit of open files");
            limit = getrlimit(Resource::Nofile);
        }
    }
    let current = limit.current.map(usize::try_from);
    current.and_then(Result::ok).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
pub(crate) fn raise_to(_wanted: usize) -> usize {
    usize::MAX
}

/// The hard limit: how many files this process could ask for.
#[cfg(unix)]
pub(crate) fn most() -> usize {
    use rustix::process::{Resource, getrlimit};
    let most = getrlimit(Resource::Nofile).maximum.map(usize::try_from);
    most.and_then(Result::ok).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
pub(crate) fn most() -> usize {
    usize::MAX
}

/// Files that are open apart from connections, listeners and what each loop has: standard streams, signals, key
/// files, files with information about the process, a handover.
pub(crate) const OWN: usize = 32;
/// With fewer clients than this, a server is not worth starting.
const LEAST: usize = 16;
/// The number of connections to the admin listener.
const ADMIN: usize = 64;
