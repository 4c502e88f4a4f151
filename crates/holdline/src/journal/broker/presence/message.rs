//! What servers say to each other about members, as JSON.
//!
//! ```text
//! {"holdline":1,"from":"9f…","say":{"number":{"number":7}}}
//! {"holdline":1,"from":"9f…","say":{"ask":{"node":null}}}
//! {"holdline":1,"from":"9f…","say":{"change":{"number":8,"rooms":[{"channel":"a","here":[["ann",2]],"gone":["bob"]}]}}}
//! {"holdline":1,"from":"9f…","say":{"state":{"number":8,"part":0,"parts":1,"rooms":[{"channel":"b","crowd":true}]}}}
//! {"holdline":1,"from":"9f…","say":"end"}
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::hub::RoomNews;
use crate::names::{check_channel, parse_member};

/// What one server says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Saying {
    /// The number of its last change.
    Number { number: u64 },
    /// That server, or everybody, is to tell everything.
    Ask { node: Option<u64> },
    /// What has changed.
    Change { number: u64, rooms: Vec<RoomNews> },
    /// A part of everything, as of this number.
    State {
        number: u64,
        part: u32,
        parts: u32,
        rooms: Vec<RoomNews>,
    },
    /// It ends.
    End,
}

#[derive(Debug, Deserialize, Serialize)]
struct Envelope {
    /// The version of this form.
    holdline: u32,
    from: String,
    say: Say,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Say {
    Number {
        number: u64,
    },
    Ask {
        node: Option<String>,
    },
    Change {
        number: u64,
        rooms: Vec<Room>,
    },
    State {
        number: u64,
        part: u32,
        parts: u32,
        rooms: Vec<Room>,
    },
    End,
}

#[derive(Debug, Deserialize, Serialize)]
struct Room {
    channel: Box<str>,
    #[serde(default, skip_serializing_if = "is_false")]
    crowd: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    here: Vec<(Box<str>, u32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gone: Vec<Box<str>>,
}

/// So that versions which say something else can be told apart.
#[derive(Deserialize)]
struct Version {
    holdline: u32,
}

pub(super) fn encode(from: u64, saying: Saying) -> Vec<u8> {
    let say = match saying {
        Saying::Number { number } => Say::Number { number },
        Saying::Ask { node } => Say::Ask {
            node: node.map(hex),
        },
        Saying::Change { number, rooms } => Say::Change {
            number,
            rooms: rooms.iter().map(Room::of).collect(),
        },
        Saying::State {
            number,
            part,
            parts,
            rooms,
        } => Say::State {
            number,
            part,
            parts,
            rooms: rooms.iter().map(Room::of).collect(),
        },
        Saying::End => Say::End,
    };
    let envelope = Envelope {
        holdline: VERSION,
        from: hex(from),
        say,
    };
    // Texts and numbers alone cannot fail to serialize.
    serde_json::to_vec(&envelope).unwrap_or_default()
}

/// Who says what. Anybody may have written it.
pub(super) fn parse(message: &[u8]) -> Result<(u64, Saying), String> {
    if message.len() > LARGEST {
        return Err(format!("a message has more than {LARGEST} bytes"));
    }
    let no_server = |error: serde_json::Error| format!("this is not of a server: {error}");
    let Version { holdline } = serde_json::from_slice(message).map_err(no_server)?;
    if holdline != VERSION {
        return Err(format!(
            "a server says it in form {holdline}, and this one knows {VERSION}: let all be of the same version"
        ));
    }
    let Envelope { from, say, .. } = serde_json::from_slice(message).map_err(no_server)?;
    let saying = match say {
        Say::Number { number } => Saying::Number { number },
        Say::Ask { node } => Saying::Ask {
            node: node.as_deref().map(parse_hex).transpose()?,
        },
        Say::Change { number, rooms } => Saying::Change {
            number,
            rooms: parse_rooms(rooms)?,
        },
        Say::State {
            number,
            part,
            parts,
            rooms,
        } => Saying::State {
            number,
            part,
            parts,
            rooms: parse_rooms(rooms)?,
        },
        Say::End => Saying::End,
    };
    Ok((parse_hex(&from)?, saying))
}

/// Pieces that can be said in one message each; at least one.
pub(super) fn split(rooms: Vec<RoomNews>) -> Vec<Vec<RoomNews>> {
    let mut pieces = Pieces::default();
    for news in rooms {
        let RoomNews {
            channel,
            is_crowd,
            here,
            gone,
        } = news;
        pieces.begin(&channel, is_crowd);
        for member in here {
            pieces.room(&channel, member.0.len()).here.push(member);
        }
        for name in gone {
            pieces.room(&channel, name.len()).gone.push(name);
        }
    }
    pieces.done.push(pieces.rooms);
    pieces.done
}

#[derive(Default)]
struct Pieces {
    done: Vec<Vec<RoomNews>>,
    rooms: Vec<RoomNews>,
    /// About the length of `rooms` as JSON.
    bytes: usize,
}

impl Pieces {
    fn begin(&mut self, channel: &Arc<str>, is_crowd: bool) {
        if self.bytes >= PIECE {
            self.done.push(std::mem::take(&mut self.rooms));
            self.bytes = 0;
        }
        self.bytes += 2 * channel.len() + OVERHEAD;
        self.rooms.push(RoomNews::new(channel, is_crowd));
    }

    /// Where the next name of this channel has room.
    fn room(&mut self, channel: &Arc<str>, name: usize) -> &mut RoomNews {
        if self.bytes >= PIECE || self.rooms.is_empty() {
            self.begin(channel, false);
        }
        self.bytes += 2 * name + OVERHEAD;
        let last = self.rooms.len() - 1;
        &mut self.rooms[last]
    }
}

impl Room {
    fn of(news: &RoomNews) -> Self {
        let boxed = |name: &Arc<str>| Box::from(&**name);
        Self {
            channel: boxed(&news.channel),
            crowd: news.is_crowd,
            here: news
                .here
                .iter()
                .map(|(name, n)| (boxed(name), *n))
                .collect(),
            gone: news.gone.iter().map(boxed).collect(),
        }
    }
}

fn parse_rooms(rooms: Vec<Room>) -> Result<Vec<RoomNews>, String> {
    let member = |name: &str| match parse_member(name) {
        Ok(name) => Ok(Arc::from(name)),
        Err(error) => Err(error.to_string()),
    };
    let room = |room: Room| {
        check_channel(&room.channel).map_err(|error| error.to_string())?;
        let here = room.here.iter();
        let gone = room.gone.iter();
        Ok(RoomNews {
            channel: room.channel.into(),
            is_crowd: room.crowd,
            here: here
                .map(|(name, connections)| Ok((member(name)?, *connections)))
                .collect::<Result<_, String>>()?,
            gone: gone
                .map(|name| member(name))
                .collect::<Result<_, String>>()?,
        })
    };
    rooms.into_iter().map(room).collect()
}

fn hex(number: u64) -> String {
    format!("{number:016x}")
}

fn parse_hex(text: &str) -> Result<u64, String> {
    let number = u64::from_str_radix(text, 16).ok();
    number
        .filter(|_| text.len() == 16)
        .ok_or_else(|| "the name of a server has 16 hexadecimal digits".to_owned())
}

fn is_false(value: &bool) -> bool {
    !value
}

const VERSION: u32 = 1;
/// About how long a message is at most.
const PIECE: usize = 32 << 10;
/// No server says more at a time.
const LARGEST: usize = 256 << 10;
/// What a channel or a name takes as JSON on top of its text, at most.
const OVERHEAD: usize = 48;
