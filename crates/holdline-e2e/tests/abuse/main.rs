//! What attackers do to the server does not reach anybody else, and leaves nothing behind.
//!
//! Each test is a [`Siege`]: a server, a crowd of good clients over all transports, and rounds of attacks that run at
//! the same time. The good clients must see no error and miss nothing; after each round connections, presence and
//! descriptors are what they were, and memory is after the last round what it was after the second.
//!
//! To add an attack, write a function and add a row to a table of [`Attack`]s below. It gets a [`Ground`](ground::Ground)
//! with its own seed, ends by itself, and fails when the server does not answer as it should.
//!
//! `cargo xtask long abuse` runs the long form: more connections, more rounds, other seeds each time.
//! `HOLDLINE_ABUSE_SEED` repeats a run, `HOLDLINE_ABUSE_ROUNDS` and `HOLDLINE_ABUSE_ONLY` (a part of an attack's name)
//! change it.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod crowd;
mod floods;
mod full;
mod garbage;
mod giants;
mod ground;
mod resets;
mod siege;
mod slow;
mod socket;

use ground::Attack;
use siege::Siege;

/// Everything that needs nothing but a connection.
const EVERYTHING: &[Attack] = &[
    Attack {
        name: "silent connections",
        run: slow::silence,
    },
    Attack {
        name: "slow heads",
        run: slow::heads,
    },
    Attack {
        name: "slow bodies",
        run: slow::bodies,
    },
    Attack {
        name: "slow messages",
        run: slow::messages,
    },
    Attack {
        name: "slow readers of streams",
        run: slow::readers,
    },
    Attack {
        name: "slow readers of answers",
        run: slow::readers_of_answers,
    },
    Attack {
        name: "flood of connections",
        run: floods::connections,
    },
    Attack {
        name: "flood of pipelined requests",
        run: floods::requests,
    },
    Attack {
        name: "flood of pings",
        run: floods::pings,
    },
    Attack {
        name: "flood of tiny fragments",
        run: floods::fragments,
    },
    Attack {
        name: "flood of tiny chunks",
        run: floods::chunks,
    },
    Attack {
        name: "flood of publishes",
        run: floods::publishes,
    },
    Attack {
        name: "flood of frames to publish",
        run: floods::messages,
    },
    Attack {
        name: "giant lengths",
        run: giants::lengths,
    },
    Attack {
        name: "giant heads",
        run: giants::heads,
    },
    Attack {
        name: "giant frames",
        run: giants::frames,
    },
    Attack {
        name: "giant messages, compressed",
        run: giants::bombs,
    },
    Attack {
        name: "cuts in every state",
        run: resets::everywhere,
    },
    Attack {
        name: "random bytes",
        run: garbage::random,
    },
    Attack {
        name: "mutated requests",
        run: garbage::requests,
    },
    Attack {
        name: "mutated frames",
        run: garbage::frames,
    },
];

/// Deadlines that come soon, but not so soon that a busy machine misses them, and totals that are reached in each round.
const SHORT: &[&str] = &[
    "--body-timeout",
    "4s",
    "--message-timeout",
    "4s",
    "--write-timeout",
    "5s",
    "--peer-timeout",
    "6s",
    "--history-bytes",
    "2097152",
    "--history-total",
    "16777216",
    "--delivery-total",
    "16777216",
    "--max-channels",
    "500",
    "--max-asked-channels",
    "500",
];

const FULL: &[Attack] = &[Attack {
    name: "all connections",
    run: full::connections,
}];

#[test]
fn nobody_is_hurt_by_slow_peers_floods_giants_resets_and_garbage() {
    Siege::of("everything", EVERYTHING, SHORT).lay();
}

#[test]
fn nobody_is_hurt_when_there_are_no_connections_left() {
    let options = &["--max-connections", "150"];
    Siege {
        visited: false,
        ..Siege::of("connections", FULL, options)
    }
    .lay();
}

#[test]
fn nobody_is_hurt_when_there_are_no_channels_left() {
    const ATTACKS: &[Attack] = &[
        Attack {
            name: "channels asked for",
            run: full::asked_channels,
        },
        Attack {
            name: "channels published to",
            run: full::published_channels,
        },
    ];
    let options = &["--max-channels", "32", "--max-asked-channels", "32"];
    Siege::of("channels", ATTACKS, options).lay();
}

#[test]
fn nobody_is_hurt_when_there_is_no_memory_left_for_what_comes() {
    const ATTACKS: &[Attack] = &[Attack {
        name: "unfinished uploads",
        run: full::input,
    }];
    Siege {
        memory: 8 << 20,
        ..Siege::of("input", ATTACKS, &["--max-upload-total", "8388608"])
    }
    .lay();
}

#[test]
fn nobody_is_hurt_when_the_server_was_started_with_few_descriptors() {
    Siege {
        visited: false,
        files: Some(700),
        ..Siege::of("few descriptors", FULL, &[])
    }
    .lay();
}

#[test]
fn nobody_is_hurt_when_there_are_no_descriptors_left() {
    const ATTACKS: &[Attack] = &[Attack {
        name: "all descriptors",
        run: full::descriptors,
    }];
    Siege {
        visited: false,
        spare: Some(20),
        ..Siege::of("no descriptors", ATTACKS, &[])
    }
    .lay();
}
