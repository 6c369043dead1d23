use super::directory::Refused;

/// What Clerk itself lets an admin do; <https://clerk.com/docs/guides/organizations/control-access/roles-and-permissions>.
const ADMIN: [&str; 8] = [
    "org:sys_profile:manage",
    "org:sys_profile:delete",
    "org:sys_memberships:read",
    "org:sys_memberships:manage",
    "org:sys_domains:read",
    "org:sys_domains:manage",
    "org:sys_billing:read",
    "org:sys_billing:manage",
];
/// What Clerk itself lets everybody else do.
const MEMBER: [&str; 2] = ["org:sys_memberships:read", "org:sys_billing:read"];
/// The feature that the instance made up, whose permissions are in tokens; those of Clerk itself never are.
pub(super) const FEATURE: &str = "integrations";

/// A role, with `org:` in front as webhooks and tokens of version 1 have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role(String);

impl Role {
    /// A role by its key, with or without `org:`.
    pub(super) fn new(key: &str) -> Self {
        Self(format!("org:{}", key.strip_prefix("org:").unwrap_or(key)))
    }

    /// A role that somebody names.
    ///
    /// # Errors
    ///
    /// A sentence if no instance could have it.
    pub(super) fn read(key: &str) -> Result<Self, Refused> {
        let role = Self::new(key);
        let is_fine = |it: char| it.is_ascii_alphanumeric() || it == '_';
        if role.short().is_empty() || !role.short().chars().all(is_fine) {
            return Err(format!("`{key}` is no role: it has to be letters, digits and `_`."));
        }
        Ok(role)
    }

    /// `org:admin`.
    pub(super) fn key(&self) -> &str {
        &self.0
    }

    /// `admin`, as tokens of version 2 have it.
    pub(super) fn short(&self) -> &str {
        self.0.strip_prefix("org:").unwrap_or(&self.0)
    }

    /// `Admin`, for people.
    pub(super) fn name(&self) -> String {
        let words = self.short().replace('_', " ");
        let mut letters = words.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect()
    }

    pub(super) fn is_admin(&self) -> bool {
        self.short() == "admin"
    }

    /// What the role may do with [`FEATURE`].
    pub(super) fn custom_permissions(&self) -> &'static [&'static str] {
        if self.is_admin() {
            &["read", "manage"]
        } else {
            &["read"]
        }
    }

    /// Everything that the role may do.
    pub(super) fn permissions(&self) -> Vec<String> {
        let system: &[&str] = if self.is_admin() { &ADMIN } else { &MEMBER };
        let custom = self.custom_permissions().iter();
        let custom = custom.map(|permission| format!("org:{FEATURE}:{permission}"));
        system.iter().map(|it| (*it).to_owned()).chain(custom).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_written_in_three_ways() {
        for key in ["billing_manager", "org:billing_manager"] {
            let role = Role::new(key);
            assert_eq!(
                (role.key(), role.short(), &*role.name(), role.is_admin()),
                ("org:billing_manager", "billing_manager", "Billing manager", false)
            );
        }
        assert!(Role::read("admin").unwrap().is_admin());
        assert!(Role::read("org:").is_err() && Role::read("an admin").is_err());
    }
}
