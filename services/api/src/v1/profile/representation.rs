//! What an organization says about itself, as the API gives and takes it.

use infragpt_events::organization::{self, CompanySize, Observability, TeamSize, UseCase};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::v1::{Error, door, words};

/// What an organization says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// How many people work in the company.
    #[schema(schema_with = words::company_size)]
    company_size: CompanySize,
    /// How many engineers use the product.
    #[schema(schema_with = words::team_size)]
    team_size: TeamSize,
    /// What it is wanted for; kept sorted, each once.
    #[schema(schema_with = words::use_cases)]
    use_cases: Vec<UseCase>,
    /// What the systems are watched with; kept sorted, each once.
    #[schema(schema_with = words::observability)]
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
