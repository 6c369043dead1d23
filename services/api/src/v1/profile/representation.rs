//! What an organization says about itself, as the API gives and takes it.

use infragpt_events::organization::{self, CompanySize, Observability, TeamSize, UseCase};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::v1::{
    Error, door,
    input::words::{one, several},
    words,
};

/// What an organization says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// How many people work in the company.
    #[serde(deserialize_with = "one")]
    #[schema(value_type = words::CompanySize)]
    company_size: CompanySize,
    /// How many engineers use the product.
    #[serde(deserialize_with = "one")]
    #[schema(value_type = words::TeamSize)]
    team_size: TeamSize,
    /// What it is wanted for; kept sorted, each once.
    #[serde(deserialize_with = "several")]
    #[schema(value_type = Vec<words::UseCase>)]
    use_cases: Vec<UseCase>,
    /// What the systems are watched with; kept sorted, each once.
    #[serde(deserialize_with = "several")]
    #[schema(value_type = Vec<words::Observability>)]
    observability: Vec<Observability>,
}

impl Profile {
    /// The entity tag of its representation.
    pub fn tag(&self) -> Result<String, Error> {
        let representation = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(door::tag(&representation))
    }
}

impl From<organization::Profile> for Profile {
    fn from(profile: organization::Profile) -> Self {
        Self {
            company_size: profile.company_size,
            team_size: profile.team_size,
            use_cases: profile.use_cases,
            observability: profile.observability,
        }
    }
}

impl From<Profile> for organization::Profile {
    fn from(profile: Profile) -> Self {
        Self {
            company_size: profile.company_size,
            team_size: profile.team_size,
            use_cases: profile.use_cases,
            observability: profile.observability,
        }
        .in_order()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn profile() -> Value {
        json!({
            "company_size": "1-10", "team_size": "1-5", "use_cases": ["other", "cost_review", "other"],
            "observability": [],
        })
    }

    #[test]
    fn a_profile_is_kept_in_order() {
        let read: Profile = serde_json::from_value(profile()).unwrap();
        let kept = Profile::from(organization::Profile::from(read));
        assert_eq!(
            serde_json::to_value(&kept).unwrap()["use_cases"],
            json!(["cost_review", "other"])
        );
        assert_eq!(kept.tag().unwrap(), kept.clone().tag().unwrap());
    }

    #[test]
    fn only_the_known_words_are_taken_as_strings() {
        for (key, wrong) in [
            ("company_size", json!("1 to 10")),
            ("company_size", json!({"1-10": null})),
            ("company_size", json!(null)),
            ("team_size", json!(5)),
            ("use_cases", json!("other")),
            ("use_cases", json!([{"other": null}])),
            ("observability", json!([null])),
            ("more", json!(1)),
        ] {
            let mut body = profile();
            body[key] = wrong.clone();
            assert!(serde_json::from_value::<Profile>(body).is_err(), "{key}: {wrong}");
        }
    }
}
