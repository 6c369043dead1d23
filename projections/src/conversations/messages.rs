//! Writes `conversation_messages`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::conversation::{ConversationEvent, Message};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Recorded, column};

pub(super) async fn apply(
    connection: &mut PgConnection,
    events: &[Recorded<ConversationEvent>],
) -> Result<(), sqlx::Error> {
    let mut rows: BTreeMap<Key<'_>, Row<'_>> = BTreeMap::new();
    for event in events {
        for (answer_id, answer) in answers(event) {
            let key = (event.organization.as_str(), event.aggregate, answer_id);
            let received = match &event.event {
                ConversationEvent::AnswerRequested(requested) => Some((&requested.message, event.sequence)),
                _ => rows.get(&key).and_then(|row| row.received),
            };
            rows.insert(
                key,
                Row {
                    received,
                    answer,
                    sequence: event.sequence,
                },
            );
        }
    }
    let (mut received, mut answered) = (Messages::default(), Answers::default());
    for (key, row) in &rows {
        match row.received {
            Some((message, sequence)) => received.push(*key, message, sequence, row),
            None => answered.push(*key, row),
        }
    }
    answered.update(connection).await?;
    received.upsert(connection).await?;
    edit(connection, events).await
}

/// What authors changed or took back. It is rare, so each is written by itself.
async fn edit(connection: &mut PgConnection, events: &[Recorded<ConversationEvent>]) -> Result<(), sqlx::Error> {
    for event in events {
        let (message_id, text) = match &event.event {
            ConversationEvent::MessageEdited(edited) => (&edited.message_id, edited.text.as_str()),
            ConversationEvent::MessageDeleted(deleted) => (&deleted.message_id, ""),
            _ => continue,
        };
        sqlx::query!(
            "UPDATE conversation_messages SET text = $4
             WHERE organization_id = $1 AND conversation_id = $2 AND message_id = $3",
            event.organization.as_str(),
            event.aggregate,
            column::text(message_id),
            column::text(text),
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Organization, conversation, answer.
type Key<'a> = (&'a str, Uuid, Uuid);

/// What a batch makes of one message. Without the message in the batch, only the answer of a row that is there.
struct Row<'a> {
    received: Option<(&'a Message, u64)>,
    answer: Answer<'a>,
    sequence: u64,
}

#[derive(Default)]
struct Answer<'a> {
    state: &'static str,
    text: Option<&'a str>,
    reason: Option<&'a str>,
    posted_id: Option<&'a str>,
    agent: Option<&'a str>,
    answered_at: Option<DateTime<Utc>>,
}

/// The answers that an event says something of, and what.
fn answers(event: &Recorded<ConversationEvent>) -> Vec<(Uuid, Answer<'_>)> {
    let state = |state| Answer {
        state,
        ..Answer::default()
    };
    let ended = |state| Answer {
        state,
        answered_at: Some(event.time),
        ..Answer::default()
    };
    match &event.event {
        ConversationEvent::AnswerRequested(requested) => vec![(requested.answer_id, state("requested"))],
        ConversationEvent::AnswerPosted(posted) => vec![(
            posted.answer_id,
            Answer {
                text: Some(&posted.text),
                posted_id: Some(&posted.posted_id),
                agent: Some(&posted.agent),
                ..ended("posted")
            },
        )],
        ConversationEvent::AnswerFailed(failed) => vec![(
            failed.answer_id,
            Answer {
                reason: Some(&failed.reason),
                posted_id: failed.posted_id.as_deref(),
                ..ended("failed")
            },
        )],
        ConversationEvent::AnswerMerged(merged) => vec![(merged.answer_id, ended("merged"))],
        ConversationEvent::Stopped(stopped) => {
            let answers = stopped.answers.iter();
            answers.map(|answer_id| (*answer_id, ended("stopped"))).collect()
        }
        ConversationEvent::AnswerDrafted(_)
        | ConversationEvent::Muted(_)
        | ConversationEvent::Unmuted(_)
        | ConversationEvent::FeedbackGiven(_)
        | ConversationEvent::ExplanationRequested(_)
        | ConversationEvent::MessageEdited(_)
        | ConversationEvent::MessageDeleted(_) => vec![],
    }
}

#[derive(Default)]
struct Answers {
    organization_id: Vec<String>,
    conversation_id: Vec<Uuid>,
    answer_id: Vec<Uuid>,
    state: Vec<String>,
    text: Vec<Option<String>>,
    reason: Vec<Option<String>>,
    posted_id: Vec<Option<String>>,
    agent: Vec<Option<String>>,
    answered_at: Vec<Option<DateTime<Utc>>>,
    sequence: Vec<i64>,
}

impl Answers {
    fn push(&mut self, (organization, conversation, answer): Key<'_>, row: &Row<'_>) {
        self.organization_id.push(organization.to_owned());
        self.conversation_id.push(conversation);
        self.answer_id.push(answer);
        self.state.push(row.answer.state.to_owned());
        self.text.push(column::optional(row.answer.text));
        self.reason.push(column::optional(row.answer.reason));
        self.posted_id.push(column::optional(row.answer.posted_id));
        self.agent.push(column::optional(row.answer.agent));
        self.answered_at.push(row.answer.answered_at.map(column::time));
        self.sequence.push(column::sequence(row.sequence));
    }

    async fn update(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.answer_id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE conversation_messages AS old
             SET answer_state = new.state, answer_text = new.text, answer_reason = new.reason, posted_id = new.posted_id,
                 agent = new.agent, answered_at = new.answered_at, sequence = new.sequence
             FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                  $9::timestamptz[], $10::bigint[])
                  AS new (organization_id, conversation_id, answer_id, state, text, reason, posted_id, agent, answered_at,
                          sequence)
             WHERE old.organization_id = new.organization_id AND old.conversation_id = new.conversation_id
                   AND old.answer_id = new.answer_id AND old.sequence < new.sequence",
            &self.organization_id,
            &self.conversation_id,
            &self.answer_id,
            &self.state,
            &self.text as &[Option<String>],
            &self.reason as &[Option<String>],
            &self.posted_id as &[Option<String>],
            &self.agent as &[Option<String>],
            &self.answered_at as &[Option<DateTime<Utc>>],
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
struct Messages {
    message_id: Vec<String>,
    author_id: Vec<String>,
    author_name: Vec<Option<String>>,
    text: Vec<String>,
    sent_at: Vec<DateTime<Utc>>,
    received: Vec<i64>,
    answers: Answers,
}

impl Messages {
    fn push(&mut self, key: Key<'_>, message: &Message, received: u64, row: &Row<'_>) {
        self.message_id.push(column::text(&message.id));
        self.author_id.push(column::text(&message.author.id));
        self.author_name.push(column::optional(message.author.name.as_deref()));
        self.text.push(column::text(&message.text));
        self.sent_at.push(column::time(message.sent_at));
        self.received.push(column::sequence(received));
        self.answers.push(key, row);
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.message_id.is_empty() {
            return Ok(());
        }
        let answers = &self.answers;
        sqlx::query!(
            "INSERT INTO conversation_messages
                 (organization_id, conversation_id, answer_id, message_id, author_id, author_name, text, sent_at, received,
                  answer_state, answer_text, answer_reason, posted_id, agent, answered_at, sequence)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::timestamptz[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                  $15::timestamptz[], $16::bigint[])
             ON CONFLICT (organization_id, conversation_id, answer_id) DO UPDATE SET
                 message_id = excluded.message_id, author_id = excluded.author_id, author_name = excluded.author_name,
                 text = excluded.text, sent_at = excluded.sent_at, received = excluded.received,
                 answer_state = excluded.answer_state, answer_text = excluded.answer_text,
                 answer_reason = excluded.answer_reason, posted_id = excluded.posted_id, agent = excluded.agent,
                 answered_at = excluded.answered_at, sequence = excluded.sequence
             WHERE conversation_messages.sequence < excluded.sequence",
            &answers.organization_id,
            &answers.conversation_id,
            &answers.answer_id,
            &self.message_id,
            &self.author_id,
            &self.author_name as &[Option<String>],
            &self.text,
            &self.sent_at,
            &self.received,
            &answers.state,
            &answers.text as &[Option<String>],
            &answers.reason as &[Option<String>],
            &answers.posted_id as &[Option<String>],
            &answers.agent as &[Option<String>],
            &answers.answered_at as &[Option<DateTime<Utc>>],
            &answers.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
