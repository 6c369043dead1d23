//! A stored message, read.

use async_nats::HeaderMap;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use infragpt_events::{DecodeError, DomainEvent, OrganizationId};
use uuid::Uuid;

use crate::envelope::{self, Envelope};

/// A CloudEvent as a stream holds it.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its attributes.
    pub envelope: Envelope,
    /// Its data, byte for byte as it was published.
    pub payload: Bytes,
    /// The stream that holds it.
    pub stream: String,
    /// The subject that it was published on.
    pub subject: String,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// When the stream stored it, in the server's clock.
    pub published: DateTime<Utc>,
    /// How often it was delivered to this consumer, from 1; 0 when it was read without one.
    pub delivered: u64,
}

/// A domain event with the place that its subject gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedEvent<E> {
    /// Whose it is.
    pub organization: OrganizationId,
    /// The aggregate that decided it.
    pub aggregate_id: Uuid,
    /// What happened.
    pub event: E,
}

/// A stored message that is not the event it was taken for.
#[derive(Debug, thiserror::Error)]
pub enum DecodeFailure {
    /// The subject isn't `events.<aggregate>.<organization>.<id>.<event type>`.
    #[error("`{0}` is not the subject of such an event")]
    Subject(String),
    /// The type isn't `dev.infragpt.<aggregate>.<event>.v<n>`, or contradicts the subject.
    #[error("type `{kind}` does not belong on subject `{subject}`")]
    Type {
        /// The CloudEvents type.
        kind: String,
        /// The subject.
        subject: String,
    },
    /// This build can't read the payload.
    #[error(transparent)]
    Event(#[from] DecodeError),
}

impl Received {
    pub(crate) fn from_message(message: &async_nats::jetstream::Message) -> Result<(Self, Delivery), ReadError> {
        let info = message.info().map_err(|error| ReadError::Metadata(error.to_string()))?;
        let delivery = Delivery {
            stream: info.stream.to_owned(),
            sequence: info.stream_sequence,
            consumer_sequence: info.consumer_sequence,
            delivered: u64::try_from(info.delivered).unwrap_or(1),
            published: info.published,
        };
        let empty = HeaderMap::new();
        let headers = message.headers.as_ref().unwrap_or(&empty);
        let (envelope, payload) =
            Envelope::read_stored(headers, 0, &message.payload).map_err(|source| ReadError::Envelope {
                delivery: Box::new(delivery.clone()),
                source,
            })?;
        let received = Self {
            envelope,
            payload,
            stream: delivery.stream.clone(),
            subject: message.subject.to_string(),
            sequence: delivery.sequence,
            published: delivery.published,
            delivered: delivery.delivered,
        };
        Ok((received, delivery))
    }

    /// What was heard on its way to a stream, if it is a CloudEvent.
    pub(crate) fn overheard(message: async_nats::Message) -> Option<Self> {
        let headers = message.headers.unwrap_or_default();
        let (envelope, payload) = Envelope::read(&headers, &message.payload).ok()?;
        Some(Self {
            published: envelope.time.unwrap_or_default(),
            envelope,
            payload,
            stream: String::new(),
            subject: message.subject.to_string(),
            sequence: 0,
            delivered: 0,
        })
    }

    /// The token of the subject at `index`, from 0.
    pub fn token(&self, index: usize) -> Option<&str> {
        self.subject.split('.').nth(index)
    }
}

/// What JetStream says about one delivery.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub stream: String,
    pub sequence: u64,
    pub consumer_sequence: u64,
    pub delivered: u64,
    pub published: DateTime<Utc>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("a message without JetStream's metadata: {0}")]
    Metadata(String),
    #[error("message {} of {} is no CloudEvent", delivery.sequence, delivery.stream)]
    Envelope {
        delivery: Box<Delivery>,
        #[source]
        source: envelope::Error,
    },
}

/// Reads a domain event of `E`'s aggregate.
///
/// # Errors
/// [`DecodeFailure`] when the message isn't one that this build knows.
pub fn decode_event<E: DomainEvent>(received: &Received) -> Result<DecodedEvent<E>, DecodeFailure> {
    let subject = || DecodeFailure::Subject(received.subject.clone());
    let [root, aggregate, organization, id, name] = received.subject.split('.').collect::<Vec<_>>()[..] else {
        return Err(subject());
    };
    if root != "events" || aggregate != E::AGGREGATE {
        return Err(subject());
    }
    let organization = OrganizationId::parse(organization).map_err(|_| subject())?;
    let aggregate_id = Uuid::try_parse(id).map_err(|_| subject())?;
    let version = event_version(&received.envelope.kind, aggregate, name).ok_or_else(|| DecodeFailure::Type {
        kind: received.envelope.kind.clone(),
        subject: received.subject.clone(),
    })?;
    Ok(DecodedEvent {
        organization,
        aggregate_id,
        event: E::decode(name, version, &received.payload)?,
    })
}

/// The version at the end of `dev.infragpt.<aggregate>.<name>.v<n>`.
fn event_version(kind: &str, aggregate: &str, name: &str) -> Option<u32> {
    let rest = kind
        .strip_prefix("dev.infragpt.")?
        .strip_prefix(aggregate)?
        .strip_prefix('.')?;
    rest.strip_prefix(name)?.strip_prefix(".v")?.parse().ok()
}

/// `dev.infragpt.<aggregate>.<name>.v<n>`
pub(crate) fn event_type<E: DomainEvent>(event: &E) -> String {
    format!("dev.infragpt.{}.{}.v{}", E::AGGREGATE, event.name(), event.version())
}
