//! What the requests have in common: whose organization it is about, and who asks.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use infragpt_nats::{Cause, Origin, ServiceError, event_store};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest request id, actor and sentence that are taken.
const MOST_CHARACTERS: usize = 200;

/// Who asks, in every request that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Who asks, as `user:<id>` or `operator:<name>`.
    pub actor: String,
    /// What identifies this request, so that repeating it after a lost reply is the same request. Made up where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Where the request came from.
    #[serde(default)]
    pub origin: Origin,
}

impl Asker {
    /// What the new events follow from.
    pub(crate) fn cause(self, now: DateTime<Utc>) -> Result<Cause, ServiceError> {
        let id = match self.request_id {
            Some(id) => checked("request_id", id)?,
            None => Uuid::now_v7().to_string(),
        };
        Ok(Cause {
            correlation: id.clone(),
            id,
            actor: actor(self.actor)?,
            time: now,
            traceparent: None,
            origin: self.origin,
        })
    }
}

/// Who asks, if that is somebody who can.
pub(crate) fn actor(text: String) -> Result<String, ServiceError> {
    let text = checked("actor", text)?;
    match text.split_once(':') {
        Some(("user" | "operator", id)) if !id.is_empty() => Ok(text),
        _ => Err(ServiceError::new(
            400,
            "`actor` has to be `user:` or `operator:` and who that is.",
        )),
    }
}

/// Text that is short and can be printed.
pub(crate) fn checked(field: &str, text: String) -> Result<String, ServiceError> {
    let length = text.chars().count();
    if length == 0 || length > MOST_CHARACTERS || text.chars().any(char::is_control) {
        return Err(ServiceError::new(
            400,
            format!("`{field}` has to be 1 to {MOST_CHARACTERS} printable characters."),
        ));
    }
    Ok(text)
}

/// The organization that a request names.
pub(crate) fn organization(name: &str) -> Result<OrganizationId, ServiceError> {
    let organization = OrganizationId::parse(name).map_err(|error| ServiceError::new(400, format!("{error}.")))?;
    if organization.is_nobody() {
        return Err(ServiceError::new(400, "`-` stands for no organization: name one."));
    }
    Ok(organization)
}

/// The log can't be read or written.
pub(crate) fn not_stored(error: &event_store::Error) -> ServiceError {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "An organization can't be loaded or stored"
    );
    ServiceError::new(503, "The log can't be read or written right now: try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(actor: &str, request_id: Option<&str>) -> Result<Cause, u16> {
        let asker = Asker {
            actor: actor.into(),
            request_id: request_id.map(str::to_owned),
            origin: Origin::default(),
        };
        asker.cause(DateTime::UNIX_EPOCH).map_err(|error| error.code)
    }

    #[test]
    fn the_cause_is_the_request_and_who_asks() {
        let known = cause("user:user_maya", Some("r-1")).unwrap();
        assert_eq!(
            (known.id.as_str(), known.correlation.as_str(), known.actor.as_str()),
            ("r-1", "r-1", "user:user_maya")
        );
        assert_eq!(cause("operator:liam", None).unwrap().actor, "operator:liam");
        assert_ne!(cause("user:a", None).unwrap().id, cause("user:a", None).unwrap().id);
    }

    #[test]
    fn nobody_asks_under_another_s_name() {
        for actor in [
            "",
            "maya",
            "user:",
            "system:identity",
            "clerk:ins_1",
            "user:a\nb",
            &"u".repeat(201),
        ] {
            assert_eq!(cause(actor, None), Err(400), "{actor:?}");
        }
        for request in ["", "a\nb", &"r".repeat(201)] {
            assert_eq!(cause("user:a", Some(request)), Err(400), "{request:?}");
        }
    }

    #[test]
    fn an_unsafe_organization_is_refused_with_a_sentence() {
        assert_eq!(organization("org_acme").unwrap().as_str(), "org_acme");
        for hostile in ["a.*", "-", "", ">"] {
            assert_eq!(organization(hostile).unwrap_err().code, 400, "{hostile}");
        }
    }
}
