//! Members: subscribers that have a name.

use std::time::Duration;

use clap::Args;

use crate::hub::MemberLimits;

/// How many names are kept, and for how long.
#[derive(Args, Clone, Debug)]
pub(crate) struct MemberArguments {
    /// How long a member stays after its last connection or poll, so that nobody leaves between two polls or
    /// because of a short cut.
    #[arg(
        long,
        env = "HOLDLINE_PRESENCE_LINGER",
        default_value = "10s",
        value_parser = humantime::parse_duration,
        value_name = "TIME"
    )]
    pub(crate) presence_linger: Duration,
    /// Members that a channel lists. A channel with more has counts only, until no more than three quarters of so many
    /// are left.
    #[arg(
        long,
        env = "HOLDLINE_MAX_MEMBERS",
        default_value_t = 1000,
        value_name = "N"
    )]
    pub(crate) max_members: usize,
    /// Memory over all channels for the names of members and for changes that are still to be told. A channel with a
    /// member for whose name there is no memory left has counts only.
    #[arg(long, env = "HOLDLINE_MEMBERS_TOTAL", default_value_t = 64 << 20, value_name = "BYTES")]
    pub(crate) members_total: usize,
}

impl MemberArguments {
    pub(crate) fn limits(&self) -> MemberLimits {
        MemberLimits {
            linger: self.presence_linger,
            listed: self.max_members,
            total_bytes: self.members_total,
        }
    }

    /// Says what cannot work, and what would.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.members_total < LEAST {
            return Err(format!(
                "--members-total {} is too little for a channel with a few members: give at least {LEAST}",
                self.members_total
            ));
        }
        Ok(())
    }
}

const LEAST: usize = 16 << 10;
