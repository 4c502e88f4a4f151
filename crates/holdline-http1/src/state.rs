//! The states of a connection, whichever side is ours: `docs/states.md` says in words what the
//! tables here decide.
//!
//! A call that sends asks for the state after its step, is refused if the tables have none, writes,
//! and only then keeps that state.

/// Where the client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requester {
    /// Between requests.
    Idle,
    /// The head is through, the body is not.
    Body,
    /// The request is complete.
    Done,
    /// Complete, and it was the last one.
    MustClose,
    /// The stream from the client has ended.
    Closed,
    /// Another protocol.
    Switched,
    /// The client broke a rule.
    Error,
}

/// Where the server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Responder {
    /// Nothing to answer.
    Idle,
    /// A request or a fault waits for an answer.
    Owes,
    /// The head is through, the body is not.
    Body,
    /// The response is complete.
    Done,
    /// Complete, and it was the last one.
    MustClose,
    /// The stream from the server has ended.
    Closed,
    /// Another protocol.
    Switched,
    /// The server broke a rule.
    Error,
}

/// A step of one side that the other side may have to know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The head of a request.
    Request,
    /// The end of a request.
    RequestEnd,
    /// A rule broken by the requester.
    RequestFault,
    /// The end of the requester's stream, where that is allowed.
    RequesterEof,
    /// A 1xx other than 101.
    Informational,
    /// The head of a final response.
    Response,
    /// The end of a response.
    ResponseEnd,
    /// A rule broken by the responder.
    ResponseFault,
    /// The end of the responder's stream, where that is allowed.
    ResponderEof,
    /// 101, or 2xx to CONNECT.
    Switch,
}

/// Both sides, and whether another exchange may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) requester: Requester,
    pub(crate) responder: Responder,
    keep_alive: bool,
    /// The request asks for a switch.
    may_switch: bool,
}

impl State {
    pub(crate) const fn new() -> Self {
        Self {
            requester: Requester::Idle,
            responder: Responder::Idle,
            keep_alive: true,
            may_switch: false,
        }
    }

    /// The state after a step. None: the tables do not allow it.
    #[inline]
    #[must_use]
    pub(crate) fn after(mut self, step: Step) -> Option<Self> {
        self.step(step).then_some(self)
    }

    /// Takes a step if the tables allow it. False: they do not, and nothing has changed.
    #[inline]
    #[must_use = "a step may be refused"]
    pub(crate) fn step(&mut self, step: Step) -> bool {
        if step == Step::Switch && !self.may_switch {
            return false;
        }
        let (Some(requester), Some(responder)) = (
            next(REQUESTER, self.requester, step),
            next(RESPONDER, self.responder, step),
        ) else {
            return false;
        };
        self.requester = requester;
        self.responder = responder;
        self.settle();
        true
    }

    /// The request or the response forbids another exchange, or we do.
    pub(crate) fn refuse_keep_alive(&mut self) {
        self.keep_alive = false;
        self.settle();
    }

    pub(crate) fn allow_switch(&mut self) {
        self.may_switch = true;
    }

    pub(crate) const fn keeps_alive(&self) -> bool {
        self.keep_alive
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.requester == Requester::Idle && self.responder == Responder::Idle
    }

    pub(crate) fn is_switched(&self) -> bool {
        self.responder == Responder::Switched
    }

    /// What follows from both states together, until nothing more does.
    #[inline]
    fn settle(&mut self) {
        use {Requester as Q, Responder as P};
        if !self.keep_alive
            || matches!(self.requester, Q::MustClose | Q::Closed | Q::Error)
            || matches!(self.responder, P::MustClose | P::Closed | P::Error)
        {
            self.settle_last();
        } else if (self.requester, self.responder) == (Q::Done, P::Done) {
            // RFC 9112 §9.3: "If the received protocol is HTTP/1.1 (or later), the connection will
            // persist after the current response".
            *self = Self::new();
        }
    }

    /// The same when no other exchange may follow.
    fn settle_last(&mut self) {
        use {Requester as Q, Responder as P};
        if !self.keep_alive && self.requester == Q::Done {
            self.requester = Q::MustClose;
        }
        let responder_is_last =
            !self.keep_alive || matches!(self.requester, Q::Closed | Q::Error | Q::MustClose);
        if responder_is_last && self.responder == P::Done {
            self.responder = P::MustClose;
        }
        // A client that has closed, or a connection that is not kept, gets no new exchange.
        if self.responder == P::Idle
            && (self.requester == Q::Closed || (self.requester == Q::Idle && !self.keep_alive))
        {
            self.responder = P::MustClose;
        }
        if matches!(self.responder, P::Closed | P::Error | P::MustClose)
            && matches!(self.requester, Q::Idle | Q::Done)
        {
            self.requester = Q::MustClose;
        }
    }
}

/// The state after a step: by the table when it has the step, else the same one.
#[inline]
fn next<S: Copy + PartialEq>(table: &[(S, Step, S)], from: S, step: Step) -> Option<S> {
    let mut concerned = false;
    for &(state, row, to) in table {
        if row == step {
            concerned = true;
            if state == from {
                return Some(to);
            }
        }
    }
    (!concerned).then_some(from)
}

