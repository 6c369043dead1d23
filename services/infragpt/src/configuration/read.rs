//! Reading the configuration, with every mistake named by its key and its source.

use std::path::{Path, PathBuf};

use figment::{
    Figment,
    providers::{Format as _, Toml},
};

use super::{Configuration, environment::Variables};

/// The commented defaults: the reference of every key.
pub const DEFAULTS: &str = include_str!("default.toml");

/// Why the configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A variable that nothing reads: probably misspelt.
    #[error("the environment sets `{0}`, which is no setting: compare it with `infragpt configuration`")]
    UnknownVariable(String),
    /// The file that was named isn't there.
    #[error("the configuration file `{0}` does not exist")]
    NoFile(PathBuf),
    /// A key is missing, unknown, or has a wrong value.
    #[error("{0}")]
    Value(String),
}

/// Reads this process's configuration; `file` is `infragpt.toml` unless named.
///
/// # Errors
/// The first mistake, with its key and where it stands.
pub fn read(file: Option<&Path>) -> Result<Configuration, Error> {
    if let Some(file) = file
        && !file.is_file()
    {
        return Err(Error::NoFile(file.to_owned()));
    }
    read_from(file.unwrap_or(Path::new("infragpt.toml")), std::env::vars())
}

/// Reads the configuration from `file`, if it exists, and from these variables.
///
/// # Errors
/// As [`read`].
pub fn read_from(file: &Path, variables: impl IntoIterator<Item = (String, String)>) -> Result<Configuration, Error> {
    let variables = Variables::new(variables).map_err(Error::UnknownVariable)?;
    let mut layers = Figment::from(Toml::string(DEFAULTS));
    if file.is_file() {
        layers = layers.merge(Toml::file_exact(file));
    }
    let configuration: Configuration = layers
        .merge(variables)
        .extract()
        .map_err(|error| Error::Value(describe(&error)))?;
    let wrong = |problem: &dyn std::fmt::Display| Error::Value(problem.to_string());
    configuration.slack.check().map_err(|error| wrong(&error))?;
    configuration.github.check().map_err(|error| wrong(&error))?;
    configuration.clerk.check().map_err(|error| wrong(&error))?;
    let public = &configuration.http.public_url;
    if !matches!(public.scheme(), "http" | "https") || public.path() != "/" || public.query().is_some() {
        return Err(Error::Value(format!(
            "`http.public_url` is {public}: use http(s)://host[:port] without a path"
        )));
    }
    if let Some(address) = configuration
        .http
        .operator_listen
        .filter(|address| !address.ip().is_loopback())
    {
        return Err(Error::Value(format!(
            "`http.operator_listen` is {address}: it asks for no password, so use a loopback address such as 127.0.0.1:9464"
        )));
    }
    for (key, seconds) in [
        ("probe_seconds", configuration.integrations.probe_seconds),
        ("synchronize_seconds", configuration.integrations.synchronize_seconds),
    ] {
        if seconds == 0 {
            return Err(Error::Value(format!("`integrations.{key}` is 0: use 1 or more")));
        }
    }
    if !matches!(configuration.nats.replicas, 1 | 3 | 5) {
        let replicas = configuration.nats.replicas;
        return Err(Error::Value(format!(
            "nats.replicas is {replicas}: use 1 on a single server, 3 or 5 on a cluster"
        )));
    }
    Ok(configuration)
}

/// The first problem in one sentence. What was found is left out for secrets, because it may be one.
fn describe(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let secret = ["secret", "token", "password", "key", "database.url"]
        .iter()
        .any(|word| key.contains(word));
    let problem = if secret {
        "it has the wrong type".to_owned()
    } else {
        error.kind.to_string()
    };
    let source = match &error.metadata {
        Some(metadata) => match &metadata.source {
            Some(source) => format!(" in {source}"),
            None => format!(
                " in {}",
                metadata.interpolate(
                    error.profile.as_ref().unwrap_or(&figment::Profile::Default),
                    &error.path
                )
            ),
        },
        None => String::new(),
    };
    if key.is_empty() {
        format!("{problem}{source}")
    } else {
        format!("`{key}`{source}: {problem}")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::configuration::{LogFormat, NatsUser};

    fn read_with(file: &str, variables: &[(&str, &str)]) -> Result<Configuration, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("infragpt.toml");
        fs::write(&path, file).unwrap();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        read_from(&path, variables).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_enough_to_read() {
        let configuration = read_with("", &[("HOME", "/x")]).unwrap();
        assert_eq!(configuration.nats.url, "nats://127.0.0.1:4222");
        assert_eq!(configuration.log.format, LogFormat::Auto);
        assert!(configuration.database.url.is_none());
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let configuration = read_with(
            "[http]\nlisten = '127.0.0.1:1'\n[log]\nlevel = 'debug'",
            &[
                ("INFRAGPT_HTTP_LISTEN", "127.0.0.1:2"),
                ("INFRAGPT_NATS_PASSWORD_SLACK", "p"),
                ("INFRAGPT_NATS_REPLICAS", "3"),
            ],
        )
        .unwrap();
        assert_eq!(
            (configuration.http.listen.port(), configuration.log.level.as_str()),
            (2, "debug")
        );
        assert!(configuration.nats.password.contains_key(&NatsUser::Slack));
        assert_eq!(configuration.nats.replicas, 3);
    }

    #[test]
    fn a_secret_of_digits_is_text() {
        assert!(
            read_with("", &[("INFRAGPT_GRANT_KEY", "123456")])
                .unwrap()
                .grant
                .key
                .is_some()
        );
    }

    #[test]
    fn mistakes_are_named_with_key_and_source() {
        for (file, variables, expected) in [
            ("[log]\nformat = 'xml'", &[][..], "`log.format` in"),
            ("[log]\nformat = 'xml'", &[], "infragpt.toml"),
            ("[htp]\nlisten = 'x'", &[], "htp"),
            ("[slack]\nsining_secret = 'x'", &[], "sining_secret"),
            (
                "",
                &[("INFRAGPT_HTTP_LISTEN", "8080")],
                "`http.listen` in `INFRAGPT_HTTP_LISTEN`",
            ),
            (
                "",
                &[("INFRAGPT_SLACK_TOKEN", "x")],
                "`INFRAGPT_SLACK_TOKEN`, which is no setting",
            ),
            (
                "",
                &[("INFRAGPT_SLACK_APP_TOKEN", "xoxb-1")],
                "slack.app_token looks like",
            ),
            ("[nats]\nreplicas = 2", &[], "nats.replicas is 2"),
            (
                "[http]\noperator_listen = '0.0.0.0:9464'",
                &[],
                "use a loopback address",
            ),
            ("[integrations]\nprobe_seconds = 0", &[], "integrations.probe_seconds"),
            (
                "",
                &[("INFRAGPT_HTTP_PUBLIC_URL", "https://x.example/path")],
                "http.public_url",
            ),
            ("[nats", &[], "infragpt.toml"),
        ] {
            let error = read_with(file, variables).unwrap_err();
            assert!(error.contains(expected), "{file} {variables:?}: {error}");
        }
    }

    #[test]
    fn a_secret_is_never_part_of_a_complaint() {
        let error = read_with("[grant]\nkey = { hidden = 'hush-hush' }", &[]).unwrap_err();
        assert!(error.contains("`grant.key`") && !error.contains("hush-hush"), "{error}");
    }
}
