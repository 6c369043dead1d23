//! What somebody pressed.

use infragpt_events::conversation::{ConversationCommand, ExplanationRequested, FeedbackGiven, Verdict};
use uuid::Uuid;

use super::{Action, Interpretation, act_in, place, spot};
use crate::slack::{outbound::buttons, payload::Pressed};

/// Somebody pressed one of our buttons.
pub(super) fn pressed(pressed: &Pressed) -> Interpretation {
    let enterprise = pressed.enterprise.as_ref().map(|enterprise| enterprise.id.as_str());
    let team = pressed.team.as_ref().map(|team| team.id.as_str());
    let accounts: Vec<&str> = team.into_iter().chain(enterprise).collect();
    let Some(account) = accounts.first().copied() else {
        return Interpretation::Nothing("it names no workspace");
    };
    let container = pressed.container.as_ref();
    let channel = pressed
        .channel
        .as_ref()
        .map(|channel| &channel.id)
        .or_else(|| container.and_then(|container| container.channel_id.as_ref()));
    let (Some(channel), Some(message)) = (channel, &pressed.message) else {
        return Interpretation::Nothing("it was pressed outside of a message");
    };
    let thread = message
        .thread_ts
        .as_ref()
        .or_else(|| container.and_then(|container| container.thread_ts.as_ref()));
    let place = place(account, channel, thread.unwrap_or(&message.ts));
    let by = &pressed.user.id;
    let meant = pressed.actions.iter().find_map(|button| {
        let value = button.value.as_deref()?;
        let id = |value: &str| Uuid::try_parse(value).ok();
        Some(match button.action_id.as_str() {
            buttons::FEEDBACK => {
                let (verdict, answer) = value.split_once(':')?;
                let verdict = match verdict {
                    "good" => Verdict::Good,
                    "bad" => Verdict::Bad,
                    _ => return None,
                };
                let given = FeedbackGiven {
                    answer_id: id(answer)?,
                    by: by.clone(),
                    verdict,
                    comment: None,
                };
                Meant::Steer(ConversationCommand::GiveFeedback(given))
            }
            buttons::STOP => Meant::Steer(ConversationCommand::Stop {
                by: by.clone(),
                answer_id: Some(id(value)?),
            }),
            buttons::EXPLAIN => Meant::Steer(ConversationCommand::Explain(ExplanationRequested {
                answer_id: id(value)?,
                by: by.clone(),
            })),
            buttons::APPROVE => Meant::Decide(id(value)?, true),
            buttons::DENY => Meant::Decide(id(value)?, false),
            _ => return None,
        })
    });
    let action = match meant {
        Some(Meant::Steer(command)) => Action::Steer { place, command },
        Some(Meant::Decide(action, approve)) => Action::Decide {
            action,
            approve,
            by: by.clone(),
            spot: spot(account, channel),
        },
        None => return Interpretation::Nothing("its button means nothing to us"),
    };
    let is_foreign = pressed.user.team_id.as_deref().is_some_and(|team| team != account);
    act_in(&accounts, Some(by), is_foreign, action)
}

enum Meant {
    Steer(ConversationCommand),
    Decide(Uuid, bool),
}
