//! The pages about the techniques of push, each of which runs what it shows, and what only they ask for.

mod files;
mod im;

pub(crate) use self::files::find;
pub(crate) use self::im::Command;

/// What the pages ask for beside channels.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Technique<'r> {
    /// What the requests of a page took on the wire.
    Meter,
    /// The listing of four events.
    Events,
    /// The commands of a web IM. A channel name, still percent-encoded.
    Im(&'r str),
}

impl<'r> Technique<'r> {
    pub(crate) fn parse(path: &'r str) -> Option<Self> {
        match path.strip_prefix(PREFIX)? {
            "meter" => Some(Self::Meter),
            "events" => Some(Self::Events),
            path => match path.strip_prefix("im/")? {
                name if name.contains('/') => None,
                name => Some(Self::Im(name)),
            },
        }
    }
}

/// Of the paths of the pages and of what they ask for.
pub(crate) const PREFIX: &str = "/techniques/";

/// The listing of four events with which tutorials explain event streams.
pub(crate) const FOUR_EVENTS: &str = include_str!("techniques/traces/four-events.txt");
/// The last `id` in it.
pub(crate) const LAST_OF_FOUR: &str = "101";
