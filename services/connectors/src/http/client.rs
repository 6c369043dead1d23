//! The one HTTP client of a connector.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tracing::debug;

use super::{Answer, Call, Error, breaker::Breakers, limits::Limits, metrics, redirect, wait};

/// A provider answers within a second or not at all.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Opening a connection takes a few round trips.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Tries, the first one included.
const TRIES: u32 = 3;

/// How long a call can take at most, all tries and waits together.
const LONGEST: Duration = Duration::from_secs(40);

/// Makes calls. Clones share connections, circuits and limits.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    connector: &'static str,
    breakers: Breakers,
    limits: Limits,
    clock: fn() -> DateTime<Utc>,
}

impl Client {
    /// A client under the name that logs and metrics know it by. `clock` tells when a provider's limit ends.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new(connector: &'static str, clock: fn() -> DateTime<Utc>) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(Duration::from_mins(5))
            .tcp_keepalive(Duration::from_mins(1))
            .no_proxy()
            .redirect(redirect::policy())
            .user_agent(concat!("infragpt/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            http,
            connector,
            breakers: Breakers::new(connector),
            limits: Limits::default(),
            clock,
        })
    }

    /// Makes a call and reads its answer, again where that is safe and soon. An answer that `read` finds unclear is as if none had
    /// come.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn send<T>(&self, call: &Call, read: impl Fn(&Answer) -> Result<T, Error>) -> Result<T, Error> {
        let patience = self.turn(call).await?;
        let Some(account) = &call.account else {
            return self.tries(call, patience, read).await;
        };
        if self.breakers.enter(account, LONGEST).is_err() {
            metrics::request(self.connector, call.operation, "circuit_open");
            return Err(Error::NotSent(
                "it failed too often in a row and is left alone for some seconds".to_owned(),
            ));
        }
        let outcome = self.tries(call, patience, read).await;
        self.breakers
            .ended(account, outcome.as_ref().is_err_and(Error::is_outage));
        outcome
    }

    /// Waits for the call's turn; what is left of its patience then.
    async fn turn(&self, call: &Call) -> Result<Duration, Error> {
        let Some(pace) = &call.pace else {
            return Ok(call.patience);
        };
        let wait = self.limits.enter(pace, call.patience).map_err(|wait| {
            metrics::request(self.connector, call.operation, "held_back");
            Error::RateLimited(wait)
        })?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(call.patience.saturating_sub(wait))
    }

    async fn tries<T>(
        &self,
        call: &Call,
        mut patience: Duration,
        read: impl Fn(&Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut made = 1;
        loop {
            let error = match self.once(call, &read).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if let (Error::RateLimited(wait), Some(pace)) = (&error, &call.pace) {
                self.limits.rest(pace, *wait);
            }
            let pause = wait::before_next(&error, made, call.repeatable, patience).filter(|_| made < TRIES);
            let Some(mut pause) = pause else {
                return Err(error);
            };
            if let (Error::RateLimited(_), Some(pace)) = (&error, &call.pace) {
                pause = self.limits.enter(pace, patience).map_err(Error::RateLimited)?;
            }
            if matches!(error, Error::RateLimited(_)) {
                patience = patience.saturating_sub(pause);
            }
            made += 1;
            tokio::time::sleep(pause).await;
        }
    }

    async fn once<T>(&self, call: &Call, read: impl Fn(&Answer) -> Result<T, Error>) -> Result<T, Error> {
        let began = Instant::now();
        let asked = self.ask(call).await;
        let took = began.elapsed();
        let refused = asked.as_ref().is_ok_and(|answer| answer.status.is_client_error());
        let outcome = asked.and_then(|answer| read(&answer));
        let word = match &outcome {
            Ok(_) if refused => "refused",
            Ok(_) => "answered",
            Err(error) => error.outcome(),
        };
        metrics::request(self.connector, call.operation, word);
        metrics::duration(self.connector, call.operation, took);
        debug!(
            connector = self.connector,
            operation = call.operation,
            outcome = word,
            ?took,
            "Asked the provider"
        );
        outcome
    }

    async fn ask(&self, call: &Call) -> Result<Answer, Error> {
        let response = call.request(&self.http).send().await?;
        let answer = Answer::read(response).await?;
        if let Some(wait) = wait::asked_for(&answer, (self.clock)()) {
            return Err(Error::RateLimited(wait));
        }
        let status = answer.status;
        if status.is_server_error() {
            return Err(Error::Unclear(format!("status {status}")));
        }
        if status.is_redirection() && status != reqwest::StatusCode::NOT_MODIFIED {
            return Err(Error::Unclear(format!("status {status}, to another address")));
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
