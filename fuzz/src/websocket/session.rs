//! Whole sessions between a connection of ours and tungstenite.

use bytes::{Bytes, BytesMut};
use holdline_websocket::{
    CloseCode, Config, Connection, MaskKeys, MessageKind, PreparedMessage, Role, SharedText,
    Unmasked,
};
use tungstenite::protocol::frame::coding::{Control, Data};

use super::item::{Item, Reading, assert_same, received};
use super::peer::{self, End, Writer};
use crate::cuts::Cuts;
use crate::stated::{Payload, Script, Step, boundary};

/// What one of ours sends in a legal order tungstenite reads as it was, and the other way round, whatever the cuts and the
/// sizes (see `Script`); pings are answered, and closing is clean.
///
/// Bit 0 of the flags: we are the client. Bits 1 and 2: how we receive. A step is, by its kind modulo 8, a text, a binary
/// message, either in fragments with a ping between, a ping, a pong, a message in a form that only our role has, or one of
/// shared bytes.
pub fn session(data: &[u8]) {
    let script = Script::of(data);
    if script.flags & 1 == 0 {
        both_directions(
            || Connection::server(Config::default()),
            server_form,
            &script,
        );
    } else {
        both_directions(
            || Connection::client(Config::default(), keys(script.cuts)),
            client_form,
            &script,
        );
    }
}

fn keys(seed: u8) -> impl FnMut() -> [u8; 4] {
    let mut key = u32::from(seed);
    move || {
        key = key.wrapping_mul(0x9e37_79b9).wrapping_add(1);
        key.to_be_bytes()
    }
}

fn both_directions<K: MaskKeys>(ours: impl Fn() -> Connection<K>, form: Form<K>, script: &Script) {
    ours_to_theirs(ours(), form, script);
    theirs_to_ours(ours(), script);
}

fn ours_to_theirs<K: MaskKeys>(mut ours: Connection<K>, form: Form<K>, script: &Script) {
    let (mut wire, mut sent) = (BytesMut::new(), Vec::new());
    for step in &script.steps {
        send(&mut ours, form, *step, &mut wire, &mut sent);
    }
    let reason = script
        .steps
        .first()
        .map_or(String::new(), |step| step.payload.text());
    ours.send_close(
        CloseCode::from(3000 + u16::from(script.cuts)),
        &reason,
        &mut wire,
    )
    .expect("it is open, and the code is good");
    let read = peer::read(
        other(ours.role()),
        unlimited(),
        Cuts::of_long(&wire, script.cuts),
    );
    let Some((Item::Close(_, read_reason), before)) = read.items.split_last() else {
        panic!("it did not see the Close: {:?}", read.items.last());
    };
    assert_same(before, &sent);
    assert!(reason.starts_with(read_reason), "{read_reason:?}");
    assert_ne!(read.end, End::Refused);

    // It answers every ping, and the Close.
    let pings = sent.iter().filter_map(|item| match item {
        Item::Ping(data) => Some(Item::Pong(data.clone())),
        _ => None,
    });
    let mut expected: Vec<_> = pings.collect();
    expected.extend(read.items.last().cloned());
    let (got, _) = receive(&mut ours, &read.replies, script);
    assert_same(&got, &expected);
    assert!(ours.is_clean());
}

fn theirs_to_ours<K: MaskKeys>(mut ours: Connection<K>, script: &Script) {
    let role = ours.role();
    let (mut writer, mut sent) = (Writer::new(other(role), script.cuts), Vec::new());
    for step in &script.steps {
        write(&mut writer, *step, &mut sent);
    }
    writer.control(Control::Close, b"\x03\xe8bye");
    sent.push(Item::Close(1000, "bye".into()));
    let (got, replies) = receive(&mut ours, &writer.wire(), script);
    assert_same(&got, &sent);
    assert!(ours.is_clean() && ours.should_close());

    // RFC 6455 §5.5.3: of several pings that were not answered, the newest may be the only one that is.
    let read = peer::read(other(role), unlimited(), std::iter::once(&replies[..]));
    let Some((Item::Close(1000, _), pongs)) = read.items.split_last() else {
        panic!("not answered: {:?}", read.items.last());
    };
    let mut pings = sent.iter();
    for pong in pongs {
        let Item::Pong(pong) = pong else {
            panic!("{pong:?}")
        };
        assert!(pings.any(|item| matches!(item, Item::Ping(ping) if ping == pong)));
    }
}

/// Sends a message in a form that only one role has.
type Form<K> = fn(&mut Connection<K>, Step, &mut BytesMut) -> Item;

fn server_form(ours: &mut Connection<Unmasked>, step: Step, out: &mut BytesMut) -> Item {
    let (message, item) = if step.kind & 8 == 0 {
        let text = step.payload.text();
        (PreparedMessage::text(&text), Item::Text(text))
    } else {
        let data = step.payload.bytes();
        (PreparedMessage::binary(&data), Item::Binary(data))
    };
    out.extend_from_slice(&ours.send_prepared(&message).expect("it is open"));
    item
}

fn client_form<K: MaskKeys>(ours: &mut Connection<K>, step: Step, out: &mut BytesMut) -> Item {
    let data = step.payload.bytes();
    let (first, second) = data.split_at(data.len() / 2);
    let parts = [(first, false), (second, true)];
    let parts = if step.kind & 8 == 0 {
        &parts[..]
    } else {
        &[(&data[..], true)]
    };
    for &(part, last) in parts {
        let length = part.len() as u64;
        let mask = ours.send_fragment_header(MessageKind::Binary, length, last, out);
        let start = out.len();
        out.extend_from_slice(part);
        mask.expect("it is open").apply(&mut out[start..]);
    }
    Item::Binary(data)
}

