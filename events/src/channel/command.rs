//! Who says what of a channel is answered.

use super::{
    event::{AlertsUnwatched, AlertsWatched, ChannelEvent, Spot, Unwatched, Watched},
    state::Channel,
};
use crate::Aggregate;

/// The longest name of an application, in characters.
const LONGEST_APP: usize = 80;

/// The most applications that are watched in one channel.
const MOST_APPS: usize = 20;

/// What a channel can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelCommand {
    /// Answer every message of a person; or, with an application, look into what that posts.
    Watch {
        /// Which channel.
        spot: Spot,
        /// The application.
        app: Option<String>,
        /// Who wants it, as the chat calls them.
        by: String,
    },
    /// Do so no longer.
    Unwatch {
        /// Which channel.
        spot: Spot,
        /// The application.
        app: Option<String>,
        /// Who wants it, as the chat calls them.
        by: String,
    },
}

/// Why a channel refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No application has such a name.
    #[error("an application's name has 1 to {LONGEST_APP} characters")]
    NoName,
    /// Who watches everything answers nothing in time.
    #[error("more than {MOST_APPS} applications can't be watched in one channel: unwatch one first")]
    TooMany,
}

impl Aggregate for Channel {
    type Event = ChannelEvent;
    type Command = ChannelCommand;
    type Error = Refusal;

    fn decide(&self, command: ChannelCommand) -> Result<Vec<ChannelEvent>, Refusal> {
        let decided = match command {
            ChannelCommand::Watch { spot, app: None, by } => {
                (!self.is_watched).then(|| ChannelEvent::from(Watched { spot, by }))
            }
            ChannelCommand::Unwatch { spot, app: None, by } => self.is_watched.then(|| Unwatched { spot, by }.into()),
            ChannelCommand::Watch {
                spot,
                app: Some(app),
                by,
            } => {
                let app = named(&app)?;
                if self.apps.contains(&app) {
                    None
                } else if self.apps.len() >= MOST_APPS {
                    return Err(Refusal::TooMany);
                } else {
                    Some(AlertsWatched { spot, app, by }.into())
                }
            }
            ChannelCommand::Unwatch {
                spot,
                app: Some(app),
                by,
            } => {
                let app = named(&app)?;
                self.apps
                    .contains(&app)
                    .then(|| AlertsUnwatched { spot, app, by }.into())
            }
        };
        Ok(decided.into_iter().collect())
    }

    fn evolve(self, event: &ChannelEvent) -> Self {
        self.after(event)
    }
}

fn named(app: &str) -> Result<String, Refusal> {
    let app = app.trim().to_lowercase();
    if app.is_empty() || app.chars().count() > LONGEST_APP {
        return Err(Refusal::NoName);
    }
    Ok(app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnectorKind, testing::given};

    fn spot() -> Spot {
        Spot {
            connector: ConnectorKind::parse("chat").unwrap(),
            account: "T1".into(),
            channel: "C1".into(),
        }
    }

    fn watch(app: Option<&str>) -> ChannelCommand {
        ChannelCommand::Watch {
            spot: spot(),
            app: app.map(str::to_owned),
            by: "U1".into(),
        }
    }

    fn unwatch(app: Option<&str>) -> ChannelCommand {
        ChannelCommand::Unwatch {
            spot: spot(),
            app: app.map(str::to_owned),
            by: "U1".into(),
        }
    }

    fn watched() -> ChannelEvent {
        let (spot, by) = (spot(), "U1".into());
        Watched { spot, by }.into()
    }

    fn alerts(app: &str) -> ChannelEvent {
        let (spot, app, by) = (spot(), app.into(), "U1".into());
        AlertsWatched { spot, app, by }.into()
    }

    #[test]
    fn a_channel_is_watched_once_and_until_somebody_says_otherwise() {
        given::<Channel>([]).when(watch(None)).then([watched()]);
        given::<Channel>([watched()]).when(watch(None)).then_nothing();
        given::<Channel>([]).when(unwatch(None)).then_nothing();
        let (spot, by) = (spot(), "U1".into());
        let unwatched = ChannelEvent::from(Unwatched { spot, by });
        given::<Channel>([watched()])
            .when(unwatch(None))
            .then([unwatched.clone()]);
        given::<Channel>([watched(), unwatched])
            .when(watch(None))
            .then([watched()]);
    }

    #[test]
    fn applications_are_watched_one_by_one_by_name() {
        given::<Channel>([])
            .when(watch(Some(" PagerDuty ")))
            .then([alerts("pagerduty")]);
        given::<Channel>([alerts("pagerduty")])
            .when(watch(Some("pagerduty")))
            .then_nothing();
        let state = given::<Channel>([alerts("pagerduty")]).state;
        assert!(state.watches("PagerDuty") && !state.watches("Grafana") && !state.is_watched);
        let (spot, app, by) = (spot(), "pagerduty".into(), "U1".into());
        given::<Channel>([alerts("pagerduty")])
            .when(unwatch(Some("PAGERDUTY")))
            .then([AlertsUnwatched { spot, app, by }.into()]);
        given::<Channel>([]).when(unwatch(Some("grafana"))).then_nothing();
    }

    #[test]
    fn a_name_that_is_none_and_too_many_names_are_refused() {
        given::<Channel>([])
            .when(watch(Some("  ")))
            .then_refused(Refusal::NoName);
        given::<Channel>([])
            .when(unwatch(Some(&"a".repeat(81))))
            .then_refused(Refusal::NoName);
        let many: Vec<ChannelEvent> = (0..MOST_APPS).map(|number| alerts(&format!("app{number}"))).collect();
        given::<Channel>(many)
            .when(watch(Some("one more")))
            .then_refused(Refusal::TooMany);
    }
}
