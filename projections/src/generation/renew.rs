//! A new generation in the place of the active one, and back again.

use infragpt_nats::Connection;
use secrecy::SecretString;
use sqlx::PgPool;

use super::{
    Compared, Error, Progress,
    build::{Building, goal},
    exclusive::Exclusive,
    fill::fill,
    registry::{self, State},
    schema::{self, check_migrations},
    swap::Swap,
};
use crate::{
    checkpoint::{self, READ_BY_TOOLS},
    database,
};

/// What to do about what is there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Renewal {
    /// Take the new generation although it differs.
    pub accept_differences: bool,
    /// Don't go on with what an earlier call left.
    pub from_scratch: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// Nothing was there that could be kept: what is there has to be projected from the start.
    NothingToKeep,
    /// The new generation took the place of the old.
    Swapped(Compared),
    /// They differ, and nothing was changed.
    Refused(Compared),
}

/// Builds a generation beside the active one, which goes on being read and written, compares both, and has the new one take
/// its place where they are equal. What was active is kept as the previous one. Killed at any point it leaves the active
/// generation as it was, and goes on where it was when it is called again.
///
/// `operator` is a connection of the NATS user of that name, which may read streams with consumers of its own.
///
/// # Errors
/// [`Error`]; the active generation stays as it is.
pub async fn renew(
    url: &SecretString,
    operator: &Connection,
    renewal: Renewal,
    mut progress: impl FnMut(&[Progress]) + Send,
) -> Result<Renewed, Error> {
    let active = database::connect(url, "infragpt rebuild")?;
    let exclusive = Exclusive::acquire(url).await?;
    let projected = checkpoint::find(&active, READ_BY_TOOLS).await?;
    if projected.is_none_or(|checkpoint| checkpoint.sequence == 0) {
        exclusive.release().await;
        active.close().await;
        return Ok(Renewed::NothingToKeep);
    }
    let building = begin(url, &active, renewal).await?;
    let compared = building
        .complete(operator, &active, renewal.accept_differences, &mut progress)
        .await?;
    let renewed = if compared.differences.is_empty() || renewal.accept_differences {
        let older = registry::all(&active, State::Previous).await?;
        let swap = Swap {
            operator,
            active: &active,
            incoming: &building.database,
            id: building.id,
            schema: &building.schema,
            accept: renewal.accept_differences,
        };
        let sequence = swap.run().await?;
        for (id, name) in older {
            registry::forget(&active, id, &name).await?;
        }
        Renewed::Swapped(Compared {
            sequence,
            schema: None,
            ..compared
        })
    } else {
        registry::set(&active, building.id, State::Refused).await?;
        Renewed::Refused(compared)
    };
    building.database.close().await;
    exclusive.release().await;
    active.close().await;
    Ok(renewed)
}

/// The generation to build: a new one, or the one that was left.
async fn begin(url: &SecretString, active: &PgPool, renewal: Renewal) -> Result<Building, Error> {
    // What was refused may have been made by a build that was wrong: it is only good for being accepted.
    let left = if renewal.accept_differences {
        vec![State::Building, State::Refused]
    } else {
        vec![State::Building]
    };
    let resumable = registry::newest(active, &left).await?;
    if let Some((id, name, migration)) = resumable
        && !renewal.from_scratch
        && migration == schema::known()
    {
        registry::set(active, id, State::Building).await?;
        return Building::resume(url, id, name).await;
    }
    while let Some((id, name, _)) = registry::newest(active, &[State::Building, State::Refused]).await? {
        registry::forget(active, id, &name).await?;
    }
    Building::begin(url, active, State::Building).await
}

/// Has the previous generation take the place of the active one, once it is as far; that one is the previous one then. Returns
/// their place in EVENTS.
///
/// # Errors
/// [`Error::NoPrevious`], [`Error::OtherShape`], and whatever else is missing; the active generation stays as it is.
pub async fn rollback(
    url: &SecretString,
    operator: &Connection,
    mut progress: impl FnMut(&[Progress]) + Send,
) -> Result<u64, Error> {
    let active = database::connect(url, "infragpt rollback")?;
    let migration = check_migrations(&active).await?;
    let exclusive = Exclusive::acquire(url).await?;
    let Some((id, name, previous)) = registry::newest(&active, &[State::Previous]).await? else {
        return Err(Error::NoPrevious);
    };
    if previous != migration {
        return Err(Error::OtherShape {
            previous,
            active: migration,
        });
    }
    let incoming = schema::pool(url, &name)?;
    fill(
        operator,
        &incoming,
        &goal(operator, &active, false).await?,
        &mut progress,
    )
    .await?;
    let swap = Swap {
        operator,
        active: &active,
        incoming: &incoming,
        id,
        schema: &name,
        accept: false,
    };
    let sequence = swap.run().await?;
    incoming.close().await;
    exclusive.release().await;
    active.close().await;
    Ok(sequence)
}
