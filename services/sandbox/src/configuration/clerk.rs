use std::time::Duration;

/// An instance of Clerk, and who and what is in it from the start.
#[derive(Clone, Debug)]
pub struct ClerkInstance {
    /// The instance's id, `ins_…`, which every webhook carries.
    pub instance_id: String,
    /// Key of the Backend API, `sk_test_…`.
    pub secret_key: String,
    /// What webhooks are signed with: `whsec_` and Base64.
    pub webhook_secret: String,
    /// Where webhooks go that follow from what happens; `None` sends none.
    pub webhook_url: Option<String>,
    /// Origins of the app, such as `http://127.0.0.1:8080`. The first one is the usual `azp` of a token, and a sign-in may
    /// lead to each. Empty: any http loopback address, and `azp` is the sandbox itself.
    pub app_origins: Vec<String>,
    /// How long a token lives that a page or `clerk_session` issues; 60 s at Clerk.
    pub token_lifetime: Duration,
    /// Who can sign in.
    pub users: Vec<ClerkUser>,
    /// What people can belong to.
    pub organizations: Vec<ClerkOrganization>,
    /// Who belongs to what.
    pub memberships: Vec<ClerkMembership>,
}

impl ClerkInstance {
    /// The usual people, with an organization of this id (`acme` unless configured otherwise), of which `user_maya` is an
    /// admin and `user_tom` a member, and another one of which `user_gus` is the admin.
    pub fn with_organization(id: &str) -> Self {
        // The configured organization keeps its own people, whatever it is called.
        let (name, other) = if id == "globex" {
            ("Globex", "Acme")
        } else {
            ("Acme", "Globex")
        };
        let first = organization(id, name, "user_maya");
        let other = organization(&other.to_lowercase(), other, "user_gus");
        Self {
            instance_id: "ins_sandbox".into(),
            secret_key: "sk_test_sandbox".into(),
            webhook_secret: "whsec_c2FuZGJveC1jbGVyay13ZWJob29rLXNlY3JldA==".into(),
            webhook_url: None,
            app_origins: Vec::new(),
            token_lifetime: Duration::from_mins(1),
            users: vec![
                user("user_maya", "Maya", "Okafor"),
                user("user_tom", "Tom", "Lindqvist"),
                user("user_gus", "Gus", "Marino"),
            ],
            memberships: vec![
                membership("user_maya", &first.id, "admin"),
                membership("user_tom", &first.id, "member"),
                membership("user_gus", &other.id, "admin"),
            ],
            organizations: vec![first, other],
        }
    }
}

impl Default for ClerkInstance {
    fn default() -> Self {
        Self::with_organization("acme")
    }
}

fn organization(id: &str, name: &str, created_by: &str) -> ClerkOrganization {
    ClerkOrganization {
        id: id.into(),
        name: name.into(),
        slug: name.to_lowercase(),
        created_by: created_by.into(),
    }
}

fn user(id: &str, first_name: &str, last_name: &str) -> ClerkUser {
    ClerkUser {
        id: id.into(),
        first_name: first_name.into(),
        last_name: last_name.into(),
        email: format!("{}@example.com", first_name.to_lowercase()),
    }
}

fn membership(user: &str, organization: &str, role: &str) -> ClerkMembership {
    ClerkMembership {
        user: user.into(),
        organization: organization.into(),
        role: role.into(),
    }
}

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClerkUser {
    /// Clerk's identifier, `user_…`.
    pub id: String,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// The primary address, which is verified.
    pub email: String,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClerkOrganization {
    /// Clerk's identifier, usually `org_…`.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The name in addresses.
    pub slug: String,
    /// Id of the person who created it.
    pub created_by: String,
}

/// That somebody belongs to an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClerkMembership {
    /// Id of the person.
    pub user: String,
    /// Id of the organization.
    pub organization: String,
    /// `admin`, `member`, or a role that the instance made up.
    pub role: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_organization_can_be_the_first() {
        for (id, name, other) in [
            ("acme", "Acme", "globex"),
            ("globex", "Globex", "acme"),
            ("org_2x", "Acme", "globex"),
        ] {
            let clerk = ClerkInstance::with_organization(id);
            let (first, second) = (&clerk.organizations[0], &clerk.organizations[1]);
            assert_eq!((&*first.id, &*first.name, &*second.id), (id, name, other));
            assert_eq!((&*first.created_by, &*second.created_by), ("user_maya", "user_gus"));
            assert_eq!(clerk.memberships[1], membership("user_tom", id, "member"));
        }
    }
}
