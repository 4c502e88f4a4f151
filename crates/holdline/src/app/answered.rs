//! Messages that are answered: over a WebSocket with `holdline.v2`, and over a plug-in socket.

use holdline_net::ConnectionId;

use super::App;
use crate::access::Rights;
use crate::hub::Wakes;
use crate::journal::{Draft, Refusal};
use crate::rates::Source;
use crate::spoken::{Mistake, Said};
use crate::subscription::{Answers, Asked, SocketStream, Speaker};

impl App {
    /// Takes a message of a client. Its answer is given when the stream has everything up to it; what is wrong with it
    /// is told at once. Returns whether it was none.
    pub(crate) fn answer(
        &self,
        connection: ConnectionId,
        stream: &mut SocketStream,
        text: &str,
        mut speaker: Speaker<'_>,
    ) -> bool {
        let Some((rights, answers)) = stream.answers() else {
            return false;
        };
        match self.take(connection, rights, answers, text) {
            Ok(asked) => {
                answers.expect(asked);
                // It reads first what there is.
                self.wake(connection);
                false
            }
            Err(Mistake { reference, reply }) => {
                stream.refuse(self.hub(), &mut speaker, reference.as_ref(), &reply);
                reply.status == 400
            }
        }
    }

    /// Has the connection's stream go on.
    pub(crate) fn wake(&self, connection: ConnectionId) {
        let mut wakes = Wakes::default();
        self.hub().wake(self.waiter(connection), &mut wakes);
        wakes.notify();
    }

    fn take(
        &self,
        connection: ConnectionId,
        rights: &Rights,
        answers: &Answers,
        text: &str,
    ) -> Result<Asked, Mistake> {
        let said = Said::parse(text)?;
        let reference = said.reference;
        let refused = |reply| Mistake {
            reference: reference.clone(),
            reply,
        };
        rights
            .judge_publish(&said.channel)
            .map_err(|lack| refused(lack.into()))?;
        if answers.are_full() {
            return Err(refused(Refusal::Busy.into()));
        }
        let waiter = self.waiter(connection);
        let source = Source::Connection(waiter);
        let mut draft = Draft::message(&said.channel, said.event.as_deref(), &said.data);
        if let Some(key) = &said.key {
            draft = draft.under(key, rights.name());
        }
        let appended = self.append(source, rights, draft, waiter);
        let (receipt, repeated) = appended
            .map_err(|unpublished| refused(unpublished.into()))?
            .receipt();
        Ok(Asked {
            at: self.hub().now(),
            receipt,
            repeated,
            reference,
        })
    }
}
