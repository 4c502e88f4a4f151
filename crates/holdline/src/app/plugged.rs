//! What clients of plug-in sockets say.

use std::net::IpAddr;

use bytes::BytesMut;
use holdline_comet::socket::Item;
use holdline_net::{ConnectionId, Expects, Output, Raw, Rejection};

use super::{App, Stream};
use crate::hub::TooManyChannels;
use crate::plug::{Cutter, First};
use crate::refusal;
use crate::reply::Reply;
use crate::subscription::{Answers, Plugged, SocketStream, Speaker, Subscription, refuse};

impl App {
    /// Takes what a client of a plug-in socket sends.
    pub(super) fn heard_raw(
        &mut self,
        connection: ConnectionId,
        stream: &mut Stream,
        input: &mut &[u8],
        output: Output<'_>,
    ) -> Expects {
        match (stream, output) {
            (Stream::Subscriber(Subscription::Socket(plugged)), Output::Raw(raw)) => {
                self.heard(connection, plugged, input, raw)
            }
            (stream @ Stream::Caller(_), Output::Raw(raw)) => {
                self.called(connection, stream, input, raw)
            }
            // No other stream is one of a plug-in socket.
            _ => {
                *input = &[];
                Expects::Nothing
            }
        }
    }

    /// Takes what a client says first.
    fn called(
        &mut self,
        connection: ConnectionId,
        stream: &mut Stream,
        input: &mut &[u8],
        mut raw: Raw<'_>,
    ) -> Expects {
        let Stream::Caller(caller) = stream else {
            return Expects::Nothing;
        };
        if !caller.is_welcome(input) {
            *input = &[];
            raw.fail();
            return Expects::Nothing;
        }
        let address = caller.address;
        let socket = match caller.cutter.take(input) {
            Ok(None) => return Expects::Rest(caller.cutter.held()),
            Ok(Some(Item::Message(text))) => {
                let first = First::parse(text);
                first.and_then(|first| self.subscribe_socket(connection, first, address))
            }
            // A request for the policy; there is nothing else.
            Ok(Some(_)) => {
                self.tell_policy(caller.port, &mut raw);
                raw.close();
                return Expects::Nothing;
            }
            Err(reply) => Err(reply),
        };
        match socket {
            Ok(socket) => {
                let mut cutter = std::mem::replace(&mut caller.cutter, Cutter::new(0));
                cutter.release();
                let plugged = Box::new(Plugged { socket, cutter });
                *stream = Stream::Subscriber(Subscription::Socket(plugged));
                self.wake(connection);
            }
            Err(reply) => {
                refuse(&reply, &mut raw);
                raw.fail();
            }
        }
        Expects::Nothing
    }

    fn subscribe_socket(
        &mut self,
        connection: ConnectionId,
        first: First,
        address: Option<IpAddr>,
    ) -> Result<SocketStream, Reply> {
        let query = first.query();
        let request = first.judged(&self.shared, &query, address)?;
        let follower = self
            .follow(connection, &request)
            .map_err(|TooManyChannels| Reply::too_many_channels())?;
        if let Some(log) = &mut self.request_log {
            log.named(connection, &request.names);
        }
        let beat = self.heartbeat(connection);
        let answers = Answers::new(&self.shared.options);
        let socket = SocketStream::new(follower, request.rights, usize::MAX, Some(beat));
        Ok(socket.with_answers(Some(answers)))
    }

    /// Takes what a subscriber says.
    fn heard(
        &mut self,
        connection: ConnectionId,
        plugged: &mut Plugged,
        input: &mut &[u8],
        raw: Raw<'_>,
    ) -> Expects {
        let Plugged { socket, cutter } = plugged;
        let mut speaker = Speaker::Socket(raw);
        if socket.is_mistaken() {
            *input = &[];
            return Expects::Nothing;
        }
        let is_mistake = match cutter.take(input) {
            Ok(None) => return Expects::Rest(cutter.held()),
            Ok(Some(Item::Message(text))) => self.answer(connection, socket, text, speaker),
            // It is one only in the beginning.
            Ok(Some(_)) => true,
            Err(reply) => {
                socket.refuse(self.hub(), &mut speaker, None, &reply);
                true
            }
        };
        cutter.release();
        if is_mistake {
            socket.end_mistaken();
            self.wake(connection);
        }
        Expects::Nothing
    }

    /// Writes who may connect from within Flash.
    fn tell_policy(&self, port: Option<u16>, raw: &mut Raw<'_>) {
        let mut out = BytesMut::new();
        self.shared.access().socket_policy(port).encode(&mut out);
        raw.send(&out);
    }

    /// Tells a client why its connection is closed.
    pub(super) fn reject_socket(&self, rejection: &Rejection<'_>, mut raw: Raw<'_>) {
        refusal::count(&self.shared, rejection);
        refuse(&refusal::reply(rejection), &mut raw);
    }
}
