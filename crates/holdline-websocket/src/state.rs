//! The closing handshake as a table (RFC 6455 §1.4, §7.1).
//!
//! - Either side may send the first Close; the other answers with one, and then both are done.
//! - Each side sends at most one Close, and nothing after it.
//! - What follows a received Close is discarded, so there is no second one to judge.
//! - A side whose peer broke a rule sends a Close that says so, if it has not sent one, and is done
//!   without an answer (§7.1.7).
//! - A peer that left a ping unanswered until its deadline is sent a Close that says so, and is not heard any more.
//! - A stream that ends, or a peer that does not finish closing until a deadline, leaves nobody to talk to. But a Close
//!   that was received before that is still answered.
//!
//! | state          | caller closes | Close due sent | Close received  | rule broken | stream ended | deadline   |
//! |----------------|---------------|----------------|-----------------|-------------|--------------|------------|
//! | `Open`         | `CloseSent`   |                | `CloseReceived` | `Failing`   | `Gone`       | `GivingUp` |
//! | `CloseSent`    |               |                | `Closed`        | `Failed`    | `Gone`       | `Gone`     |
//! | `CloseReceived`| `Closed`      | `Closed`       |                 |             |              | `Gone`     |
//! | `Failing`      |               | `Failed`       |                 |             |              | `Gone`     |
//! | `GivingUp`     |               | `Gone`         |                 |             | `Gone`       | `Gone`     |
//! | `Closed`, `Failed`, `Gone` |   |                |                 |             |              |            |
//!
//! An empty cell refuses: the caller may not send then, nothing is due, or what happened changes nothing any more (a
//! clean close stays clean when the peer does not end the stream after it). The local role plays no part.
//!
//! The protocol of the first browsers (`hixie76`) has one more: its opening handshake goes on after the heads, and when
//! that fails no frame means anything to the peer, so `Open` becomes `Failed` with no Close.

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

/// What changes a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    CallerCloses,
    CloseDueSent,
    CloseReceived,
    RuleBroken,
    StreamEnded,
    DeadlinePassed,
    #[cfg(feature = "hixie76")]
    OpeningFailed,
}

impl State {
    /// `None`: the table has no such step.
    #[inline]
    #[must_use]
    pub(crate) const fn after(self, transition: Transition) -> Option<Self> {
        use Transition as T;
        Some(match (self, transition) {
            (Self::Open, T::CallerCloses) => Self::CloseSent,
            (Self::Open, T::CloseReceived) => Self::CloseReceived,
            (Self::Open, T::RuleBroken) => Self::Failing,
            (Self::Open, T::StreamEnded) => Self::Gone,
            (Self::Open, T::DeadlinePassed) => Self::GivingUp,
            #[cfg(feature = "hixie76")]
            (Self::Open, T::OpeningFailed) => Self::Failed,

            (Self::CloseSent, T::CloseReceived) => Self::Closed,
            (Self::CloseSent, T::RuleBroken) => Self::Failed,
            (Self::CloseSent, T::StreamEnded | T::DeadlinePassed) => Self::Gone,

            (Self::CloseReceived, T::CallerCloses | T::CloseDueSent) => Self::Closed,
            (Self::CloseReceived, T::DeadlinePassed) => Self::Gone,

            (Self::Failing, T::CloseDueSent) => Self::Failed,
            (Self::Failing, T::DeadlinePassed) => Self::Gone,

            (Self::GivingUp, T::CloseDueSent | T::StreamEnded | T::DeadlinePassed) => Self::Gone,
            _ => return None,
        })
    }

    /// Whether messages may still be sent: until the caller may not even send a Close.
    #[inline]
    pub(crate) const fn may_send(self) -> bool {
        self.after(Transition::CallerCloses).is_some()
    }

    /// Whether a Close of ours is due that nobody asked for.
    pub(crate) const fn owes_close(self) -> bool {
        self.after(Transition::CloseDueSent).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{State as S, Transition as T};

    const STATES: [S; 8] = [
        S::Open,
        S::CloseSent,
        S::CloseReceived,
        S::Closed,
        S::Failing,
        S::Failed,
        S::GivingUp,
        S::Gone,
    ];
    const TRANSITIONS: [T; 6] = [
        T::CallerCloses,
        T::CloseDueSent,
        T::CloseReceived,
        T::RuleBroken,
        T::StreamEnded,
        T::DeadlinePassed,
    ];

    #[test]
    fn both_orders_of_the_closing_handshake_end_closed() {
        let after = |transitions: [T; 2]| {
            let first = S::Open.after(transitions[0]).expect("a step");
            first.after(transitions[1])
        };
        assert_eq!(after([T::CallerCloses, T::CloseReceived]), Some(S::Closed));
        assert_eq!(after([T::CloseReceived, T::CallerCloses]), Some(S::Closed));
        assert_eq!(after([T::CloseReceived, T::CloseDueSent]), Some(S::Closed));
    }

    #[test]
    fn no_state_leads_back_and_at_most_one_close_is_sent() {
        for state in STATES {
            for transition in TRANSITIONS {
                let Some(next) = state.after(transition) else {
                    continue;
                };
                assert_ne!(next, S::Open);
                assert!(
                    state.may_send() || !next.may_send(),
                    "{state:?} {transition:?}"
                );
                if matches!(transition, T::CallerCloses | T::CloseDueSent) {
                    assert!(!next.may_send() && !next.owes_close(), "{state:?}");
                }
            }
        }
    }

    #[test]
    fn a_received_close_is_answered_even_when_the_stream_ended() {
        assert_eq!(S::CloseReceived.after(T::StreamEnded), None);
        assert!(S::CloseReceived.owes_close());
    }

    /// The table in the words above is the one that decides.
    #[test]
    fn the_table_in_the_documentation_is_true() {
        let rows = include_str!("state.rs")
            .lines()
            .take_while(|line| line.starts_with("//!"));
        let mut seen = 0;
        for row in rows.filter(|row| row.starts_with("//! | `")) {
            let cells: alloc::vec::Vec<&str> = row.split('|').map(str::trim).collect();
            for state in STATES {
                let name = alloc::format!("`{state:?}`");
                if !cells[1].split(", ").any(|cell| cell == name) {
                    continue;
                }
                seen += 1;
                for (transition, cell) in TRANSITIONS.into_iter().zip(&cells[2..]) {
                    let next = state.after(transition);
                    let next = next.map(|next| alloc::format!("`{next:?}`"));
                    assert_eq!(
                        next.as_deref().unwrap_or(""),
                        *cell,
                        "{state:?} {transition:?}"
                    );
                }
            }
        }
        assert_eq!(seen, STATES.len());
    }
}
