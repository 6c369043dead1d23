use serde_json::{Value, json};

use super::{
    directory::{Kept, Refused, after, derived},
    event::Event,
};

/// Somebody with an account.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) email: String,
    /// In milliseconds, as all times here.
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

/// What somebody says about a person; what is left out stays, or is made up for a new one.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserFields {
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
}

impl User {
    /// The name for people.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    /// The user object; <https://clerk.com/docs/reference/backend/types/backend-user>, in the spelling of webhooks.
    pub(super) fn shown(&self) -> Value {
        let email = derived("idn", &[&self.id, "email"]);
        json!({
            "object": "user",
            "id": self.id,
            "username": null,
            "first_name": nullable(&self.first_name),
            "last_name": nullable(&self.last_name),
            "image_url": image_url(&self.id),
            "has_image": false,
            "primary_email_address_id": email,
            "primary_phone_number_id": null,
            "primary_web3_wallet_id": null,
            "password_enabled": false,
            "two_factor_enabled": false,
            "totp_enabled": false,
            "backup_code_enabled": false,
            "email_addresses": [{
                "object": "email_address",
                "id": email,
                "email_address": self.email,
                "reserved": false,
                "verification": {
                    "object": "verification_admin",
                    "status": "verified",
                    "strategy": "admin",
                    "attempts": null,
                    "expire_at": null,
                },
                "linked_to": [],
                "matches_sso_connection": false,
                "created_at": self.created_at,
                "updated_at": self.created_at,
            }],
            "phone_numbers": [],
            "web3_wallets": [],
            "passkeys": [],
            "external_accounts": [],
            "enterprise_accounts": [],
            "saml_accounts": [],
            "password_last_updated_at": null,
            "public_metadata": {},
            "private_metadata": {},
            "unsafe_metadata": {},
            "external_id": null,
            "last_sign_in_at": null,
            "banned": false,
            "locked": false,
            "lockout_expires_in_seconds": null,
            "verification_attempts_remaining": 100,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "last_active_at": self.created_at,
            "create_organization_enabled": true,
            "create_organizations_limit": null,
            "delete_self_enabled": true,
            "legal_accepted_at": null,
            "locale": null,
            "timezone": null,
            "profile_image_url": image_url(&self.id),
        })
    }

    /// What the other members of an organization may know.
    pub(super) fn public(&self) -> Value {
        json!({
            "first_name": nullable(&self.first_name),
            "last_name": nullable(&self.last_name),
            "identifier": self.email,
            "image_url": image_url(&self.id),
            "has_image": false,
            "profile_image_url": image_url(&self.id),
            "user_id": self.id,
        })
    }

    fn take(&mut self, fields: UserFields) {
        let UserFields {
            first_name,
            last_name,
            email,
        } = fields;
        let known = [&mut self.first_name, &mut self.last_name, &mut self.email];
        for (known, given) in known.into_iter().zip([first_name, last_name, email]) {
            if let Some(given) = given {
                *known = given;
            }
        }
    }
}

fn nullable(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

pub(super) fn image_url(id: &str) -> String {
    format!("https://img.clerk.com/{id}")
}

impl Kept {
    /// Somebody signs up.
    pub(super) fn create_user(&mut self, id: &str, fields: UserFields, now: i64) -> Result<Vec<Event>, Refused> {
        self.take_id(id)?;
        let mut user = User {
            id: id.to_owned(),
            first_name: String::new(),
            last_name: String::new(),
            email: format!("{}@example.com", id.to_lowercase()),
            created_at: now,
            updated_at: now,
        };
        user.take(fields);
        let event = Event::new("user.created", user.shown(), now);
        self.users.push(user);
        Ok(vec![event])
    }

    /// Somebody is called something else, or is reached elsewhere.
    pub(super) fn update_user(&mut self, id: &str, fields: UserFields, now: i64) -> Result<Vec<Event>, Refused> {
        let user = self.user_mut(id)?;
        user.take(fields);
        user.updated_at = after(user.updated_at, now);
        Ok(vec![Event::new("user.updated", user.shown(), user.updated_at)])
    }

    /// Somebody's account is deleted, and before that their memberships.
    pub(super) fn delete_user(&mut self, id: &str, now: i64) -> Result<Vec<Event>, Refused> {
        let user = self.user(id)?.id.clone();
        let mut events = self.end_memberships(now, |membership| membership.user == user);
        self.users.retain(|it| it.id != user);
        events.push(Event::deleted("user", &user, now));
        Ok(events)
    }
}
