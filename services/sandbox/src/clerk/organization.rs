use serde_json::{Value, json};

use super::{
    directory::{Kept, Refused, after},
    event::Event,
    role::Role,
    user::image_url,
};

/// An organization.
#[derive(Clone, Debug)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) created_by: String,
    /// In milliseconds, as all times here.
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

/// What somebody says about an organization; what is left out stays, or is made up for a new one.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrganizationFields {
    pub(crate) name: Option<String>,
    pub(crate) slug: Option<String>,
}

impl Organization {
    /// The organization object; <https://clerk.com/docs/reference/backend/types/backend-organization>, in the spelling of
    /// webhooks.
    pub(super) fn shown(&self) -> Value {
        json!({
            "object": "organization",
            "id": self.id,
            "name": self.name,
            "slug": self.slug,
            "image_url": image_url(&self.id),
            "logo_url": null,
            "has_image": false,
            "max_allowed_memberships": 5,
            "admin_delete_enabled": true,
            "public_metadata": {},
            "private_metadata": {},
            "created_by": self.created_by,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }
}

/// A name as addresses have it.
fn slug(name: &str) -> String {
    let letters = name.chars().map(|it| {
        if it.is_ascii_alphanumeric() {
            it.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    letters.collect::<String>().trim_matches('-').to_owned()
}

impl Kept {
    /// Somebody creates an organization, whose first admin they are.
    pub(super) fn create_organization(
        &mut self,
        id: &str,
        fields: OrganizationFields,
        by: &str,
        now: i64,
    ) -> Result<Vec<Event>, Refused> {
        let created_by = self.user(by)?.id.clone();
        self.take_id(id)?;
        let name = fields.name.unwrap_or_else(|| id.to_owned());
        let organization = Organization {
            id: id.to_owned(),
            slug: fields.slug.unwrap_or_else(|| slug(&name)),
            name,
            created_by: created_by.clone(),
            created_at: now,
            updated_at: now,
        };
        let mut events = vec![Event::new("organization.created", organization.shown(), now)];
        self.organizations.push(organization);
        events.extend(self.create_membership(&created_by, id, &Role::new("admin"), now)?);
        Ok(events)
    }

    /// Somebody renames an organization.
    pub(super) fn update_organization(
        &mut self,
        id: &str,
        fields: OrganizationFields,
        now: i64,
    ) -> Result<Vec<Event>, Refused> {
        let organization = self.organization_mut(id)?;
        if let Some(name) = fields.name {
            organization.name = name;
        }
        if let Some(slug) = fields.slug {
            organization.slug = slug;
        }
        organization.updated_at = after(organization.updated_at, now);
        let event = Event::new("organization.updated", organization.shown(), organization.updated_at);
        Ok(vec![event])
    }

    /// Somebody deletes an organization, and with it its memberships.
    pub(super) fn delete_organization(&mut self, id: &str, now: i64) -> Result<Vec<Event>, Refused> {
        let organization = self.organization(id)?.id.clone();
        let mut events = self.end_memberships(now, |membership| membership.organization == organization);
        self.organizations.retain(|it| it.id != organization);
        events.push(Event::deleted("organization", &organization, now));
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_an_address() {
        assert_eq!(slug("Acme & Söhne, Inc."), "acme---s-hne--inc");
        assert_eq!(slug("Globex"), "globex");
    }
}
