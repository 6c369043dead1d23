//! What the requests have in common: whose integration it is about, and who asks.

use chrono::{DateTime, Utc};
use infragpt_events::{
    ConnectorKind, OrganizationId,
    integration::{self, Integration},
};
use infragpt_nats::{AggregateSubject, Cause, Claim, Origin, ServiceError};
use infragpt_vault::Owner;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest request id and actor that are taken.
const MOST_CHARACTERS: usize = 200;

/// Who asks, in every request that changes something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Who asks, as `<kind>:<id>`; an operator's name where there is no kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What identifies this request, so that repeating it after a lost reply is the same request. Made up where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Where the request came from.
    #[serde(default)]
    pub origin: Origin,
}

impl Asker {
    /// Who asks, as `<kind>:<id>`.
    pub(crate) fn name(&self) -> Result<String, ServiceError> {
        let name = checked("actor", self.actor.as_deref().unwrap_or("unknown"))?;
        Ok(match name.split_once(':') {
            Some(("operator" | "user" | "system", id)) if !id.is_empty() => name.to_owned(),
            _ => format!("operator:{name}"),
        })
    }

    /// What the new events follow from.
    pub(crate) fn cause(&self, now: DateTime<Utc>) -> Result<Cause, ServiceError> {
        let id = match &self.request_id {
            Some(id) => checked("request_id", id)?.to_owned(),
            None => Uuid::now_v7().to_string(),
        };
        Ok(Cause {
            correlation: id.clone(),
            id,
            actor: self.name()?,
            time: now,
            traceparent: None,
            origin: self.origin.clone(),
        })
    }
}

fn checked<'value>(field: &str, value: &'value str) -> Result<&'value str, ServiceError> {
    let length = value.chars().count();
    if length == 0 || length > MOST_CHARACTERS || value.chars().any(char::is_control) {
        return Err(ServiceError::new(
            400,
            format!("`{field}` has to be 1 to {MOST_CHARACTERS} printable characters."),
        ));
    }
    Ok(value)
}

/// An organization's integration with one kind of system.
#[derive(Debug, Clone)]
pub struct Target {
    /// The organization.
    pub organization: OrganizationId,
    /// The kind of system.
    pub connector: ConnectorKind,
    /// The integration.
    pub integration: Uuid,
    pub(crate) subject: AggregateSubject,
}

impl Target {
    pub(crate) fn new(organization: OrganizationId, connector: ConnectorKind) -> Self {
        let integration = integration::id(&organization, &connector);
        let subject = AggregateSubject::new::<Integration>(&organization, integration);
        Self {
            organization,
            connector,
            integration,
            subject,
        }
    }

    pub(crate) fn owner(&self) -> Owner {
        Owner::new(self.organization.clone(), self.connector.clone())
    }

    pub(crate) fn claim(&self) -> Claim {
        Claim::new(self.organization.clone(), self.integration)
    }
}

/// The organization that a request names.
pub(crate) fn organization(name: &str) -> Result<OrganizationId, ServiceError> {
    let organization = OrganizationId::parse(name).map_err(|error| ServiceError::new(400, format!("{error}.")))?;
    if organization.is_nobody() {
        return Err(ServiceError::new(400, "`-` stands for no organization: name one."));
    }
    Ok(organization)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(actor: Option<&str>, request: Option<&str>) -> Asker {
        Asker {
            actor: actor.map(str::to_owned),
            request_id: request.map(str::to_owned),
            origin: Origin::default(),
        }
    }

    #[test]
    fn an_unsafe_organization_is_refused_with_a_sentence() {
        assert_eq!(organization("acme").unwrap().as_str(), "acme");
        for hostile in ["a.*", "-", "", ">"] {
            assert_eq!(organization(hostile).unwrap_err().code, 400, "{hostile}");
        }
        let message = organization("a.*").unwrap_err().message;
        assert!(message.contains("`a.*` is not a valid organization"), "{message}");
    }

    #[test]
    fn the_cause_is_the_request_and_who_asks() {
        let cause = |actor, request| asker(actor, request).cause(DateTime::UNIX_EPOCH);
        let known = cause(Some("maya"), Some("r-1")).unwrap();
        assert_eq!(
            (known.id.as_str(), known.correlation.as_str(), known.actor.as_str()),
            ("r-1", "r-1", "operator:maya")
        );
        assert_eq!(cause(Some("user:u1"), None).unwrap().actor, "user:u1");
        assert_eq!(cause(Some("operator:liam"), None).unwrap().actor, "operator:liam");
        assert_eq!(cause(Some("system:erasure"), None).unwrap().actor, "system:erasure");
        assert_eq!(cause(Some("slack:eve"), None).unwrap().actor, "operator:slack:eve");
        assert_ne!(cause(None, None).unwrap().id, cause(None, None).unwrap().id);
        for hostile in ["", "a\nb", &"x".repeat(201)] {
            assert_eq!(cause(None, Some(hostile)).unwrap_err().code, 400);
            assert_eq!(cause(Some(hostile), None).unwrap_err().code, 400);
        }
    }
}
