//! Administrators change the rules.

use super::{
    event::{Approvers, Changed, PolicyEvent, Rules},
    state::Policy,
};
use crate::Aggregate;

/// The most people who can be named.
const MOST_PEOPLE: usize = 200;

/// The longest identifier of a person.
const LONGEST_NAME: usize = 64;

/// The most days that can be named: a hundred years.
const MOST_DAYS: u32 = 36_500;

/// What the rules can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyCommand {
    /// Be these.
    Change(Rules),
}

/// Why rules are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing could ever be approved.
    #[error("name at least one person who may approve, or allow anyone")]
    NobodyMayApprove,
    /// It is no identifier, so nobody could be it.
    #[error("people are named by their identifiers in the chat: 1 to {LONGEST_NAME} letters and digits")]
    NotAPerson,
    /// More people than can be named.
    #[error("at most {MOST_PEOPLE} people can be named")]
    TooMany,
    /// Everything would be forgotten at once, or nobody would live to see it.
    #[error("what was said is told for 1 to {MOST_DAYS} days")]
    NoRetention,
}

impl Aggregate for Policy {
    type Event = PolicyEvent;
    type Command = PolicyCommand;
    type Error = Refusal;

    fn decide(&self, command: PolicyCommand) -> Result<Vec<PolicyEvent>, Refusal> {
        let PolicyCommand::Change(rules) = command;
        if let Approvers::Listed(people) = &rules.approvers {
            if people.is_empty() {
                return Err(Refusal::NobodyMayApprove);
            }
            if people.len() > MOST_PEOPLE {
                return Err(Refusal::TooMany);
            }
            if !people.iter().all(|person| is_identifier(person)) {
                return Err(Refusal::NotAPerson);
            }
        }
        if rules
            .retention_days
            .is_some_and(|days| !(1..=MOST_DAYS).contains(&days))
        {
            return Err(Refusal::NoRetention);
        }
        if rules == self.rules {
            return Ok(vec![]);
        }
        Ok(vec![Changed { rules }.into()])
    }

    fn evolve(self, event: &PolicyEvent) -> Self {
        Self::after(event)
    }
}

fn is_identifier(person: &str) -> bool {
    (1..=LONGEST_NAME).contains(&person.len()) && person.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::given;

    fn rules() -> Rules {
        Rules {
            shared_channels: true,
            approvers: Approvers::Listed(BTreeSet::from(["U1".to_owned()])),
            retention_days: Some(90),
        }
    }

    #[test]
    fn rules_change_when_they_are_others() {
        let changed = PolicyEvent::from(Changed { rules: rules() });
        given::<Policy>([])
            .when(PolicyCommand::Change(rules()))
            .then([changed.clone()]);
        given::<Policy>([changed])
            .when(PolicyCommand::Change(rules()))
            .then_nothing();
        given::<Policy>([])
            .when(PolicyCommand::Change(Rules::default()))
            .then_nothing();
    }

    #[test]
    fn rules_that_nobody_could_live_with_are_refused() {
        let listed = |people: BTreeSet<String>| {
            PolicyCommand::Change(Rules {
                approvers: Approvers::Listed(people),
                ..rules()
            })
        };
        given::<Policy>([])
            .when(listed(BTreeSet::new()))
            .then_refused(Refusal::NobodyMayApprove);
        given::<Policy>([])
            .when(listed((0..=MOST_PEOPLE).map(|number| number.to_string()).collect()))
            .then_refused(Refusal::TooMany);
        for nobody in ["", " ", "@maya", &"U".repeat(LONGEST_NAME + 1)] {
            given::<Policy>([])
                .when(listed(BTreeSet::from([nobody.to_owned()])))
                .then_refused(Refusal::NotAPerson);
        }
        given::<Policy>([])
            .when(PolicyCommand::Change(Rules {
                retention_days: Some(0),
                ..rules()
            }))
            .then_refused(Refusal::NoRetention);
    }

    #[test]
    fn approvers_are_who_is_listed_or_everybody() {
        let changed = PolicyEvent::from(Changed { rules: rules() });
        let policy = given::<Policy>([changed]).state;
        assert!(policy.may_approve("U1") && !policy.may_approve("U2"));
        assert!(Policy::default().may_approve("U2"));
    }
}
