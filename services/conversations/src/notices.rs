//! What people are told after they did something: that a thread is quiet now, where an answer came from.

use infragpt_events::{
    DomainEvent as _,
    channel::ChannelEvent,
    conversation::{Conversation, ConversationEvent, Place, Verdict},
};
use infragpt_nats::{
    AggregateSubject, Connection, DecodedEvent, EventStore, Handler, HandlerError, Received, Route, decode_event,
};

use crate::{
    connector::{self, Chat},
    words,
};

/// What somebody is asked who did not like an answer.
const WHAT_WAS_WRONG: &str = "Thank you for saying so. What was wrong with it? Write `feedback: …` in the thread, and it is kept with the answer.";

/// Handles what people did.
#[derive(Debug)]
pub(crate) struct Notices {
    pub connection: Connection,
    pub store: EventStore,
}

impl Handler for Notices {
    fn route(&self, received: &Received) -> Route {
        let token = |index| received.token(index).unwrap_or_default().to_owned();
        Route {
            key: token(3),
            tenant: token(2),
        }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let told = if received.token(1) == Some(ChannelEvent::AGGREGATE) {
            self.channel(&received).await
        } else {
            self.conversation(&received).await
        };
        match told {
            Err(Untold::Chat(connector::Error::Refused(reason))) => {
                tracing::info!(subject = received.subject, "Nobody can be told there: {reason}");
                Ok(())
            }
            Err(Untold::Decode(error)) => Err(HandlerError::discard(error)),
            Err(error) => Err(HandlerError::retry(error)),
            Ok(()) => Ok(()),
        }
    }
}

/// Why nobody was told.
#[derive(Debug, thiserror::Error)]
enum Untold {
    #[error("the message is no event that somebody is told of")]
    Decode(#[from] infragpt_nats::DecodeFailure),
    #[error("the conversation can't be loaded")]
    Load(#[from] infragpt_nats::event_store::Error),
    #[error("the chat can't be reached")]
    Chat(#[from] connector::Error),
}

impl Notices {
    async fn channel(&self, received: &Received) -> Result<(), Untold> {
        let decoded = decode_event::<ChannelEvent>(received)?;
        let spot = match &decoded.event {
            ChannelEvent::Watched(event) => &event.spot,
            ChannelEvent::Unwatched(event) => &event.spot,
            ChannelEvent::AlertsWatched(event) => &event.spot,
            ChannelEvent::AlertsUnwatched(event) => &event.spot,
        };
        let chat = Chat {
            connection: &self.connection,
            organization: &decoded.organization,
            connector: &spot.connector,
            account: &spot.account,
            channel: &spot.channel,
            thread: None,
        };
        let (by, text) = words::watched(&decoded.event);
        Ok(chat.tell(by, &text).await?)
    }

    async fn conversation(&self, received: &Received) -> Result<(), Untold> {
        let decoded = decode_event::<ConversationEvent>(received)?;
        if let ConversationEvent::Muted(_) | ConversationEvent::Unmuted(_) = &decoded.event {
            let text = words::note(&decoded.event).unwrap_or_default();
            return self.say(received, &decoded, text).await;
        }
        match &decoded.event {
            ConversationEvent::FeedbackGiven(given) if given.verdict == Verdict::Bad && given.comment.is_none() => {
                let Some(place) = self.load(&decoded).await?.place().cloned() else {
                    return Ok(());
                };
                let chat = Chat::at(&self.connection, &decoded.organization, &place);
                Ok(chat.tell(&given.by, WHAT_WAS_WRONG).await?)
            }
            ConversationEvent::ExplanationRequested(requested) => {
                let subject = AggregateSubject::new::<Conversation>(&decoded.organization, decoded.aggregate_id);
                let conversation = self.load(&decoded).await?;
                let history = self.store.history::<Conversation>(&subject).await?;
                let Some(turn) = conversation.turn(requested.answer_id) else {
                    return Ok(());
                };
                let text = words::explanation(turn, &history);
                self.say(received, &decoded, &text).await
            }
            _ => Ok(()),
        }
    }

    async fn say(
        &self,
        received: &Received,
        decoded: &DecodedEvent<ConversationEvent>,
        text: &str,
    ) -> Result<(), Untold> {
        let place: Option<Place> = match &decoded.event {
            ConversationEvent::Muted(muted) => Some(muted.place.clone()),
            ConversationEvent::Unmuted(unmuted) => Some(unmuted.place.clone()),
            _ => self.load(decoded).await?.place().cloned(),
        };
        let Some(place) = place else { return Ok(()) };
        let chat = Chat::at(&self.connection, &decoded.organization, &place);
        chat.say(&received.envelope.id, text, received.delivered != 1).await?;
        Ok(())
    }

    async fn load(&self, decoded: &DecodedEvent<ConversationEvent>) -> Result<Conversation, Untold> {
        let subject = AggregateSubject::new::<Conversation>(&decoded.organization, decoded.aggregate_id);
        Ok(self.store.load::<Conversation>(&subject).await?.state)
    }
}
