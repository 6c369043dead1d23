//! An answer while it is being found: people see at once that somebody works on it, then what, then its first words.

use std::{future::pending, time::Duration};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture};
use infragpt_events::conversation::{AnswerDrafted, Audience, Conversation, ConversationCommand};
use infragpt_nats::{
    Cause,
    agent::{Ask, Proposal, Step},
};
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    agent::{self, Reading, Reply},
    connector::{self, Chat, Draft, Shown},
    handler::{Question, Questions},
    running::Answering,
};

/// Who answers sooner needs no status.
const STATUS_AFTER: Duration = Duration::from_millis(120);

/// Who answers sooner needs no draft.
const DRAFT_AFTER: Duration = Duration::from_millis(500);

/// Chats allow about one change a second.
const DRAFT_EVERY: Duration = Duration::from_millis(900);

/// What is said while nothing is known yet.
const THINKING: &str = "is looking into it…";

/// How long what was begun in the chat may take after the answer came.
const GRACE: Duration = Duration::from_secs(10);

/// What came of following an answer.
#[derive(Debug)]
pub(crate) struct Followed {
    /// The reply; none where somebody stopped it.
    pub reply: Option<Reply>,
    /// The pieces that had come.
    pub pieces: String,
    /// What the agent wants people to allow.
    pub proposals: Vec<Proposal>,
    /// What stands in the thread of it.
    pub draft: Option<Draft>,
    /// Whether something may stand there that nobody knows the name of.
    pub is_uncertain: bool,
    /// The status that has to be taken away.
    pub status: Option<Shown>,
}

/// What is going on in the chat at the side.
struct Surface<'question> {
    chat: Chat<'question>,
    question: &'question Question,
    questions: &'question Questions,
    cause: &'question Cause,
    status: Option<BoxFuture<'question, Option<Shown>>>,
    shown: Option<Shown>,
    draft: Option<Draft>,
    drafting: Option<BoxFuture<'question, Result<Draft, connector::Error>>>,
    /// What the last draft said: how long a text, and how many steps in which state.
    drafted: (usize, Vec<Step>),
    next_draft: Option<Instant>,
    is_uncertain: bool,
}

impl Questions {
    /// Asks, shows what is going on, and returns when the answer is there, somebody stops it, or the time is over.
    pub(crate) async fn follow(
        &self,
        question: &Question,
        ask: &Ask,
        cause: &Cause,
        answering: &Answering,
    ) -> Followed {
        let place = &question.requested.place;
        let begun = Instant::now();
        let is_seen = question.requested.audience == Audience::Thread;
        let mut surface = Surface {
            chat: Chat::at(&self.connection, &question.organization, place),
            question,
            questions: self,
            cause,
            status: None,
            shown: None,
            draft: None,
            drafting: None,
            drafted: (0, Vec::new()),
            // Somebody may have begun to write before: that is found, and made whole, when the answer is posted.
            next_draft: (is_seen && !question.repeated).then(|| begun + DRAFT_AFTER),
            is_uncertain: false,
        };
        let mut reading = Reading::default();
        let reply = match agent::ask(&self.connection, ask).await {
            Err(reply) => Some(reply),
            Ok(mut frames) => {
                let deadline = begun + self.settings.answer_within;
                let mut status_at = is_seen.then(|| begun + STATUS_AFTER);
                loop {
                    let (next_draft, is_behind) = (surface.next_draft, surface.is_behind(&reading));
                    tokio::select! {
                        biased;
                        () = answering.stopped.cancelled() => break None,
                        frame = frames.next() => if let Some(reply) = reading.take(frame) {
                            break Some(reply);
                        },
                        () = surface.progress() => {}
                        () = at(status_at) => {
                            status_at = None;
                            surface.show_status();
                        }
                        () = at(next_draft), if is_behind => surface.begin_draft(&reading),
                        () = sleep_until(deadline) => break Some(agent::too_late()),
                    }
                }
            }
        };
        surface.settle().await;
        Followed {
            reply,
            pieces: reading.text,
            proposals: reading.proposals,
            draft: surface.draft,
            is_uncertain: surface.is_uncertain,
            status: surface.shown,
        }
    }
}

