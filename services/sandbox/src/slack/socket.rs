use std::time::Duration;

use axum::{
    extract::{
        Query, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::hub::{Frame, MOST_CONNECTIONS};
use crate::world::Shared;

/// The SDKs give up a connection that was not pinged for 30 s.
const PING_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
pub(super) struct Ticket {
    #[serde(default)]
    ticket: String,
}

/// Accepts a Socket Mode connection that shows a ticket of `apps.connections.open`.
pub(super) async fn connect(
    State(world): State<Shared>,
    Query(Ticket { ticket }): Query<Ticket>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !world.hub.redeem_ticket(&ticket) {
        return (StatusCode::UNAUTHORIZED, "The ticket is unknown or was used before.").into_response();
    }
    let tasks = world.tasks.clone();
    upgrade.on_upgrade(move |socket| tasks.track_future(serve(world, socket)))
}

async fn serve(world: Shared, mut socket: WebSocket) {
    if world.hub.connections() >= MOST_CONNECTIONS {
        let debug = json!({ "host": "applink-sandbox" });
        let frame = json!({ "type": "disconnect", "reason": "too_many_websockets", "debug_info": debug });
        let _ = socket.send(Message::text(frame.to_string())).await;
        return close(socket).await;
    }
    let mut joined = world.hub.join();
    if socket.send(Message::text(world.hub.hello(joined.count))).await.is_ok() {
        world.hub.announce();
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            let sent = tokio::select! {
                frame = joined.frames.recv() => match frame {
                    Some(Frame::Text(text)) => socket.send(Message::text(text)).await,
                    Some(Frame::Drop) => break,
                    Some(Frame::Close) | None => {
                        world.hub.leave(joined.id);
                        return close(socket).await;
                    }
                },
                // Pings of the app are answered by the WebSocket library.
                received = socket.recv() => match received {
                    Some(Ok(Message::Text(text))) => {
                        world.hub.receive(&text);
                        Ok(())
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => Ok(()),
                },
                _ = ping.tick() => socket.send(Message::Ping("Ping from applink-sandbox".into())).await,
                () = world.shutdown.cancelled() => {
                    world.hub.leave(joined.id);
                    return close(socket).await;
                }
            };
            if sent.is_err() {
                break;
            }
        }
    }
    world.hub.leave(joined.id);
}

async fn close(mut socket: WebSocket) {
    let frame = CloseFrame {
        code: 1000,
        reason: "".into(),
    };
    let _ = socket.send(Message::Close(Some(frame))).await;
    // The app answers with its own close frame; a moment is enough, it may be gone.
    let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = tokio::time::timeout(Duration::from_millis(500), answered).await;
}