const REQUESTER: &[(Requester, Step, Requester)] = {
    use Requester::{Body, Closed, Done, Error, Idle, MustClose, Switched};
    use Step::{Informational, Request, RequestEnd, RequestFault, RequesterEof, Switch};
    &[
        (Idle, Request, Body),
        (Body, RequestEnd, Done),
        (Body, RequestFault, Error),
        (Idle, RequestFault, Error),
        (Idle, RequesterEof, Closed),
        (Done, RequesterEof, Closed),
        (MustClose, RequesterEof, Closed),
        (Closed, RequesterEof, Closed),
        // After a fault only the final answer follows.
        (Body, Informational, Body),
        (Done, Informational, Done),
        (MustClose, Informational, MustClose),
        (Closed, Informational, Closed),
        (Done, Switch, Switched),
        // A request that is not kept alive can still become another protocol.
        (MustClose, Switch, Switched),
    ]
};

const RESPONDER: &[(Responder, Step, Responder)] = {
    use Responder::{Body, Closed, Done, Error, Idle, MustClose, Owes, Switched};
    use Step::{
        Informational, Request, RequestFault, ResponderEof, Response, ResponseEnd, ResponseFault,
        Switch,
    };
    &[
        (Idle, Request, Owes),
        // A fault is answered too, unless the answer has begun.
        (Idle, RequestFault, Owes),
        (Owes, RequestFault, Owes),
        (Body, RequestFault, Body),
        (Done, RequestFault, Done),
        (MustClose, RequestFault, MustClose),
        (Owes, Informational, Owes),
        (Owes, Response, Body),
        (Body, ResponseEnd, Done),
        (Owes, Switch, Switched),
        (Idle, ResponseFault, Error),
        (Owes, ResponseFault, Error),
        (Body, ResponseFault, Error),
        (Done, ResponseFault, Error),
        (MustClose, ResponseFault, Error),
        (Idle, ResponderEof, Closed),
        (Done, ResponderEof, Closed),
        (MustClose, ResponderEof, Closed),
        (Closed, ResponderEof, Closed),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use core::fmt::Debug;

    const DOCS: &str = include_str!("../docs/states.md");

    fn rows<S: Debug>(table: &[(S, Step, S)]) -> String {
        table
            .iter()
            .map(|(from, step, to)| format!("| `{from:?}` | `{step:?}` | `{to:?}` |\n"))
            .collect()
    }

    #[test]
    fn the_docs_show_the_tables() {
        for (title, rows) in [
            ("requester", rows(REQUESTER)),
            ("responder", rows(RESPONDER)),
        ] {
            let section =
                format!("## The {title}\n\n| from | step | to |\n|---|---|---|\n{rows}\n");
            assert!(
                DOCS.contains(&section),
                "docs/states.md should have:\n{section}"
            );
        }
    }

    #[test]
    fn the_tables_are_deterministic_and_end() {
        for (index, row) in REQUESTER.iter().enumerate() {
            let same = |other: &&(_, _, _)| other.0 == row.0 && other.1 == row.1;
            assert_eq!(
                REQUESTER.iter().position(|r| same(&r)),
                Some(index),
                "{row:?}"
            );
            assert!(!matches!(row.0, Requester::Switched | Requester::Error));
        }
        for (index, row) in RESPONDER.iter().enumerate() {
            let same = |other: &&(_, _, _)| other.0 == row.0 && other.1 == row.1;
            assert_eq!(
                RESPONDER.iter().position(|r| same(&r)),
                Some(index),
                "{row:?}"
            );
            assert!(!matches!(row.0, Responder::Switched | Responder::Error));
        }
    }

    #[test]
    fn no_walk_leaves_both_sides_stuck_or_serves_twice() {
        use {Requester as Q, Responder as P};
        const STEPS: [Step; 10] = [
            Step::Request,
            Step::RequestEnd,
            Step::RequestFault,
            Step::RequesterEof,
            Step::Informational,
            Step::Response,
            Step::ResponseEnd,
            Step::ResponseFault,
            Step::ResponderEof,
            Step::Switch,
        ];
        let mut seen = alloc::vec![State::new()];
        let mut index = 0;
        while let Some(&state) = seen.get(index) {
            index += 1;
            let mut next = alloc::vec::Vec::new();
            for step in STEPS {
                let mut after = state;
                if after.step(step) {
                    next.push(after);
                }
                if step == Step::Request && after != state {
                    assert!(state.is_idle() && state.keep_alive, "{state:?}");
                }
            }
            let mut other = state;
            other.refuse_keep_alive();
            next.push(other);
            let mut other = state;
            other.allow_switch();
            next.push(other);
            // One side switches only together with the other.
            assert_eq!(
                state.requester == Q::Switched,
                state.responder == P::Switched
            );
            // Both are idle, or neither is.
            assert_eq!(
                state.requester == Q::Idle,
                state.responder == P::Idle,
                "{state:?}"
            );
            // A response is only ever begun to a request, or to a fault.
            if matches!(state.responder, P::Owes | P::Body) {
                assert_ne!(state.requester, Q::Idle, "{state:?}");
            }
            for state in next {
                if !seen.contains(&state) {
                    seen.push(state);
                }
            }
        }
        assert!(seen.len() > 20, "{}", seen.len());
    }
}
