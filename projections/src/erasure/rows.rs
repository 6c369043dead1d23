//! Takes the rows of who is gone out of every table.

use infragpt_events::{
    organization::{ErasedFacts, OrganizationEvent},
    user::UserEvent,
};
use sqlx::{PgConnection, PgExecutor};

use super::facts;
use crate::{Fingerprint, Recorded, column, event_index, generation, users};

/// Deletes what is written of organizations and people that were deleted, and where their erased facts and events stood;
/// applying the same events again changes nothing. What stays is that they were deleted.
///
/// Other generations of the read models lose the same rows: what was deleted is nowhere, also where it is only kept.
///
/// # Errors
/// When PostgreSQL refuses or is gone.
pub(crate) async fn apply(
    connection: &mut PgConnection,
    organizations: &[Recorded<OrganizationEvent>],
    users: &[Recorded<UserEvent>],
) -> Result<(), sqlx::Error> {
    let deletes = organizations.iter().any(|event| {
        matches!(
            event.event,
            OrganizationEvent::Deleted(_) | OrganizationEvent::Erased(_)
        )
    }) || users
        .iter()
        .any(|event| matches!(event.event, UserEvent::Deleted(_) | UserEvent::Erased(_)));
    if !deletes {
        return Ok(());
    }
    delete(connection, organizations, users, Extent::Here).await?;
    let copies = generation::copies(connection).await?;
    if copies.is_empty() {
        return Ok(());
    }
    let place: String = sqlx::query_scalar("SELECT current_setting('search_path')")
        .fetch_one(&mut *connection)
        .await?;
    for copy in copies {
        go(connection, &format!("\"{copy}\""), "on").await?;
        delete(connection, organizations, users, Extent::Copy).await?;
    }
    go(connection, &place, "").await
}

/// Where rows are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// In the tables that are being written, which remember what was erased.
    Here,
    /// In the tables of another generation.
    Copy,
}

/// Makes the names of tables mean those of another place until the transaction ends, and says why.
async fn go(connection: &mut PgConnection, place: &str, erasing: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('search_path', $1, true), set_config('infragpt.erasing', $2, true)")
        .bind(place)
        .bind(erasing)
        .execute(connection)
        .await
        .map(drop)
}

async fn delete(
    connection: &mut PgConnection,
    organizations: &[Recorded<OrganizationEvent>],
    users: &[Recorded<UserEvent>],
    extent: Extent,
) -> Result<(), sqlx::Error> {
    for event in organizations {
        match &event.event {
            OrganizationEvent::Deleted(_) => delete_organization(connection, event).await?,
            OrganizationEvent::Erased(erased) => {
                delete_organization(connection, event).await?;
                event_index::forget_organization(connection, event).await?;
                forget(connection, event.sequence, &erased.erased, extent).await?;
            }
            _ => {}
        }
    }
    for event in users {
        match &event.event {
            UserEvent::Deleted(_) => delete_user(connection, event).await?,
            UserEvent::Erased(erased) => {
                delete_user(connection, event).await?;
                event_index::forget_user(connection, event).await?;
                forget(connection, event.sequence, &erased.erased, extent).await?;
            }
            _ => {}
        }
    }
    if extent == Extent::Copy {
        names(connection, organizations, users).await?;
    }
    Ok(())
}

/// Takes out of another generation what is said in the rows that stay: what organizations and people are called.
async fn names(
    connection: &mut PgConnection,
    organizations: &[Recorded<OrganizationEvent>],
    users: &[Recorded<UserEvent>],
) -> Result<(), sqlx::Error> {
    for event in organizations {
        if matches!(
            event.event,
            OrganizationEvent::Deleted(_) | OrganizationEvent::Erased(_)
        ) {
            sqlx::query("UPDATE organizations SET name = NULL, slug = NULL, profile = NULL WHERE organization_id = $1")
                .bind(event.organization.as_str())
                .execute(&mut *connection)
                .await?;
        }
    }
    for event in users {
        if matches!(event.event, UserEvent::Deleted(_) | UserEvent::Erased(_)) {
            sqlx::query("UPDATE users SET name = NULL, email = NULL WHERE user_id = $1")
                .bind(column::key(users::about(&event.event)))
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// Deleting much takes longer than people wait for an answer.
async fn take_time(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SET LOCAL statement_timeout = 0")
        .execute(connection)
        .await
        .map(drop)
}

async fn delete_organization(
    connection: &mut PgConnection,
    event: &Recorded<OrganizationEvent>,
) -> Result<(), sqlx::Error> {
    let organization = event.organization.as_str();
    take_time(connection).await?;
    macro_rules! empty {
        ($($statement:literal),+ $(,)?) => {
            $( sqlx::query!($statement, organization).execute(&mut *connection).await?; )+
        };
    }
    empty!(
        "DELETE FROM members WHERE organization_id = $1",
        "DELETE FROM integrations WHERE organization_id = $1",
        "DELETE FROM resources WHERE organization_id = $1",
        "DELETE FROM changes WHERE organization_id = $1",
        "DELETE FROM conversations WHERE organization_id = $1",
        "DELETE FROM conversation_messages WHERE organization_id = $1",
        "DELETE FROM actions WHERE organization_id = $1",
        "DELETE FROM audit_records WHERE organization_id = $1",
    );
    Ok(())
}

async fn delete_user(connection: &mut PgConnection, event: &Recorded<UserEvent>) -> Result<(), sqlx::Error> {
    take_time(connection).await?;
    sqlx::query!(
        "DELETE FROM members WHERE user_id = $1",
        column::key(users::about(&event.event))
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Forgets facts of other streams, whose projections go on at the same time.
async fn forget(
    connection: &mut PgConnection,
    sequence: u64,
    erased: &[ErasedFacts],
    extent: Extent,
) -> Result<(), sqlx::Error> {
    if erased.is_empty() {
        return Ok(());
    }
    if extent == Extent::Copy {
        for erased in erased {
            event_index::forget_facts(connection, erased).await?;
        }
        return Ok(());
    }
    // They are held up: what they write now is committed before it is looked for below, and what they write later they
    // compare with what is remembered here.
    sqlx::query!(
        r#"SELECT stream FROM projection_checkpoints WHERE stream <> 'EVENTS' ORDER BY stream COLLATE "C" FOR UPDATE"#
    )
    .fetch_all(&mut *connection)
    .await?;
    for (number, erased) in (0..).zip(erased) {
        facts::remember(connection, sequence, number, erased).await?;
        event_index::forget_facts(connection, erased).await?;
    }
    Ok(())
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!",
                  md5(coalesce(string_agg(md5(entry::text), '' ORDER BY sequence, number), '')) AS "hash!"
           FROM erased_facts AS entry"#
    )
    .fetch_one(database)
    .await
}
