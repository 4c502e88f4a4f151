//! A vectored write: the headers are ours, the payload stays where the caller has it and is not copied. As one frame,
//! and as fragments.
//!
//! `cargo run -p holdline-websocket --example vectored`

use std::io::{self, IoSlice, Write};

use bytes::BytesMut;
use holdline_websocket::{Config, Connection, MessageKind};

fn main() -> io::Result<()> {
    let payload = vec![b'x'; 100_000];
    let mut connection = Connection::server(Config::default());
    let mut wire = Vec::new();
    send_whole(&mut connection, &payload, &mut wire)?;
    println!("one frame: {} bytes for {}", wire.len(), payload.len());
    wire.clear();
    send_fragments(&mut connection, &[&payload, b"", &payload], &mut wire)?;
    println!(
        "three fragments: {} bytes for {}",
        wire.len(),
        2 * payload.len()
    );
    Ok(())
}

/// A binary message in one frame.
fn send_whole(
    connection: &mut Connection,
    payload: &[u8],
    stream: &mut impl Write,
) -> io::Result<()> {
    let mut header = BytesMut::with_capacity(10);
    // A server's mask changes nothing. A client applies it to the payload before it writes.
    connection
        .send_header(MessageKind::Binary, payload.len() as u64, &mut header)
        .map_err(io::Error::other)?;
    write_all_vectored(stream, &mut [IoSlice::new(&header), IoSlice::new(payload)])
}

/// A binary message that is not known as a whole, each part as one fragment, in one write.
fn send_fragments(
    connection: &mut Connection,
    parts: &[&[u8]],
    stream: &mut impl Write,
) -> io::Result<()> {
    let (mut headers, mut ends) = (BytesMut::new(), vec![0]);
    for (at, part) in (1..).zip(parts) {
        let (length, last) = (part.len() as u64, at == parts.len());
        connection
            .send_fragment_header(MessageKind::Binary, length, last, &mut headers)
            .map_err(io::Error::other)?;
        ends.push(headers.len());
    }
    let mut slices: Vec<IoSlice<'_>> = ends
        .windows(2)
        .zip(parts)
        .flat_map(|(range, part)| [&headers[range[0]..range[1]], part])
        .map(IoSlice::new)
        .collect();
    write_all_vectored(stream, &mut slices)
}

fn write_all_vectored(stream: &mut impl Write, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    // Empty ones at the front would look like an end.
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        match stream.write_vectored(slices)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            size => IoSlice::advance_slices(&mut slices, size),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use holdline_websocket::{Buffer, Event};

    use super::*;

    /// Takes a few bytes at a time.
    struct Slow(Vec<u8>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let size = bytes.len().min(7);
            self.0.extend(&bytes[..size]);
            Ok(size)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn received(mut wire: Vec<u8>) -> Vec<u8> {
        let mut client = Connection::client(Config::default(), || [0; 4]);
        let (mut input, mut buffer) = (&mut wire[..], Buffer::new());
        let Ok(Some(Event::Binary(data))) = client.receive(&mut input, &mut buffer) else {
            panic!("not a message");
        };
        data.to_vec()
    }

    #[test]
    fn one_frame() {
        for length in [0, 1, 125, 126, 70_000] {
            let (payload, mut stream) = (vec![7; length], Slow(Vec::new()));
            let mut connection = Connection::server(Config::default());
            send_whole(&mut connection, &payload, &mut stream).unwrap();
            assert_eq!(received(stream.0), payload);
        }
    }

    #[test]
    fn fragments() {
        let mut stream = Slow(Vec::new());
        let mut connection = Connection::server(Config::default());
        let parts = [&b"first"[..], b"", &[9; 300], b"last"];
        send_fragments(&mut connection, &parts, &mut stream).unwrap();
        assert_eq!(stream.0[..8], *b"\x02\x05first\x00");
        assert_eq!(received(stream.0), parts.concat());
    }
}
