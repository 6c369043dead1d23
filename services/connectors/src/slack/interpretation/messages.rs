//! What somebody wrote.

use infragpt_events::conversation::{Addressed, Author, Message};

use super::{Action, Address, EventType, Interpretation, Malformed, act_in, place, timestamp};
use crate::slack::{
    payload::{self, Callback},
    text,
};

/// The longest text that is kept of a message, in characters: Slack's own limit.
const LONGEST: usize = 40_000;

/// A message of a person, or of another application.
pub(super) fn written(callback: &Callback<payload::Message>, kind: &EventType) -> Result<Interpretation, Malformed> {
    let event = &callback.event;
    // An app_mention may come without authorizations; what it mentions first is then taken for us.
    let said = event.text.as_deref().unwrap_or_default();
    let mention = *kind == EventType::AppMention;
    let bot = callback
        .bot()
        .or_else(|| mention.then(|| text::first_mention(said)).flatten());
    let is_ours = event.app_id.is_some() && event.app_id == callback.api_app_id;
    if let Some(reason) = is_ours.then_some("we wrote it").or_else(|| ignored(event, bot)) {
        return Ok(Interpretation::Nothing(reason));
    }
    let root = event.thread_ts.as_ref().is_none_or(|thread| *thread == event.ts);
    let (author, address) = match (&event.bot_id, &event.user) {
        (Some(_), _) if !root => return Ok(Interpretation::Nothing("a bot wrote it")),
        (Some(id), user) => (
            user.as_ref().unwrap_or(id),
            Address::App(app(event).unwrap_or(id).to_owned()),
        ),
        (None, Some(user)) => (user, addressed(event, said, bot, mention, root)),
        (None, None) => return Ok(Interpretation::Nothing("nobody wrote it")),
    };
    let sent_at = timestamp(&event.ts).ok_or_else(|| Malformed {
        kind: kind.to_string(),
        problem: "`ts` isn't a timestamp".to_owned(),
    })?;
    let accounts = callback.accounts();
    let Some(account) = accounts.first() else {
        return Ok(Interpretation::Nothing("it names no workspace"));
    };
    let message = Message {
        id: event.ts.clone(),
        author: Author {
            id: author.clone(),
            name: None,
        },
        text: content(event, bot),
        sent_at,
    };
    let is_foreign = event.user_team.as_deref().is_some_and(|team| team != *account);
    let action = Action::Converse {
        place: place(account, &event.channel, event.thread_ts.as_deref().unwrap_or(&event.ts)),
        message,
        address,
        is_private: event.channel_type.as_deref().map(|kind| kind != "channel"),
        root,
    };
    let shared = callback.is_ext_shared_channel || is_foreign;
    Ok(act_in(&accounts, Some(author), shared, action))
}

fn addressed(event: &payload::Message, said: &str, bot: Option<&str>, mention: bool, root: bool) -> Address {
    let named = mention || bot.is_some_and(|bot| text::mentions(said, bot));
    match (named, event.channel_type.as_deref(), root) {
        (true, ..) => Address::Ours(Addressed::Mention),
        (false, Some("im"), _) => Address::Ours(Addressed::Direct),
        (false, _, false) => Address::Ours(Addressed::Thread),
        (false, _, true) => Address::Channel,
    }
}

/// Why nobody answers this message, if nobody ever does.
fn ignored(event: &payload::Message, bot: Option<&str>) -> Option<&'static str> {
    if event.user.as_deref() == Some("USLACKBOT") {
        return Some("a bot wrote it");
    }
    if bot.is_some() && event.user.as_deref() == bot {
        return Some("we wrote it");
    }
    if event.hidden {
        return Some("it is hidden");
    }
    match event.subtype.as_deref() {
        None | Some("file_share" | "thread_broadcast") => None,
        Some("bot_message") if event.bot_id.is_some() => None,
        Some(_) => Some("it is an edit, a deletion or a notice"),
    }
}

/// The name of the application that posted it.
fn app(event: &payload::Message) -> Option<&String> {
    let profile = event.bot_profile.as_ref().and_then(|profile| profile.name.as_ref());
    profile
        .or(event.username.as_ref())
        .filter(|name| !name.trim().is_empty())
}

/// What it says: its text, else what its attachments and blocks say; and the names of its files.
fn content(event: &payload::Message, bot: Option<&str>) -> String {
    let mut content = text::plain(event.text.as_deref().unwrap_or_default(), bot);
    if content.is_empty() {
        let attached = event.attachments.iter().chain(&event.blocks);
        let lines: Vec<String> = attached.flat_map(words).map(|words| text::plain(words, bot)).collect();
        lines.join("\n").trim().clone_into(&mut content);
    }
    for file in &event.files {
        if let Some(name) = file.name.as_ref().or(file.title.as_ref()) {
            content.push_str(if content.is_empty() { "" } else { "\n" });
            content.extend(["[file: ", name, "]"]);
        }
    }
    match content.char_indices().nth(LONGEST) {
        Some((end, _)) => content[..end].to_owned(),
        None => content,
    }
}

/// The texts in a block or an attachment, in their order.
/// <https://docs.slack.dev/reference/block-kit/blocks>, <https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments>
fn words(part: &serde_json::Value) -> Vec<&str> {
    const NAMES: [&str; 5] = ["pretext", "title", "text", "value", "fallback"];
    let mut found = Vec::new();
    match part {
        serde_json::Value::Array(parts) => found.extend(parts.iter().flat_map(words)),
        serde_json::Value::Object(fields) => {
            for name in NAMES {
                match fields.get(name) {
                    // A fallback says again what the rest says.
                    Some(serde_json::Value::String(text)) if name != "fallback" || found.is_empty() => {
                        found.push(text.as_str());
                    }
                    Some(nested @ serde_json::Value::Object(_)) => found.extend(words(nested)),
                    _ => {}
                }
            }
            for name in ["fields", "blocks", "elements"] {
                found.extend(fields.get(name).map(words).unwrap_or_default());
            }
        }
        _ => {}
    }
    found
}
