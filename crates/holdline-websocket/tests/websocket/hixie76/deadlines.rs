//! Time.

use super::*;

#[test]
fn hixie76_deadlines_of_handshake_and_close() {
    let second = Duration::from_secs;
    let mut server = Connection::server(Config::default(), challenge());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    assert!(server.poll_timeout().is_some());
    server.handle_timeout(second(1));
    assert_eq!(server.poll_timeout(), Some(second(11)));
    let mut late = Connection::server(Config::default(), challenge());
    late.handle_timeout(second(1));
    late.handle_timeout(second(11));
    assert_eq!(late.poll_timeout(), Some(second(11)), "at once again");
    late.handle_timeout(second(11));
    assert_eq!(
        (late.transport(), late.timed_out()),
        (Transport::Drop, true)
    );
    assert_eq!((late.poll_timeout(), late.is_clean()), (None, false));
    assert_eq!(
        late.receive(&mut &mut BODY.to_vec()[..], &mut buffer),
        Ok(None)
    );

    server
        .receive(&mut &mut BODY.to_vec()[..], &mut buffer)
        .unwrap();
    assert_eq!(server.poll_timeout(), None);
    server.send_close(&mut out).unwrap();
    assert_eq!(server.send_text("", &mut out), Err(SendError::Closed));
    assert_eq!(out[16..], b"\xff\x00"[..]);
    server.handle_timeout(second(20));
    assert_eq!(server.poll_timeout(), Some(second(30)));
    server.handle_timeout(second(30));
    assert_eq!(server.transport(), Transport::Keep);
    server.handle_timeout(second(30));
    assert_eq!(server.transport(), Transport::Drop);
    assert_eq!((server.poll_timeout(), server.is_clean()), (None, false));
}

#[test]
fn hixie76_what_lay_in_the_socket_at_the_deadline_is_received() {
    let second = Duration::from_secs;
    let mut server = Connection::server(Config::default(), challenge());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    server.handle_timeout(second(1));
    server.handle_timeout(second(60));
    let mut bytes = BODY;
    let opened = server.receive(&mut &mut bytes[..], &mut buffer);
    assert_eq!(opened, Ok(Some(Event::Open)));
    server.handle_timeout(second(60));
    assert!(server.is_open() && server.poll_timeout().is_none());

    server.send_close(&mut out).unwrap();
    server.handle_timeout(second(60));
    server.handle_timeout(second(90));
    let mut bytes = *b"\0last\xff\xff\0";
    let mut input = &mut bytes[..];
    let text = server.receive(&mut input, &mut buffer);
    assert_eq!(text, Ok(Some(Event::Text("last"))));
    server.handle_timeout(second(90));
    let closed = server.receive(&mut input, &mut buffer);
    assert_eq!(closed, Ok(Some(Event::Closed { clean: true })));
    assert!(server.is_clean() && !server.timed_out());
}
