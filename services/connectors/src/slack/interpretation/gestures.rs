//! What somebody did to a message, or opened.

use infragpt_events::conversation::{ConversationCommand, MessageDeleted, MessageEdited};

use super::{Action, Interpretation, Opened, Reaction, act, place, spot};
use crate::slack::{
    payload::{self, AssistantStarted, Callback, Deleted, Edited, HomeOpened},
    text,
};

/// Its author changed a message.
pub(super) fn edited(callback: &Callback<Edited>) -> Interpretation {
    let Edited {
        channel,
        message,
        previous_message,
    } = &callback.event;
    let (Some(user), None) = (&message.user, &message.bot_id) else {
        return Interpretation::Nothing("a bot wrote it");
    };
    let said = message.text.as_deref().unwrap_or_default();
    // Slack says so, too, when a reply comes or a link is unfurled.
    if previous_message
        .as_ref()
        .is_some_and(|before| before.text.as_deref() == Some(said))
    {
        return Interpretation::Nothing("its text is what it was");
    }
    let command = ConversationCommand::EditMessage(MessageEdited {
        message_id: message.ts.clone(),
        text: text::plain(said, callback.bot()),
    });
    steer(
        callback,
        user,
        (channel, message.thread_ts.as_deref().unwrap_or(&message.ts)),
        command,
    )
}

/// Its author took a message back.
pub(super) fn deleted(callback: &Callback<Deleted>) -> Interpretation {
    let Deleted {
        channel,
        ts,
        previous_message,
    } = &callback.event;
    let Some(before) = previous_message.as_ref().filter(|before| before.bot_id.is_none()) else {
        return Interpretation::Nothing("a bot wrote it");
    };
    let Some(user) = &before.user else {
        return Interpretation::Nothing("nobody wrote it");
    };
    let command = ConversationCommand::DeleteMessage(MessageDeleted { message_id: ts.clone() });
    steer(
        callback,
        user,
        (channel, before.thread_ts.as_deref().unwrap_or(ts)),
        command,
    )
}

fn steer<E>(
    callback: &Callback<E>,
    user: &str,
    (channel, thread): (&str, &str),
    command: ConversationCommand,
) -> Interpretation {
    let Some(account) = callback.accounts().first().copied() else {
        return Interpretation::Nothing("it names no workspace");
    };
    let place = place(account, channel, thread);
    act(callback, Some(user), Action::Steer { place, command })
}

/// Somebody put an emoji on a message.
pub(super) fn reacted(callback: &Callback<payload::Reaction>) -> Interpretation {
    let payload::Reaction { user, name, item } = &callback.event;
    let reaction = match name.as_str() {
        "x" => Reaction::Stop,
        "mag" | "mag_right" => Reaction::Explain,
        _ => return Interpretation::Nothing("its reaction means nothing to us"),
    };
    let (Some(channel), Some(ts), "message") = (&item.channel, &item.ts, item.kind.as_str()) else {
        return Interpretation::Nothing("it is a reaction to no message");
    };
    let Some(account) = callback.accounts().first().copied() else {
        return Interpretation::Nothing("it names no workspace");
    };
    if callback.bot() == Some(user) {
        return Interpretation::Nothing("we reacted");
    }
    let action = Action::React {
        spot: spot(account, channel),
        message_id: ts.clone(),
        reaction,
        by: user.clone(),
    };
    act(callback, Some(user), action)
}

/// Somebody opened our page.
pub(super) fn opened_home(callback: &Callback<HomeOpened>) -> Interpretation {
    let HomeOpened { user, tab } = &callback.event;
    if tab.as_deref() != Some("home") {
        return Interpretation::Nothing("another tab was opened");
    }
    act(callback, Some(user), Action::Open(Opened::Home { user: user.clone() }))
}

/// Somebody opened a thread of the assistant.
pub(super) fn opened_thread(callback: &Callback<AssistantStarted>) -> Interpretation {
    let thread = &callback.event.assistant_thread;
    let opened = Opened::Thread {
        user: thread.user_id.clone(),
        channel: thread.channel_id.clone(),
        thread: thread.thread_ts.clone(),
    };
    act(callback, Some(&thread.user_id), Action::Open(opened))
}
