//! A command's connection to NATS.

use infragpt_nats::{Connection, ConnectionConfiguration, connection};

use crate::{
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// How `user` reaches NATS.
///
/// # Errors
/// When its password isn't configured.
pub fn settings(configuration: &Configuration, user: NatsUser) -> Result<ConnectionConfiguration, Failure> {
    let name = user.as_str();
    let password = configuration.nats.password.get(&user).cloned().ok_or_else(|| {
        Failure::usage(anyhow::anyhow!(
            "`nats.password.{name}` is missing: set {} to the password of NATS user `{name}`",
            user.password_variable()
        ))
    })?;
    Ok(ConnectionConfiguration {
        url: configuration.nats.url.clone(),
        user: name.to_owned(),
        password,
        name: format!("infragpt {name}"),
    })
}

/// Connects as `user`, once.
///
/// # Errors
/// When the server isn't there, is too old, or refuses the user.
pub async fn connect(configuration: &Configuration, user: NatsUser) -> Result<Connection, Failure> {
    let settings = settings(configuration, user)?;
    Connection::connect(&settings).await.map_err(|error| match error {
        connection::Error::Unreachable { .. } => Failure::from(anyhow::Error::from(error)),
        connection::Error::Refused { .. } | connection::Error::TooOld { .. } => Failure::usage(error),
    })
}
