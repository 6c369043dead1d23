//! The read models as they were.

use chrono::{DateTime, Utc};
use infragpt_nats::{Connection, Log};
use secrecy::SecretString;
use serde::Serialize;
use sqlx::PgPool;

use super::{
    Error, Progress,
    build::Building,
    exclusive::Exclusive,
    fill::{Until, fill},
    index,
    registry::{self, State},
    schema::{self, TABLES, check_migrations},
};
use crate::{
    checkpoint::{READ_BY_TOOLS, STREAMS},
    database,
};

/// When.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// After the event with this sequence of EVENTS.
    Event(u64),
    /// At this time, by when the streams stored what they hold.
    Time(DateTime<Utc>),
}

/// The read models as they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// The schema of the tables.
    pub schema: String,
    /// Whether it was there already.
    pub reused: bool,
    /// Streams that no longer keep what they had at their beginning: the index lacks where it stood.
    pub cut: Vec<&'static str>,
}

/// The schema's name says what it holds, so that the same one is found again.
fn name(moment: Moment) -> String {
    match moment {
        Moment::Event(sequence) => format!("infragpt_as_of_{sequence}"),
        Moment::Time(time) => format!("infragpt_as_of_{}", time.format("%Y%m%dt%H%M%S%3fz")),
    }
}

/// Makes a schema with the tables as they were at `moment`, which can only be read; or finds it.
///
/// # Errors
/// [`Error::Cut`], [`Error::NotYet`], and whatever else is missing.
pub async fn as_of(
    url: &SecretString,
    operator: &Connection,
    moment: Moment,
    mut progress: impl FnMut(&[Progress]) + Send,
) -> Result<AsOf, Error> {
    let active = database::connect(url, "infragpt as-of")?;
    check_migrations(&active).await?;
    let exclusive = Exclusive::acquire(url).await?;
    let log = Log::new(operator);
    let (ends, cut) = ends(&log, moment).await?;
    let schema = name(moment);
    let found = find(&active, &schema).await?;
    let reused = matches!(found, Some((_, true)));
    if let (Some((id, _)), false) = (found, reused) {
        registry::forget(&active, id, &schema).await?;
    }
    if !reused {
        let (id, _) = registry::add(&active, State::AsOf, Some(&schema)).await?;
        let building = Building {
            id,
            database: schema::make(url, &schema).await?,
            schema: schema.clone(),
        };
        index::defer(&building.database).await?;
        fill(operator, &building.database, &ends, &mut progress).await?;
        index::make(&building.database).await?;
        close(&building.database).await?;
        let sequence = crate::checkpoint::find(&building.database, READ_BY_TOOLS).await?;
        let sequence = sequence.map_or(0, |found| u64::try_from(found.sequence).unwrap_or(0));
        registry::built(&mut *active.acquire().await?, id, sequence).await?;
        building.database.close().await;
    }
    exclusive.release().await;
    active.close().await;
    Ok(AsOf { schema, reused, cut })
}

/// Up to where each stream counts, and which no longer have their beginning.
pub(super) async fn ends(log: &Log, moment: Moment) -> Result<(Vec<(&'static str, Until)>, Vec<&'static str>), Error> {
    let events = log.bounds(READ_BY_TOOLS).await?;
    let time = match moment {
        Moment::Time(time) => time,
        Moment::Event(asked) if asked > events.last_sequence => {
            return Err(Error::NotYet {
                asked,
                last: events.last_sequence,
            });
        }
        Moment::Event(sequence) => match log.at(READ_BY_TOOLS, sequence).await? {
            // The facts that were stored before it.
            Some(event) => event.published,
            None => events.first_time.unwrap_or(events.created),
        },
    };
    let is_cut = match moment {
        Moment::Event(sequence) => sequence < events.first_sequence,
        Moment::Time(time) => events.first_time.is_none_or(|first| time < first) && events.first_sequence > 1,
    };
    if is_cut {
        return Err(Error::Cut {
            first: events.first_sequence,
            time: events.first_time,
        });
    }
    let (mut ends, mut cut) = (Vec::new(), Vec::new());
    for stream in STREAMS {
        let bounds = log.bounds(stream).await?;
        let until = match moment {
            Moment::Event(sequence) if stream == READ_BY_TOOLS => Until::At(sequence),
            _ => Until::Before(time, bounds.last_sequence),
        };
        ends.push((stream, until));
        if stream != READ_BY_TOOLS && bounds.first_sequence > 1 {
            cut.push(stream);
        }
    }
    Ok((ends, cut))
}

async fn find(active: &PgPool, schema: &str) -> Result<Option<(i32, bool)>, sqlx::Error> {
    sqlx::query_as("SELECT id, built_at IS NOT NULL FROM projection_generations WHERE schema_name = $1")
        .bind(schema)
        .fetch_optional(active)
        .await
}

/// Refuses whatever would be written, but for an erasure.
async fn close(database: &PgPool) -> Result<(), sqlx::Error> {
    let closed: Vec<String> = TABLES
        .iter()
        .map(|table| {
            format!(
                "CREATE TRIGGER as_it_was BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
                 FOR EACH STATEMENT EXECUTE FUNCTION infragpt_as_it_was();"
            )
        })
        .collect();
    let statements = format!(
        "CREATE FUNCTION infragpt_as_it_was() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF current_setting('infragpt.erasing', true) IS DISTINCT FROM 'on' THEN
                 RAISE EXCEPTION 'this is how it was: it can only be read' USING ERRCODE = 'read_only_sql_transaction';
             END IF;
             RETURN NULL;
         END
         $$; {}",
        closed.concat()
    );
    schema::execute(database, statements).await
}

/// Drops the schema that [`as_of`] made.
///
/// # Errors
/// [`Error::Unknown`] where there is none.
pub async fn drop_as_of(url: &SecretString, moment: Moment) -> Result<String, Error> {
    let active = database::connect(url, "infragpt as-of")?;
    check_migrations(&active).await?;
    let exclusive = Exclusive::acquire(url).await?;
    let schema = name(moment);
    let Some((id, _)) = find(&active, &schema).await? else {
        let there = registry::list(&active).await?;
        let nearest = there.into_iter().filter(|generation| generation.state == State::AsOf);
        return Err(Error::Unknown {
            what: "schema",
            name: schema,
            nearest: nearest.filter_map(|generation| generation.schema).next_back(),
        });
    };
    registry::forget(&active, id, &schema).await?;
    exclusive.release().await;
    active.close().await;
    Ok(schema)
}
