//! Sessions of compressed messages between a connection of ours and zlib.

use std::io::Cursor;

use bytes::{Bytes, BytesMut};
use holdline_websocket::{Connection, Deflate, MaskKeys, PreparedMessage, Role, Unmasked};
use tungstenite::protocol::frame::FrameSocket;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use zlib_rs::{DeflateFlush, Inflate, InflateFlush, Status};

use super::deflate::{agree, client, config};
use super::item::{Item, Reading, assert_same, received};
use super::peer::Writer;
use crate::cuts::Cuts;
use crate::stated::{Numbers, Script, Step};

/// What one of ours compresses zlib inflates, and the other way round, over sessions of many messages of any size (see
/// `Script`), with and without takeover, with each size of a window, in one frame and in several.
///
/// The flags say what is agreed on (as for [`deflate`](super::deflate())). Bit 0 of the seed of the cuts: we are the client.
/// Bits 1 and 2: how we receive. A step's kind says whether it is text, how it is cut, how zlib flushes, and whether we are
/// given shared bytes to send.
pub fn zlib(data: &[u8]) {
    let script = Script::of(data);
    let agreed = agree(script.flags);
    if script.cuts & 1 == 0 {
        ours_to_theirs(
            Connection::server(config(agreed, u64::MAX)),
            prepared,
            agreed,
            &script,
        );
        theirs_to_ours(
            Connection::server(config(agreed, u64::MAX)),
            agreed,
            &script,
        );
    } else {
        ours_to_theirs(client(agreed, u64::MAX), whole, agreed, &script);
        theirs_to_ours(client(agreed, u64::MAX), agreed, &script);
    }
}

fn ours_to_theirs<K: MaskKeys>(
    mut ours: Connection<K>,
    form: Form<K>,
    agreed: Deflate,
    script: &Script,
) {
    let mut peer = Inflater::new(agreed, ours.role());
    for Step { kind, payload } in &script.steps {
        let mut wire = BytesMut::new();
        let (is_text, is_shared) = (kind & 1 != 0, kind & 0x80 != 0);
        let data = match is_text {
            true => payload.text().into_bytes(),
            false => payload.bytes(),
        };
        if kind & 2 != 0 {
            let mut numbers = Numbers::new(payload.seed);
            let mut rest = &data[..];
            for last in [false, false, true] {
                let at = if last {
                    rest.len()
                } else {
                    numbers.below(rest.len() + 1)
                };
                let (part, after) = rest.split_at(at);
                rest = after;
                if is_shared {
                    let part = Bytes::copy_from_slice(part);
                    let rest = ours.send_binary_fragment_shared(part, last, &mut wire);
                    wire.extend_from_slice(&rest.expect("it is open"));
                } else {
                    ours.send_binary_fragment(part, last, &mut wire)
                        .expect("it is open");
                }
            }
        } else if is_shared {
            let rest = ours.send_binary_shared(data.clone().into(), &mut wire);
            wire.extend_from_slice(&rest.expect("it is open"));
        } else if let (true, Ok(text)) = (is_text, std::str::from_utf8(&data)) {
            ours.send_text(text, &mut wire).expect("it is open");
        } else {
            form(&mut ours, &data, kind >> 2, &mut wire);
        }
        let got = peer.message(&wire);
        assert_same(&[Item::Binary(got)], &[Item::Binary(data)]);
    }
}

fn theirs_to_ours<K: MaskKeys>(mut ours: Connection<K>, agreed: Deflate, script: &Script) {
    let role = match ours.role() {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    };
    let (mut peer, mut writer) = (Deflater::new(agreed, role), Writer::new(role, script.cuts));
    let mut sent = Vec::new();
    for step in &script.steps {
        let is_text = step.kind & 1 != 0;
        let (opcode, data) = match is_text {
            true => (Data::Text, step.payload.text().into_bytes()),
            false => (Data::Binary, step.payload.bytes()),
        };
        if step.kind & 0xe0 == 0xe0 {
            // RFC 7692 §6: what is not compressed has no RSV1.
            writer.message(opcode, &data, true);
        } else {
            let compressed = peer.compress(&data, *step);
            let at = match step.kind & 2 {
                0 => compressed.len(),
                _ => Numbers::new(step.payload.seed).below(compressed.len() + 1),
            };
            let (first, second) = compressed.split_at(at);
            writer.compressed(opcode, first, step.kind & 2 == 0);
            if step.kind & 2 != 0 {
                writer.message(Data::Continue, second, true);
            }
        }
        sent.push(match String::from_utf8(data) {
            Ok(text) if is_text => Item::Text(text),
            Ok(text) => Item::Binary(text.into_bytes()),
            Err(error) => Item::Binary(error.into_bytes()),
        });
    }
    let wire = writer.wire();
    let pieces = Cuts::of_long(&wire, script.cuts);
    let items = received(&mut ours, pieces, Reading::of(script.cuts >> 1), |_| {});
    assert_same(&items, &sent);
}

/// Sends a binary message in a form that not every role has.
type Form<K> = fn(&mut Connection<K>, &[u8], u8, &mut BytesMut);

fn whole<K: MaskKeys>(ours: &mut Connection<K>, data: &[u8], _: u8, out: &mut BytesMut) {
    ours.send_binary(data, out).expect("it is open");
}

fn prepared(ours: &mut Connection<Unmasked>, data: &[u8], seed: u8, out: &mut BytesMut) {
    if seed & 1 == 0 {
        return whole(ours, data, seed, out);
    }
    let message = PreparedMessage::binary(data).with_deflate(1 + seed % 9);
    let bytes = ours.send_prepared(&message).expect("it is open");
    out.extend_from_slice(&bytes);
}

