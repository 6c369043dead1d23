//! How a connection to GitHub is ended there.

use infragpt_events::integration::Connected;
use reqwest::Method;

use super::{
    connector::Github,
    installation::{self, as_app},
    rest::Rest,
};
use crate::Failure;

impl Github {
    /// Uninstalls the App.
    ///
    /// <https://docs.github.com/en/rest/apps/apps#delete-an-installation-for-the-authenticated-app>
    pub(super) async fn uninstall(&self, connected: &Connected) -> Result<(), Failure> {
        let (app, id) = (self.app()?, installation::of(connected)?);
        let call = Rest::call(
            "uninstall",
            Method::DELETE,
            self.rest.api(&format!("/app/installations/{id}"))?,
        )
        .bearer(&app.application.assertion())
        .of(id.to_string())
        .repeatable();
        match self.rest.tell(&call).await {
            Ok(()) => Ok(()),
            // GitHub says the same of an App that it doesn't know.
            Err(refusal) if refusal.is(404) => self.known_app(app).await,
            Err(refusal) => Err(as_app(refusal)),
        }
    }
}
