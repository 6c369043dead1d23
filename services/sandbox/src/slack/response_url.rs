use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response as HttpResponse},
};
use serde_json::Value;

use super::{chat, message::Message};
use crate::{
    clock,
    world::{Shared, World},
};

/// Slack takes this many answers to one gesture.
const USES: u32 = 5;
/// Slack takes answers for this long, in seconds.
const LIFETIME: i64 = 1800;

/// What a `response_url` answers to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) channel: String,
    pub(crate) user: String,
    /// The thread in which the gesture was.
    pub(crate) thread_ts: Option<String>,
    /// The message that has the button.
    pub(crate) message_ts: Option<String>,
}

/// An address that is out.
#[derive(Debug)]
pub(super) struct Issued {
    response: Response,
    /// How many answers came.
    uses: u32,
    /// Seconds since the epoch.
    until: i64,
}

/// An address at which the app can answer a gesture.
pub(crate) fn issue(world: &World, response: Response) -> String {
    let id = hex::encode(clock::random());
    let issued = Issued {
        response,
        uses: 0,
        until: clock::seconds() + LIFETIME,
    };
    world.surface.change(|kept| {
        // One that is over for long is not known any more.
        kept.responses
            .retain(|_, before| before.until + LIFETIME > clock::seconds());
        kept.responses.insert(id.clone(), issued);
    });
    format!("{}/slack/response/{id}", world.url)
}

/// Takes what an app sends to the `response_url` of a command or an interaction.
///
/// <https://docs.slack.dev/interactivity/handling-user-interaction/#message_responses>
pub(super) async fn respond(
    State(world): State<Shared>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> HttpResponse {
    let taken = world.surface.change(|kept| {
        let issued = kept.responses.get_mut(&id).ok_or("invalid_url")?;
        issued.uses += 1;
        if issued.uses > USES {
            return Err("used_url");
        }
        if issued.until < clock::seconds() {
            return Err("expired_url");
        }
        Ok(issued.response.clone())
    });
    let outcome = taken.and_then(|response| answer(&world, &response, &body));
    world.journal.call("response_url", outcome.err());
    match outcome {
        Ok(()) => "ok".into_response(),
        Err(refusal @ "no_text") => (StatusCode::BAD_REQUEST, refusal).into_response(),
        Err(refusal) => (StatusCode::NOT_FOUND, refusal).into_response(),
    }
}

/// Shows what the app answers to a gesture, in its acknowledgement or later.
pub(crate) fn answer(world: &Shared, to: &Response, body: &Value) -> Result<(), &'static str> {
    let original = to.message_ts.as_deref();
    if let Some(ts) = original
        && (body["delete_original"] == true || body["replace_original"] == true)
    {
        let changed = world.messages.change(&to.channel, ts, |message| {
            if body["delete_original"] == true {
                message.deleted = true;
                return Ok(());
            }
            write(message, body);
            message.edited = Some(world.clock.next_ts());
            if is_empty(message) { Err("no_text") } else { Ok(()) }
        });
        return changed.ok_or("invalid_url")?.map(drop);
    }
    let mut message = chat::from_bot(world, to.channel.clone());
    write(&mut message, body);
    if is_empty(&message) {
        return Err("no_text");
    }
    message.thread_ts = body["thread_ts"].as_str().map(str::to_owned).or(to.thread_ts.clone());
    if body["response_type"] == "in_channel" {
        world.messages.put(message);
    } else {
        message.ephemeral_to = Some(to.user.clone());
        world.messages.put(message);
    }
    Ok(())
}

fn write(message: &mut Message, body: &Value) {
    body["text"].as_str().unwrap_or_default().clone_into(&mut message.text);
    message.blocks = Some(body["blocks"].clone()).filter(Value::is_array);
    message.attachments = Some(body["attachments"].clone()).filter(Value::is_array);
}

fn is_empty(message: &Message) -> bool {
    message.text.is_empty() && message.blocks.is_none() && message.attachments.is_none()
}
