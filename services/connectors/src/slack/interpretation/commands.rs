//! What somebody typed as `/infragpt …`.

use infragpt_events::{
    channel::ChannelCommand,
    conversation::{Addressed, Author, Message},
};
use infragpt_nats::Received;

use super::{Action, Address, Interpretation, act_in, place, spot};
use crate::slack::payload::Command;

/// A slash command. What is none of ours is a question, as `ask` is: only its author sees the answer.
pub(super) fn typed(command: &Command, received: &Received) -> Interpretation {
    let accounts: Vec<&str> = command
        .team_id
        .iter()
        .chain(&command.enterprise_id)
        .map(String::as_str)
        .collect();
    let Some(account) = accounts.first().copied() else {
        return Interpretation::Nothing("it names no workspace");
    };
    let text = command.text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let app = Some(rest.trim()).filter(|app| !app.is_empty()).map(str::to_owned);
    let (spot, by) = (spot(account, &command.channel_id), command.user_id.clone());
    let action = match word.to_lowercase().as_str() {
        "watch" => Action::Watch(spot.clone(), ChannelCommand::Watch { spot, app, by }),
        "unwatch" => Action::Watch(spot.clone(), ChannelCommand::Unwatch { spot, app, by }),
        "ask" => ask(command, account, rest, received),
        "" => ask(command, account, "help", received),
        "connect" => ask(command, account, "which integrations are connected?", received),
        _ => ask(command, account, text, received),
    };
    act_in(&accounts, Some(&command.user_id), false, action)
}

/// A command has no message of its own, so the fact's identifier stands for one.
fn ask(command: &Command, account: &str, question: &str, received: &Received) -> Action {
    let id = received.envelope.id.clone();
    Action::Converse {
        place: place(account, &command.channel_id, &id),
        message: Message {
            id,
            author: Author {
                id: command.user_id.clone(),
                name: None,
            },
            text: question.trim().to_owned(),
            sent_at: received.published,
        },
        address: Address::Ours(Addressed::Command),
        is_private: Some(true),
        root: true,
    }
}
