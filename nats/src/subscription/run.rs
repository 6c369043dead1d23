//! The loop behind a subscription: bind, wait for what another process left, work, and again when it breaks off.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    self, ErrorCode,
    consumer::{Consumer, pull},
    stream::ConsumerErrorKind,
};
use tokio_util::sync::CancellationToken;

use super::{Error, Handler, Subscription, attempt::delay, worker::Worker};

/// Beyond the consumer's ack_wait, so that the server has noticed what is due again.
const MARGIN: Duration = Duration::from_millis(250);

pub(super) async fn run<H: Handler>(
    subscription: Subscription,
    handler: H,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let mut bound = Some(bind(&subscription).await?);
    let handler = Arc::new(handler);
    let subscription = Arc::new(subscription);
    let mut failures = 0_u32;
    while !shutdown.is_cancelled() {
        let outcome = match bound.take() {
            Some(consumer) => {
                wait_for_what_is_due(&consumer, &shutdown).await;
                let worker = Worker::new(&subscription, &handler, &consumer);
                worker.consume(&consumer, &shutdown, &mut failures).await
            }
            None => bind(&subscription)
                .await
                .map(|consumer| bound = Some(consumer))
                .map_err(|error| error.to_string()),
        };
        if let Err(problem) = outcome {
            let Subscription { stream, consumer, .. } = &*subscription;
            failures += 1;
            tracing::error!(
                stream,
                consumer,
                problem,
                "Reading consumer `{consumer}` of {stream} broke off, trying again"
            );
            shutdown.run_until_cancelled(tokio::time::sleep(delay(failures))).await;
        }
    }
    Ok(())
}

/// What a killed process had been given comes again only after ack_wait. Taking new messages before that would put them
/// before older ones of the same key.
async fn wait_for_what_is_due(consumer: &Consumer<pull::Config>, shutdown: &CancellationToken) {
    let info = consumer.cached_info();
    if info.num_ack_pending > 0 {
        let wait = info.config.ack_wait + MARGIN;
        tracing::info!(
            stream = info.stream_name,
            consumer = info.name,
            messages = info.num_ack_pending,
            "Waiting {} ms for messages that another process was given",
            wait.as_millis()
        );
        shutdown.run_until_cancelled(tokio::time::sleep(wait)).await;
    }
}

async fn bind(subscription: &Subscription) -> Result<Consumer<pull::Config>, Error> {
    let Subscription {
        connection,
        stream,
        consumer,
        ..
    } = subscription;
    jetstream::new(connection.client.clone())
        .get_consumer_from_stream(consumer, stream)
        .await
        .map_err(|error| match error.kind() {
            ConsumerErrorKind::JetStream(refusal)
                if matches!(
                    refusal.error_code(),
                    ErrorCode::CONSUMER_NOT_FOUND | ErrorCode::STREAM_NOT_FOUND
                ) =>
            {
                Error::NoConsumer {
                    stream: stream.clone(),
                    consumer: consumer.clone(),
                }
            }
            _ => Error::Unavailable {
                stream: stream.clone(),
                consumer: consumer.clone(),
                problem: error.to_string(),
            },
        })
}