/// zlib reading what `role` sends.
struct Inflater {
    inflate: Inflate,
    takeover: bool,
    bits: u8,
}

impl Inflater {
    fn new(agreed: Deflate, role: Role) -> Self {
        let bits = agreed.max_window_bits(role);
        Self {
            inflate: Inflate::new(false, bits),
            takeover: !agreed.no_context_takeover(role),
            bits,
        }
    }

    /// The message in these frames, whose headers tungstenite reads.
    fn message(&mut self, wire: &[u8]) -> Vec<u8> {
        let mut socket = FrameSocket::new(Cursor::new(wire));
        let (mut payload, mut is_compressed) = (Vec::new(), false);
        loop {
            let frame = socket
                .read(None)
                .expect("good frames")
                .expect("a last frame");
            let header = frame.header();
            let begins = header.opcode != OpCode::Data(Data::Continue);
            assert_eq!(begins, payload.is_empty() && !is_compressed || begins);
            is_compressed |= header.rsv1;
            // RFC 7692 §6.1: "An endpoint MUST NOT set the 'Per-Message Compressed' bit of control frames and
            // non-first fragments".
            assert!(begins || !header.rsv1);
            let mask = header.mask.unwrap_or_default();
            let bytes = frame.payload().iter().zip(mask.iter().cycle());
            payload.extend(bytes.map(|(byte, key)| byte ^ key));
            if frame.header().is_final {
                break;
            }
        }
        if !is_compressed {
            return payload;
        }
        // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end".
        payload.extend([0x00, 0x00, 0xff, 0xff]);
        let message = self.inflate(&payload);
        if !self.takeover {
            self.inflate = Inflate::new(false, self.bits);
        }
        message
    }

    fn inflate(&mut self, mut input: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        // With less than the window a reference beyond that is an error.
        let mut block = vec![0; if self.bits == 15 { 1 << 16 } else { 128 }];
        loop {
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(input, &mut block, InflateFlush::SyncFlush);
            input = &input[(self.inflate.total_in() - read) as usize..];
            let written = (self.inflate.total_out() - written) as usize;
            out.extend_from_slice(&block[..written]);
            match status {
                // All was taken, and nothing is held back.
                Ok(Status::BufError) if input.is_empty() => return out,
                Ok(Status::Ok) if input.is_empty() && written < block.len() => return out,
                Ok(Status::Ok) => {}
                other => panic!("zlib says {other:?} after {} bytes", out.len()),
            }
        }
    }
}

/// zlib sending as `role`.
struct Deflater {
    deflate: zlib_rs::Deflate,
    takeover: bool,
    bits: u8,
}

impl Deflater {
    fn new(agreed: Deflate, role: Role) -> Self {
        let bits = agreed.max_window_bits(role);
        Self {
            deflate: new_deflate(6, bits),
            takeover: !agreed.no_context_takeover(role),
            bits,
        }
    }

    /// A message as RFC 7692 §7.2.1 wants it, with flushes of any kind inside, and perhaps a final block at its end.
    fn compress(&mut self, data: &[u8], step: Step) -> Vec<u8> {
        let flush = step.kind >> 2 & 7;
        if !self.takeover || flush == 7 {
            // RFC 7692 does not oblige a sender to refer back.
            self.deflate = new_deflate(i32::from(step.payload.seed % 10), self.bits);
        }
        let mut out = Vec::new();
        let middle = Numbers::new(step.payload.seed).below(data.len() + 1);
        let (first, second) = data.split_at(middle);
        let inside = match flush {
            1 => DeflateFlush::SyncFlush,
            2 => DeflateFlush::FullFlush,
            3 => DeflateFlush::PartialFlush,
            _ => DeflateFlush::NoFlush,
        };
        self.push(first, inside, &mut out);
        if flush == 4 {
            // §7.2.3.4: a block with BFINAL, then a byte with an empty one.
            self.push(second, DeflateFlush::Finish, &mut out);
            out.push(0);
            self.deflate = new_deflate(6, self.bits);
            return out;
        }
        self.push(second, DeflateFlush::SyncFlush, &mut out);
        if !out.ends_with(&[0x00, 0x00, 0xff, 0xff]) {
            // Nothing was there to flush after the one before.
            return vec![0x00];
        }
        out.truncate(out.len() - 4);
        if out.is_empty() { vec![0x00] } else { out }
    }

    fn push(&mut self, mut input: &[u8], flush: DeflateFlush, out: &mut Vec<u8>) {
        let mut block = vec![0; 1 << 16];
        loop {
            let (read, written) = (self.deflate.total_in(), self.deflate.total_out());
            let status = self.deflate.compress(input, &mut block, flush);
            input = &input[(self.deflate.total_in() - read) as usize..];
            let written = (self.deflate.total_out() - written) as usize;
            out.extend_from_slice(&block[..written]);
            match status {
                Ok(Status::StreamEnd) => return,
                Ok(_) if input.is_empty() && written < block.len() => return,
                Ok(Status::Ok) => {}
                other => panic!("zlib says {other:?}"),
            }
        }
    }
}

/// zlib has no raw window of 256 bytes for compressing: nothing refers back then.
fn new_deflate(level: i32, bits: u8) -> zlib_rs::Deflate {
    match bits {
        8 => zlib_rs::Deflate::new(0, false, 9),
        bits => zlib_rs::Deflate::new(level, false, bits),
    }
}
