//! The read models of a replayed history.

use chrono::{DateTime, Utc};
use infragpt_nats::{
    Connection, Log, Namespace, Received, Scan, namespace,
    scan::{Begin, End, Extent},
};
use secrecy::SecretString;
use sqlx::PgPool;

use super::{
    Error, Progress,
    as_of::{Moment, ends},
    exclusive::Exclusive,
    fill::{fill, some},
    index,
    registry::{self, State},
    schema::{self, check_migrations},
};
use crate::{
    Batch,
    checkpoint::{self, READ_BY_TOOLS, STREAMS},
    database,
    projector::{Positions, Writer},
};

/// The most copies in a transaction.
const MAXIMUM_BATCH: usize = 1000;

fn name(namespace: &Namespace) -> String {
    format!("infragpt_replay_{namespace}")
}

/// Makes a schema with the tables of the history in `namespace`, which begins at `since`, or at the log's beginning: what was
/// before is as it was. Returns the schema. In it, what the history has stands behind the sequence that its stream had then.
///
/// # Errors
/// [`Error::Cut`], and whatever else is missing. What is made by then is made anew the next time.
pub async fn replayed(
    url: &SecretString,
    operator: &Connection,
    namespace: &Namespace,
    since: Option<DateTime<Utc>>,
    mut progress: impl FnMut(&[Progress]) + Send,
) -> Result<String, Error> {
    let active = database::connect(url, "infragpt replay")?;
    check_migrations(&active).await?;
    let exclusive = Exclusive::acquire(url).await?;
    let before = match since {
        Some(since) => ends(&Log::new(operator), Moment::Time(since)).await?.0,
        None => Vec::new(),
    };
    let schema = name(namespace);
    if let Some(id) = find(&active, &schema).await? {
        registry::forget(&active, id, &schema).await?;
    }
    let (id, _) = registry::add(&active, State::Replayed, Some(&schema)).await?;
    let database = schema::make(url, &schema).await?;
    index::defer(&database).await?;
    fill(operator, &database, &before, &mut progress).await?;
    copy(operator, &database, namespace).await?;
    index::make(&database).await?;
    let sequence = checkpoint::find(&database, READ_BY_TOOLS).await?;
    let sequence = sequence.map_or(0, |found| u64::try_from(found.sequence).unwrap_or(0));
    registry::built(&mut *active.acquire().await?, id, sequence).await?;
    database.close().await;
    exclusive.release().await;
    active.close().await;
    Ok(schema)
}

/// Drops the schema that [`replayed`] made; whether it was there.
///
/// # Errors
/// When PostgreSQL can't be asked.
pub async fn drop_replayed(url: &SecretString, namespace: &Namespace) -> Result<bool, Error> {
    let active = database::connect(url, "infragpt replay")?;
    check_migrations(&active).await?;
    let exclusive = Exclusive::acquire(url).await?;
    let schema = name(namespace);
    let found = find(&active, &schema).await?;
    if let Some(id) = found {
        registry::forget(&active, id, &schema).await?;
    }
    exclusive.release().await;
    active.close().await;
    Ok(found.is_some())
}

/// Projects everything that `namespace` has, each copy as its original.
async fn copy(operator: &Connection, database: &PgPool, namespace: &Namespace) -> Result<(), Error> {
    let mut writers = Vec::new();
    for stream in STREAMS {
        let writer = Writer::open(database.clone(), stream, Positions::default()).await?;
        writers.push((stream, writer.position(), writer));
    }
    let extent = Extent {
        stream: namespace.stream(),
        subjects: vec![],
        begin: Begin::First,
        end: End::Last,
        headers_only: false,
    };
    let mut scan = Scan::open(operator, extent).await?;
    while let Some(copies) = some(&mut scan, MAXIMUM_BATCH).await? {
        for (stream, base, writer) in &mut writers {
            let originals: Vec<Received> = copies.iter().filter_map(|copy| original(copy, stream, *base)).collect();
            if !originals.is_empty() {
                writer.write(&Batch::decode(originals)).await?;
            }
        }
    }
    Ok(())
}

/// `copy` as its original, if that is of `stream`.
fn original(copy: &Received, stream: &str, base: u64) -> Option<Received> {
    let (of, subject) = namespace::original(&copy.subject)?;
    (of == stream).then(|| Received {
        stream: stream.to_owned(),
        subject: subject.to_owned(),
        sequence: base + copy.sequence,
        ..copy.clone()
    })
}

async fn find(active: &PgPool, schema: &str) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM projection_generations WHERE schema_name = $1")
        .bind(schema)
        .fetch_optional(active)
        .await
}
