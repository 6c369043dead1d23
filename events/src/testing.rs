//! `given([..]).when(..).then([..])`: a decision's test as one sentence.

use std::fmt::Debug;

use crate::{Aggregate, DomainEvent};

/// The state after `events`, as it would be loaded from the log: through the stored form of every event.
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    let state = events.into_iter().fold(A::default(), |state, event| {
        let stored = event.payload().to_string();
        let event = A::Event::decode(event.name(), event.version(), stored.as_bytes()).expect("an event reads back");
        state.evolve(&event)
    });
    Given { state }
}

pub struct Given<A: Aggregate> {
    pub state: A,
}

impl<A: Aggregate> Given<A> {
    pub fn when(self, command: A::Command) -> When<A> {
        When {
            decided: self.state.decide(command),
        }
    }
}

pub struct When<A: Aggregate> {
    decided: Result<Vec<A::Event>, A::Error>,
}

impl<A: Aggregate> When<A>
where
    A::Error: Debug + PartialEq,
{
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = A::Event>) {
        assert_eq!(self.decided, Ok(expected.into_iter().collect::<Vec<_>>()));
    }

    #[track_caller]
    pub fn then_nothing(self) {
        self.then([]);
    }

    #[track_caller]
    pub fn then_refused(self, expected: A::Error) {
        assert_eq!(self.decided, Err(expected));
    }
}
