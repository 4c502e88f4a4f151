//! Whether the engine still has what it had, and the new life that begins if not.

use super::engine::{Connection, Identity, Life, Sight, Trouble};
use super::random::random;

/// What this server knows of the sequence.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// The epoch of the life it is in. `None` when it starts.
    pub(super) epoch: Option<u64>,
    /// Everything up to this number was shown.
    pub(super) passed: u64,
    /// The greatest number that anybody was told.
    pub(super) given: u64,
    /// The number and the mark of the newest entry that was shown in this life.
    pub(super) newest: Option<(u64, u64)>,
}

/// What all servers agree on.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    pub(super) life: Life,
    pub(super) identity: Identity,
    pub(super) sight: Sight,
}

/// Agrees on the life to go on with: the one in the engine's record, or a new one if it does not have everything any
/// more that was acknowledged, or if nobody knows.
pub(super) fn agree(connection: &mut dyn Connection, known: &Known) -> Result<Agreed, Trouble> {
    let identity = connection.identify()?;
    // Each turn that fails means that another server was faster.
    for _ in 0..TURNS {
        let sight = connection.look()?;
        let next = next(connection, known, &identity, &sight)?;
        if sight.life.as_ref() == Some(&next) {
            return Ok(Agreed {
                life: next,
                identity,
                sight,
            });
        }
        if connection.set_life(sight.life.as_ref(), &next)? {
            tell(known, &next);
        }
    }
    Err(Trouble::Away(
        "other servers change the record of the current life all the time".to_owned(),
    ))
}

/// The record as it should be.
fn next(
    connection: &mut dyn Connection,
    known: &Known,
    identity: &Identity,
    sight: &Sight,
) -> Result<Life, Trouble> {
    let new = || {
        let epoch = random().ok_or_else(|| Trouble::Away("no random numbers".to_owned()))?;
        Ok(Life {
            // Never zero, so that people see it as a number.
            epoch: epoch | 1 << 63,
            start: sight.last.max(known.passed).max(known.given),
            engine: identity.name.clone(),
        })
    };
    let Some(life) = &sight.life else {
        return new();
    };
    let is_proven = life.engine == identity.name || identity.is_durable;
    let goes_on = is_proven
        && match known.epoch {
            Some(epoch) if epoch == life.epoch => has_newest(connection, known, sight)?,
            // The numbers of another life are all new here.
            Some(_) => life.start >= known.passed.max(known.given),
            None => sight.last >= life.start,
        };
    match goes_on {
        true => Ok(Life {
            engine: identity.name.clone(),
            ..life.clone()
        }),
        false => new(),
    }
}

/// Whether the newest entry that was shown is still there.
fn has_newest(
    connection: &mut dyn Connection,
    known: &Known,
    sight: &Sight,
) -> Result<bool, Trouble> {
    if sight.last < known.passed.max(known.given) {
        return Ok(false);
    }
    let Some((number, mark)) = known.newest else {
        return Ok(true);
    };
    if number < sight.first {
        // It was trimmed. If anything is missing after it, that is told as a gap.
        return Ok(true);
    }
    let entries = connection.range(number, number, 1)?;
    Ok(entries.first().is_some_and(|entry| entry.mark == mark))
}

fn tell(known: &Known, life: &Life) {
    if known.epoch.is_some_and(|epoch| epoch != life.epoch) {
        tracing::warn!(
            start = life.start,
            "the broker may have lost messages: a new life begins, and clients are told"
        );
    }
}

/// More often than there are servers that start at one time.
const TURNS: usize = 100;
