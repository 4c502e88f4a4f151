//! The closing handshake as a table (RFC 6455 §1.4, §7.1).
//!
//! - Either side may send the first Close; the other answers with one, and then both are done.
//! - Each side sends at most one Close, and nothing after it.
//! - What follows a received Close is discarded, so there is no second one to judge.
//! - A side whose peer broke a rule sends a Close that says so, if it has not sent one, and is done
//!   without an answer (§7.1.7).
//! - A peer that left a ping unanswered until its deadline is sent a Close that says so, and is not heard any more.
//! - A stream that ends, or a peer that does not finish closing until a deadline, leaves nobody to talk to; but a Close
//!   that was received before is still answered.
//!
//! | state          | we send Close | Close received  | rule broken | stream ended | deadline   |
//! |----------------|---------------|-----------------|-------------|--------------|------------|
//! | `Open`         | `CloseSent`   | `CloseReceived` | `Failing`   | `Gone`       | `GivingUp` |
//! | `CloseSent`    |               | `Closed`        | `Failed`    | `Gone`       | `Gone`     |
//! | `CloseReceived`| `Closed`      |                 |             |              | `Gone`     |
//! | `Failing`      | `Failed`      |                 |             |              | `Gone`     |
//! | `GivingUp`     | `Gone`        |                 |             | `Gone`       | `Gone`     |
//! | `Closed`, `Failed`, `Gone` | |              |             |              |            |
//!
//! An empty cell changes nothing: a clean close stays clean when the peer does not end the stream after it. The local role plays no part.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Messages flow both ways.
    Open,
    /// Our Close is out, the peer's has not come.
    CloseSent,
    /// The peer's Close has come, ours is not out.
    CloseReceived,
    /// Both are out: a clean close.
    Closed,
    /// The peer broke a rule, our Close is not out.
    Failing,
    /// The peer broke a rule, and has been told.
    Failed,
    /// The peer is silent, and our Close that says so is not out.
    GivingUp,
    /// No peer any more.
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    CloseSent,
    CloseReceived,
    RuleBroken,
    StreamEnded,
    DeadlinePassed,
}

impl State {
    pub(crate) const fn after(self, happening: Happening) -> Self {
        use Happening as H;
        match (self, happening) {
            (Self::Open, H::CloseSent) => Self::CloseSent,
            (Self::Open, H::CloseReceived) => Self::CloseReceived,
            (Self::Open, H::RuleBroken) => Self::Failing,
            (Self::CloseSent, H::CloseReceived) => Self::Closed,
            (Self::CloseSent, H::RuleBroken) => Self::Failed,
            (Self::CloseReceived, H::CloseSent) => Self::Closed,
            (Self::Failing, H::CloseSent) => Self::Failed,
            (Self::Open, H::DeadlinePassed) => Self::GivingUp,
            (Self::GivingUp, H::CloseSent) => Self::Gone,
            (Self::Open | Self::CloseSent | Self::GivingUp, H::StreamEnded) => Self::Gone,
            (
                Self::CloseSent | Self::CloseReceived | Self::Failing | Self::GivingUp,
                H::DeadlinePassed,
            ) => Self::Gone,
            (unchanged, _) => unchanged,
        }
    }

    /// Whether messages may still be sent: no Close of ours is out, and none is due for a broken rule.
    pub(crate) const fn may_send(self) -> bool {
        matches!(self, Self::Open | Self::CloseReceived)
    }

    /// Whether our Close is due by itself.
    pub(crate) const fn owes_close(self) -> bool {
        matches!(self, Self::CloseReceived | Self::Failing | Self::GivingUp)
    }
}

#[cfg(test)]
mod tests {
    use super::{Happening as H, State as S};

    #[test]
    fn both_orders_of_the_closing_handshake_end_closed() {
        assert_eq!(
            S::Open.after(H::CloseSent).after(H::CloseReceived),
            S::Closed
        );
        assert_eq!(
            S::Open.after(H::CloseReceived).after(H::CloseSent),
            S::Closed
        );
    }

    #[test]
    fn no_state_leads_back_and_at_most_one_close_is_sent() {
        const ALL: [S; 8] = [
            S::Open,
            S::CloseSent,
            S::CloseReceived,
            S::Closed,
            S::Failing,
            S::Failed,
            S::GivingUp,
            S::Gone,
        ];
        for state in ALL {
            for happening in [
                H::CloseSent,
                H::CloseReceived,
                H::RuleBroken,
                H::StreamEnded,
                H::DeadlinePassed,
            ] {
                let next = state.after(happening);
                if state != S::Open {
                    assert_ne!(next, S::Open);
                }
                if !state.may_send() {
                    assert!(!next.may_send(), "{state:?} {happening:?}");
                }
            }
            assert!(!state.after(H::CloseSent).may_send() || !state.may_send());
            assert!(!state.after(H::CloseSent).owes_close());
        }
    }

    #[test]
    fn a_received_close_is_answered_even_when_the_stream_ended() {
        let state = S::Open.after(H::CloseReceived).after(H::StreamEnded);
        assert!(state.owes_close());
    }
}