/// Sends a message of shared bytes, whole or in fragments with a ping between. Bytes that somebody else holds as well stay
/// as they are, although a client masks what it sends.
fn send_shared<K: MaskKeys>(
    ours: &mut Connection<K>,
    Step { kind, payload }: Step,
    out: &mut BytesMut,
    sent: &mut Vec<Item>,
) {
    let text = payload.text();
    let is_text = kind & 8 != 0;
    let data = match is_text {
        true => Bytes::from(text.clone()),
        false => Bytes::from(payload.bytes()),
    };
    let original = data.to_vec();
    let held = (kind & 0x10 != 0).then(|| data.clone());
    let parts = if kind & 0x20 != 0 {
        let middle = match is_text {
            true => boundary(&text, text.len() / 2),
            false => data.len() / 2,
        };
        vec![data.slice(..middle), data.slice(middle..)]
    } else {
        vec![data]
    };
    let count = parts.len();
    for (number, part) in parts.into_iter().enumerate() {
        let last = number + 1 == count;
        let good = |part| SharedText::try_from(part).expect("it is cut between characters");
        let rest = match (is_text, count) {
            (true, 1) => ours.send_text_shared(good(part), out),
            (true, _) => ours.send_text_fragment_shared(good(part), last, out),
            (false, 1) => ours.send_binary_shared(part, out),
            (false, _) => ours.send_binary_fragment_shared(part, last, out),
        };
        out.extend_from_slice(&rest.expect("it is open"));
        if !last {
            ours.send_ping(b"between", out).expect("it is open");
            sent.push(Item::Ping(b"between".to_vec()));
        }
    }
    assert!(held.is_none_or(|held| held == original), "it was changed");
    sent.push(match is_text {
        true => Item::Text(text),
        false => Item::Binary(original),
    });
}

fn send<K: MaskKeys>(
    ours: &mut Connection<K>,
    form: Form<K>,
    step: Step,
    out: &mut BytesMut,
    sent: &mut Vec<Item>,
) {
    let Step { kind, payload } = step;
    match kind % 8 {
        0 => {
            let text = payload.text();
            ours.send_text(&text, out).expect("it is open");
            sent.push(Item::Text(text));
        }
        1 => {
            let data = payload.bytes();
            ours.send_binary(&data, out).expect("it is open");
            sent.push(Item::Binary(data));
        }
        2 => {
            let text = payload.text();
            let middle = boundary(&text, text.len() / 2);
            ours.send_text_fragment(&text[..middle], false, out)
                .expect("it is open");
            ours.send_ping(b"between", out).expect("it is open");
            ours.send_text_fragment(&text[middle..], true, out)
                .expect("it is open");
            sent.extend([Item::Ping(b"between".to_vec()), Item::Text(text)]);
        }
        3 => {
            let data = payload.bytes();
            let (first, second) = data.split_at(data.len() / 3);
            ours.send_binary_fragment(first, false, out)
                .expect("it is open");
            ours.send_binary_fragment(b"", false, out)
                .expect("it is open");
            ours.send_binary_fragment(second, true, out)
                .expect("it is open");
            sent.push(Item::Binary(data));
        }
        4 => {
            let data = short(payload);
            ours.send_ping(&data, out).expect("it is open");
            sent.push(Item::Ping(data));
        }
        5 => {
            let data = short(payload);
            ours.send_pong(&data, out).expect("it is open");
            sent.push(Item::Pong(data));
        }
        6 => sent.push(form(ours, step, out)),
        _ => send_shared(ours, step, out, sent),
    }
}

fn write(theirs: &mut Writer, Step { kind, payload }: Step, sent: &mut Vec<Item>) {
    match kind % 8 {
        0 => {
            let text = payload.text();
            theirs.message(Data::Text, text.as_bytes(), true);
            sent.push(Item::Text(text));
        }
        2 | 6 => {
            // Its frames may end inside a character.
            let text = payload.text();
            let (first, second) = text.as_bytes().split_at(text.len() / 2);
            theirs.message(Data::Text, first, false);
            theirs.control(Control::Ping, b"between");
            theirs.message(Data::Continue, second, true);
            sent.extend([Item::Ping(b"between".to_vec()), Item::Text(text)]);
        }
        3 => {
            let data = payload.bytes();
            let (first, second) = data.split_at(data.len() / 3);
            theirs.message(Data::Binary, first, false);
            theirs.message(Data::Continue, b"", false);
            theirs.message(Data::Continue, second, true);
            sent.push(Item::Binary(data));
        }
        4 => {
            theirs.control(Control::Ping, &short(payload));
            sent.push(Item::Ping(short(payload)));
        }
        5 => {
            theirs.control(Control::Pong, &short(payload));
            sent.push(Item::Pong(short(payload)));
        }
        _ => {
            let data = payload.bytes();
            theirs.message(Data::Binary, &data, true);
            sent.push(Item::Binary(data));
        }
    }
}

/// What ours receives, and what it answers.
fn receive<K: MaskKeys>(
    ours: &mut Connection<K>,
    wire: &[u8],
    script: &Script,
) -> (Vec<Item>, BytesMut) {
    let mut replies = BytesMut::new();
    let pieces = Cuts::of_long(wire, script.cuts);
    let items = received(ours, pieces, Reading::of(script.flags >> 1), |ours| {
        ours.poll_transmit(&mut replies);
    });
    (items, replies)
}

/// As a control frame may have it.
fn short(payload: Payload) -> Vec<u8> {
    let mut data = payload.bytes();
    data.truncate(125);
    data
}

fn other(role: Role) -> Role {
    match role {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    }
}

fn unlimited() -> holdline_websocket::Limits {
    super::limits(1 << 30, 1 << 30)
}
