//! Who may do what: one table, which decides, which the OpenAPI document quotes, and which tests walk.

use std::fmt;

use infragpt_events::organization::Role;

/// Something that people may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Sees who they are, the organization, and what it says about itself.
    ReadOrganization,
    /// Says what the organization says about itself.
    ManageOrganization,
    /// Sees who belongs to the organization.
    ReadMembers,
    /// Sees what is connected and whether it works.
    ReadIntegrations,
    /// Connects, tries, compares and ends connections.
    ManageIntegrations,
    /// Sees which repositories and channels are connected.
    ReadResources,
    /// Sees what changed.
    ReadChanges,
    /// Sees what was asked and answered.
    ReadConversations,
    /// Sees what agents proposed and what came of it.
    ReadActions,
    /// Sees who did what.
    ReadAudit,
    /// Sees how much is used.
    ReadUsage,
}

impl Permission {
    /// The permission in the audit and in the OpenAPI document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOrganization => "organization.read",
            Self::ManageOrganization => "organization.manage",
            Self::ReadMembers => "members.read",
            Self::ReadIntegrations => "integrations.read",
            Self::ManageIntegrations => "integrations.manage",
            Self::ReadResources => "resources.read",
            Self::ReadChanges => "changes.read",
            Self::ReadConversations => "conversations.read",
            Self::ReadActions => "actions.read",
            Self::ReadAudit => "audit.read",
            Self::ReadUsage => "usage.read",
        }
    }

    /// The rule about it.
    pub(super) fn rule(self) -> Option<&'static Rule> {
        TABLE.iter().find(|rule| rule.permission == self)
    }

    /// Whether whoever has `role` may do it. What no rule is about nobody may.
    pub fn is_granted_to(self, role: Role) -> bool {
        self.rule().is_some_and(|rule| role >= rule.least)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What one may do, who may do it, and which operations of the API it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What.
    pub permission: Permission,
    /// The least role that may.
    pub least: Role,
    /// The operations, by their `operationId`.
    pub operations: &'static [&'static str],
}

/// Who may do what.
#[rustfmt::skip]
pub const TABLE: &[Rule] = &[
    rule(Permission::ReadOrganization,   Role::Member, &["show_me", "show_organization", "show_profile", "show_rules"]),
    rule(Permission::ManageOrganization, Role::Admin,  &["set_profile", "set_rules"]),
    rule(Permission::ReadMembers,        Role::Member, &["list_members"]),
    rule(Permission::ReadIntegrations,   Role::Member, &["list_integrations", "show_integration", "show_integration_health"]),
    rule(Permission::ManageIntegrations, Role::Admin,  &["begin_authorization", "synchronize_integration",
                                                         "validate_integration", "disconnect_integration"]),
    rule(Permission::ReadResources,      Role::Member, &["list_repositories", "list_channels"]),
    rule(Permission::ReadChanges,        Role::Member, &["list_changes", "show_change"]),
    rule(Permission::ReadConversations,  Role::Member, &["list_conversations", "show_conversation", "list_messages"]),
    rule(Permission::ReadActions,        Role::Member, &["list_actions", "show_action"]),
    rule(Permission::ReadAudit,          Role::Admin,  &["list_audit", "export_audit"]),
    rule(Permission::ReadUsage,          Role::Member, &["show_usage"]),
];

const fn rule(permission: Permission, least: Role, operations: &'static [&'static str]) -> Rule {
    Rule {
        permission,
        least,
        operations,
    }
}

/// What an operation of the API needs; an operation that no rule names needs what nobody has.
pub(super) fn of_operation(operation: &str) -> Option<Permission> {
    let rule = TABLE.iter().find(|rule| rule.operations.contains(&operation));
    rule.map(|rule| rule.permission)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_permission_has_one_rule_and_every_operation_one_permission() {
        let permissions: BTreeSet<_> = TABLE.iter().map(|rule| rule.permission.as_str()).collect();
        assert_eq!(permissions.len(), TABLE.len());
        let operations: Vec<_> = TABLE.iter().flat_map(|rule| rule.operations).collect();
        assert_eq!(operations.iter().collect::<BTreeSet<_>>().len(), operations.len());
    }

    #[test]
    fn administrators_may_what_members_may_and_more() {
        for rule in TABLE {
            assert!(rule.permission.is_granted_to(Role::Admin), "{}", rule.permission);
        }
        let only_admins: Vec<_> = TABLE
            .iter()
            .filter(|rule| !rule.permission.is_granted_to(Role::Member))
            .map(|rule| rule.permission.as_str())
            .collect();
        assert_eq!(
            only_admins,
            ["organization.manage", "integrations.manage", "audit.read"]
        );
    }

    #[test]
    fn what_no_rule_names_needs_what_nobody_has() {
        assert_eq!(of_operation("list_changes"), Some(Permission::ReadChanges));
        assert_eq!(of_operation("delete_everything"), None);
    }
}
