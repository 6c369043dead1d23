//! Forgets where erased facts and events stood.

use infragpt_events::{
    DomainEvent,
    organization::{ErasedFacts, OrganizationEvent},
    user::UserEvent,
};
use sqlx::PgConnection;

use crate::{Recorded, column};

/// Forgets the events of an erased organization, but that it was deleted and erased, and what came after that.
pub(crate) async fn forget_organization(
    connection: &mut PgConnection,
    erased: &Recorded<OrganizationEvent>,
) -> Result<(), sqlx::Error> {
    let own = format!(
        "events.{}.{}.{}.",
        OrganizationEvent::AGGREGATE,
        erased.organization,
        erased.aggregate
    );
    sqlx::query!(
        "DELETE FROM event_index
         WHERE stream = 'EVENTS' AND organization_id = $1 AND sequence < $2
               AND subject <> $3 || 'deleted' AND subject <> $3 || 'erased'",
        erased.organization.as_str(),
        column::sequence(erased.sequence),
        own,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Forgets the events of an erased person, but that they were deleted and erased, and what came after that.
pub(crate) async fn forget_user(
    connection: &mut PgConnection,
    erased: &Recorded<UserEvent>,
) -> Result<(), sqlx::Error> {
    let own = format!(
        "events.{}.{}.{}.",
        UserEvent::AGGREGATE,
        erased.organization,
        erased.aggregate
    );
    sqlx::query!(
        "DELETE FROM event_index
         WHERE stream = 'EVENTS' AND organization_id = $1 AND sequence < $2 AND starts_with(subject, $3)
               AND subject <> $3 || 'deleted' AND subject <> $3 || 'erased'",
        erased.organization.as_str(),
        column::sequence(erased.sequence),
        own,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Forgets facts that were erased.
pub(crate) async fn forget_facts(connection: &mut PgConnection, erased: &ErasedFacts) -> Result<(), sqlx::Error> {
    let until = column::time(erased.until);
    if erased.sequences.is_empty() {
        // Without a prefix it would be the whole stream.
        sqlx::query!(
            "DELETE FROM event_index
             WHERE stream = $1 AND $2 <> '' AND starts_with(subject, $2) AND published_at <= $3",
            column::text(&erased.stream),
            column::text(&erased.prefix),
            until,
        )
        .execute(connection)
        .await?;
    } else {
        let sequences: Vec<i64> = erased.sequences.iter().copied().map(column::sequence).collect();
        sqlx::query!(
            "DELETE FROM event_index WHERE stream = $1 AND sequence = ANY($2) AND published_at <= $3",
            column::text(&erased.stream),
            &sequences,
            until,
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}
