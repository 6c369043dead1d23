use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{arguments::Arguments, chat, conversations, web_api::Answer};
use crate::{
    clock,
    world::{Shared, World},
};

/// How much of a text its message shows, in characters.
const PREVIEW: usize = 4_000;

/// A file on its way, or arrived. Its content does not survive a restart.
#[derive(Clone, Debug, Default)]
pub(super) struct Upload {
    name: String,
    content: Option<Bytes>,
    /// As messages show it, once it is shared.
    file: Option<Value>,
}

/// <https://docs.slack.dev/reference/methods/files.getUploadURLExternal>
pub(super) fn upload_url(world: &World, arguments: &Arguments) -> Answer {
    let name = arguments.text("filename").ok_or("invalid_arguments")?;
    arguments.number("length").ok_or("invalid_arguments")?;
    let id = clock::slack_id("F");
    let upload = Upload {
        name,
        ..Upload::default()
    };
    world.surface.change(|kept| kept.uploads.insert(id.clone(), upload));
    Ok(json!({ "upload_url": format!("{}/slack/upload/{id}", world.url), "file_id": id }))
}

/// Takes the content of a file, as it is or as a form with one part.
pub(super) async fn upload(
    State(world): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = kind
        .filter(|kind| kind.starts_with("multipart/"))
        .and_then(|kind| kind.split_once("boundary="))
        .map(|(_, boundary)| boundary.trim_matches('"'));
    let content = match boundary {
        Some(boundary) => part(&body, boundary).unwrap_or_default(),
        None => body,
    };
    let length = content.len();
    let is_expected = world.surface.change(|kept| {
        let upload = kept.uploads.get_mut(&id).filter(|upload| upload.file.is_none());
        upload.map(|upload| upload.content = Some(content)).is_some()
    });
    if is_expected {
        format!("OK - {length}").into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// The first part of a form.
fn part(body: &Bytes, boundary: &str) -> Option<Bytes> {
    let find = |from: usize, wanted: &[u8]| {
        let windows = body.get(from..)?.windows(wanted.len());
        windows
            .enumerate()
            .find(|(_, it)| *it == wanted)
            .map(|(at, _)| from + at)
    };
    let start = find(0, b"\r\n\r\n")? + 4;
    let end = find(start, format!("\r\n--{boundary}").as_bytes())?;
    Some(body.slice(start..end))
}

/// <https://docs.slack.dev/reference/methods/files.completeUploadExternal>
pub(super) fn complete(world: &Shared, arguments: &Arguments) -> Answer {
    let wanted = arguments
        .json("files", "invalid_arguments")?
        .ok_or("invalid_arguments")?;
    let wanted = wanted
        .as_array()
        .filter(|it| !it.is_empty())
        .ok_or("invalid_arguments")?;
    let channel = match arguments.text("channel_id") {
        Some(named) => Some(conversations::resolve(world, &named).ok_or("channel_not_found")?),
        None => None,
    };
    let mut files = Vec::new();
    for entry in wanted {
        let id = entry["id"].as_str().ok_or("invalid_arguments")?;
        let upload = world.surface.look(|kept| kept.uploads.get(id).cloned());
        let upload = upload.filter(|it| it.file.is_none()).ok_or("file_not_found")?;
        let content = upload.content.ok_or("file_not_found")?;
        let title = entry["title"].as_str().unwrap_or(&upload.name);
        let bot = &world.configuration.slack.bot_user;
        files.push(described(world, id, bot, (&upload.name, title), &content));
    }
    keep(world, &files);
    if let Some(channel) = channel {
        let mut message = chat::from_bot(world, channel);
        message.text = arguments.text("initial_comment").unwrap_or_default();
        message.thread_ts = arguments.text("thread_ts");
        message.subtype = Some("file_share".into());
        message.files = Some(json!(files));
        chat::publish(world, &message);
    }
    let named = |file: &Value| json!({ "id": file["id"], "title": file["title"] });
    Ok(json!({ "files": files.iter().map(named).collect::<Vec<_>>() }))
}

/// <https://docs.slack.dev/reference/methods/files.info>
pub(super) fn info(world: &World, arguments: &Arguments) -> Answer {
    let id = arguments.text("file").ok_or("file_not_found")?;
    let file = world.surface.look(|kept| kept.uploads.get(&id)?.file.clone());
    Ok(json!({ "file": file.ok_or("file_not_found")? }))
}

/// The content of a file, for who shows the bot's token.
pub(super) async fn download(
    State(world): State<Shared>,
    Path((id, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    let access = world.slack_tokens.find(token, clock::seconds());
    if !access.is_ok_and(|access| access.has("files:read")) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let content = world.surface.look(|kept| kept.uploads.get(&id)?.content.clone());
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    content.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |content| (kind, content).into_response(),
    )
}

/// A file that somebody adds to a message: `{name, content}`, or Slack's own description, which stays as it is.
pub(crate) fn attached(world: &World, user: &str, file: &Value) -> Value {
    let (Some(name), Some(content)) = (file["name"].as_str(), file["content"].as_str()) else {
        return file.clone();
    };
    let id = clock::slack_id("F");
    let content = Bytes::copy_from_slice(content.as_bytes());
    let upload = Upload {
        name: name.to_owned(),
        content: Some(content.clone()),
        file: None,
    };
    world.surface.change(|kept| kept.uploads.insert(id.clone(), upload));
    let file = described(world, &id, user, (name, name), &content);
    keep(world, std::slice::from_ref(&file));
    file
}

fn keep(world: &World, files: &[Value]) {
    world.surface.change(|kept| {
        for file in files {
            if let Some(upload) = file["id"].as_str().and_then(|id| kept.uploads.get_mut(id)) {
                upload.file = Some(file.clone());
            }
        }
    });
}

fn described(world: &World, id: &str, user: &str, (name, title): (&str, &str), content: &[u8]) -> Value {
    let extension = name.rsplit_once('.').map_or("text", |(_, extension)| extension);
    let url = format!("{}/slack/files/{id}/{}", world.url, name.replace(['/', ' '], "-"));
    let mut file = json!({
        "id": id,
        "name": name,
        "title": title,
        "filetype": extension,
        "mimetype": "application/octet-stream",
        "mode": "hosted",
        "size": content.len(),
        "user": user,
        "created": clock::seconds(),
        "url_private": url,
        "url_private_download": url,
    });
    if let Ok(text) = std::str::from_utf8(content) {
        file["mimetype"] = "text/plain".into();
        file["mode"] = "snippet".into();
        file["preview"] = text.chars().take(PREVIEW).collect::<String>().into();
        file["preview_is_truncated"] = (text.chars().count() > PREVIEW).into();
    }
    file
}
