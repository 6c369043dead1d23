//! `integration.v1.key_status` and `integration.v1.rotate_keys`: the keys that data keys are wrapped under.

use infragpt_nats::{Call, FrameSink, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    context::{Context, not_opened},
    request::Asker,
};

/// The request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct RotateRequest {
    /// Who asks.
    #[serde(flatten)]
    pub asker: Asker,
}

impl Context {
    /// How many data keys are wrapped under which key.
    pub(crate) async fn key_status(&self) -> Result<Value, ServiceError> {
        let status = self.vault.key_status().await.map_err(|error| not_opened(&error))?;
        Ok(json!(status))
    }

    /// Wraps every data key under the current key; progress goes out as frames, and the result as the last one.
    pub(crate) async fn rotate_keys(&self, call: &Call, sink: &FrameSink) {
        match self.rotate(call, sink).await {
            Ok(result) => sink.answer(&result.to_string()).await,
            Err(error) => sink.error(&error.message).await,
        }
    }

    async fn rotate(&self, call: &Call, sink: &FrameSink) -> Result<Value, ServiceError> {
        let request: RotateRequest = call.json()?;
        let cause = request.asker.cause(self.now())?;
        let (progress, mut news) = tokio::sync::watch::channel(None);
        let rotation = self.vault.rotate(&cause, |at| {
            progress.send_replace(Some(at));
        });
        let mut rotation = std::pin::pin!(rotation);
        let result = loop {
            tokio::select! {
                result = &mut rotation => break result,
                Ok(()) = news.changed() => {
                    let at = json!(*news.borrow_and_update());
                    sink.step(&at).await;
                }
            }
        };
        let rotation = result.map_err(|error| not_opened(&error))?;
        tracing::info!(
            actor = cause.actor,
            rewrapped = rotation.rewrapped,
            "Rotated the keys of the vault"
        );
        Ok(json!(rotation))
    }
}