impl Surface<'_> {
    fn show_status(&mut self) {
        let (chat, message) = (self.chat, &self.question.requested.message.id);
        self.status = Some(
            async move {
                let shown = chat.status(message, THINKING).await;
                shown
                    .inspect_err(|error| tracing::debug!(error = error as &dyn std::error::Error, "No status is shown"))
                    .ok()
            }
            .boxed(),
        );
    }

    /// Whether the agent has said more than the thread shows.
    fn is_behind(&self, reading: &Reading) -> bool {
        self.drafting.is_none()
            && !(reading.text.is_empty() && reading.steps.is_empty())
            && (reading.text.len() > self.drafted.0 || reading.steps != self.drafted.1)
    }

    fn begin_draft(&mut self, reading: &Reading) {
        self.drafted = (reading.text.len(), reading.steps.clone());
        let (text, steps) = (reading.text.clone(), reading.steps.clone());
        let (chat, draft, question) = (self.chat, self.draft.clone(), self.question);
        let (questions, cause) = (self.questions, self.cause);
        self.drafting = Some(
            async move {
                let requested = &question.requested;
                let author = &requested.message.author.id;
                let drafted = chat
                    .draft(requested.answer_id, author, (&text, &steps), draft.as_ref())
                    .await?;
                if draft.is_none() {
                    questions.note(question, cause, &drafted).await;
                }
                Ok(drafted)
            }
            .boxed(),
        );
    }

    /// Waits for what was begun in the chat; for ever, if nothing was.
    async fn progress(&mut self) {
        tokio::select! {
            shown = maybe(&mut self.status) => {
                self.status = None;
                self.shown = shown;
            }
            drafted = maybe(&mut self.drafting) => {
                self.drafting = None;
                self.take(drafted);
            }
        }
    }

    fn take(&mut self, drafted: Result<Draft, connector::Error>) {
        self.next_draft = Some(Instant::now() + DRAFT_EVERY);
        match drafted {
            Ok(draft) => self.draft = Some(draft),
            Err(connector::Error::NotPosted(_)) => self.drafted = (0, Vec::new()),
            Err(error) => {
                // What can't be drafted may still be posted, at the end.
                self.next_draft = None;
                self.is_uncertain |= self.draft.is_none() && matches!(error, connector::Error::Ambiguous(_));
                tracing::debug!(error = &error as &dyn std::error::Error, "An answer is not drafted");
            }
        }
    }

    /// Lets what was begun end, so that nothing of it comes after the answer.
    async fn settle(&mut self) {
        let rest = async {
            if let Some(drafting) = self.drafting.take() {
                let drafted = drafting.await;
                self.take(drafted);
            }
            if let Some(status) = self.status.take() {
                self.shown = status.await;
            }
        };
        if timeout(GRACE, rest).await.is_err() {
            self.is_uncertain |= self.draft.is_none();
        }
    }
}

impl Questions {
    /// Notes where the first words stand, so that whoever reacts to them is understood. An answer does not depend on it.
    async fn note(&self, question: &Question, cause: &Cause, draft: &Draft) {
        let drafted = AnswerDrafted {
            answer_id: question.requested.answer_id,
            posted_id: draft.posted_id.clone(),
        };
        let command = ConversationCommand::DraftAnswer(drafted);
        let cause = Cause {
            time: (self.clock)(),
            ..cause.clone()
        };
        if let Err(error) = self
            .store
            .execute::<Conversation>(&question.subject, &cause, command)
            .await
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "A draft is not noted");
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

async fn maybe<T>(future: &mut Option<BoxFuture<'_, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}
