use super::{
    directory::Refused, event::Event, organization::OrganizationFields, role::Role, state::Clerk, user::UserFields,
};

/// What somebody can do to people and organizations.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    CreateUser {
        id: String,
        fields: UserFields,
    },
    UpdateUser {
        id: String,
        fields: UserFields,
    },
    DeleteUser {
        id: String,
    },
    CreateOrganization {
        id: String,
        fields: OrganizationFields,
        by: String,
    },
    UpdateOrganization {
        id: String,
        fields: OrganizationFields,
    },
    DeleteOrganization {
        id: String,
    },
    CreateMembership {
        user: String,
        organization: String,
        role: String,
    },
    UpdateMembership {
        user: String,
        organization: String,
        role: String,
    },
    DeleteMembership {
        user: String,
        organization: String,
    },
}

/// Changes it, and returns what is to be told.
///
/// # Errors
///
/// A sentence on why nothing was changed.
pub(crate) fn apply(clerk: &Clerk, change: Change, now: i64) -> Result<Vec<Event>, Refused> {
    let mut kept = clerk.directory.lock();
    match change {
        Change::CreateUser { id, fields } => kept.create_user(&id, fields, now),
        Change::UpdateUser { id, fields } => kept.update_user(&id, fields, now),
        Change::DeleteUser { id } => {
            let events = kept.delete_user(&id, now)?;
            clerk.sessions.forget(&id);
            Ok(events)
        }
        Change::CreateOrganization { id, fields, by } => kept.create_organization(&id, fields, &by, now),
        Change::UpdateOrganization { id, fields } => kept.update_organization(&id, fields, now),
        Change::DeleteOrganization { id } => kept.delete_organization(&id, now),
        Change::CreateMembership {
            user,
            organization,
            role,
        } => kept.create_membership(&user, &organization, &Role::read(&role)?, now),
        Change::UpdateMembership {
            user,
            organization,
            role,
        } => kept.update_membership(&user, &organization, &Role::read(&role)?, now),
        Change::DeleteMembership { user, organization } => kept.delete_membership(&user, &organization, now),
    }
}
