//! Erasing a person.

use infragpt_events::{
    OrganizationId,
    user::{self, Erased, User, UserCommand, UserEvent},
};
use infragpt_nats::{AggregateSubject, Cause, Erasable, Origin, Received, decode_event};

use crate::{
    connections::ACTOR, context::Context, error::Error, organization::MOST_SWEEPS, payload, progress::Progress,
    quiet::Quiet,
};

impl Context {
    /// Does what there is to do until the person is erased.
    pub async fn erase_person(&self, deletion: &Received, progress: &mut Progress) -> Result<(), Error> {
        let decoded = decode_event::<UserEvent>(deletion)?;
        let UserEvent::Deleted(deleted) = decoded.event else {
            return Err(Error::NotDeleted);
        };
        let user = deleted.user;
        let subject = AggregateSubject::new::<User>(&OrganizationId::nobody(), user::id(&user));
        let state = self.store.load::<User>(&subject).await?.state;
        if !state.is_deleted() {
            return Err(Error::NotDeleted);
        }
        let is_erased = state == User::Erased;
        if !is_erased {
            progress.quiet = self.wait(std::mem::take(&mut progress.quiet)).await?;
        }
        let mut is_all = false;
        for _ in 0..MOST_SWEEPS {
            let swept = self.sweep_person(&user, &subject, progress).await?;
            is_all = swept.is_all;
            if swept.count == 0 {
                break;
            }
        }
        if !is_erased {
            if progress.quiet != Quiet::Nobody || !is_all {
                return Err(Error::NotQuiet(self.until_next_look(&progress.quiet)));
            }
            self.record_person(user.clone(), &subject, deletion, progress).await?;
        }
        tracing::info!(
            user.id = user,
            events = progress.events,
            facts = progress.facts,
            "Erased person `{user}`: {} events and {} facts",
            progress.events,
            progress.facts
        );
        Ok(())
    }

    async fn sweep_person(
        &self,
        user: &str,
        subject: &AggregateSubject,
        progress: &mut Progress,
    ) -> Result<Swept, Error> {
        // What is said of an organization may name a person, and matter to the organization: it is erased once it was heard.
        // However long that takes: it may say who is no administrator any more.
        let handled = self.eraser.handled("RAW_CLERK", "clerk_handler").await?;
        let heard = handled.map_or(0, |handled| handled.up_to);
        let mut is_all = true;
        let is_meant = |fact: &Erasable| {
            let is_heard = fact.subject.starts_with("raw.clerk.-.") || fact.sequence <= heard;
            let is_about = payload::has(user, &fact.payload);
            is_all &= is_heard || !is_about;
            is_heard && is_about
        };
        let facts = self
            .sweep("RAW_CLERK", "raw.clerk.>", is_meant, |fact| {
                progress.facts += 1;
                progress.note("RAW_CLERK", fact.sequence);
            })
            .await?;
        let is_named = |letter: &Erasable| payload::has(user, &letter.payload);
        let letters = self
            .sweep("DEAD_LETTERS", "dead.RAW_CLERK.*.raw.clerk.>", is_named, |_| {
                progress.facts += 1;
            })
            .await?;
        let own = subject.all();
        let is_meant = |event: &Erasable| !event.subject.ends_with(".deleted") && !event.subject.ends_with(".erased");
        let own_letters = format!("dead.EVENTS.*.{own}");
        let mut events = self.sweep("EVENTS", &own, is_meant, |_| progress.events += 1).await?;
        events += self
            .sweep("DEAD_LETTERS", &own_letters, |_| true, |_| progress.events += 1)
            .await?;
        Ok(Swept {
            count: facts + letters + events,
            is_all,
        })
    }

    /// Appends `erased`, once.
    async fn record_person(
        &self,
        user: String,
        subject: &AggregateSubject,
        deletion: &Received,
        progress: &Progress,
    ) -> Result<(), Error> {
        let now = self.now();
        let erased = Erased {
            user,
            events: progress.events,
            facts: progress.facts,
            erased: progress.listed(now),
        };
        let cause = Cause {
            time: now,
            origin: Origin::default(),
            ..Cause::of(deletion, ACTOR)
        };
        self.store
            .execute::<User>(subject, &cause, UserCommand::Erase(erased))
            .await?;
        Ok(())
    }
}

/// What came of a sweep.
struct Swept {
    /// How many were erased.
    count: u64,
    /// Whether none had to be left for the next time.
    is_all: bool,
}
