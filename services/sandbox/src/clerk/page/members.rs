use std::fmt::Write;

use super::super::{directory::Kept, session::Session};
use crate::html::{escaped, hidden};

/// The organization that somebody acts for: its name, and as HTML who belongs to it and what can be changed.
pub(super) fn settings(kept: &Kept, session: &Session, target: &str) -> (String, String) {
    let active = session.organization.as_deref().and_then(|id| {
        let membership = kept.membership(&session.user, id)?;
        Some((kept.organization(id).ok()?, membership.role.is_admin()))
    });
    let Some((organization, is_admin)) = active else {
        return ("Your organizations".to_owned(), String::new());
    };
    let members = kept.members_of(&organization.id);
    let mut html = "<fieldset><legend>Members</legend>".to_owned();
    for (member, role) in &members {
        let (other, verb) = if role.is_admin() {
            ("member", "Make member")
        } else {
            ("admin", "Make admin")
        };
        let can = |is: bool| if is { "" } else { " disabled" };
        let _ = write!(
            html,
            "<form method=\"post\" action=\"/clerk/organization\">{target}{hidden}<label>{name} <small>({role})</small></label>\
<button name=\"action\" value=\"role\"{admin}>{verb}</button>\
<button class=\"danger\" name=\"action\" value=\"remove\"{remove}>Remove</button></form>",
            hidden = hidden(&[("user", &member.id), ("role", other)]),
            name = escaped(&member.name()),
            role = escaped(role.short()),
            admin = can(is_admin),
            remove = can(is_admin || member.id == session.user),
        );
    }
    html += "</fieldset>";
    if is_admin {
        for stranger in kept
            .users
            .iter()
            .filter(|it| !members.iter().any(|(member, _)| member.id == it.id))
        {
            let _ = write!(
                html,
                "<form method=\"post\" action=\"/clerk/organization\">{target}{hidden}\
<button name=\"action\" value=\"add\">Add {name}</button></form>",
                hidden = hidden(&[("user", &stranger.id), ("role", "member")]),
                name = escaped(&stranger.name()),
            );
        }
        let _ = write!(
            html,
            "<form method=\"post\" action=\"/clerk/organization\">{target}<fieldset><legend>Organization</legend>\
<label>Name <input name=\"name\" value=\"{}\"></label><button name=\"action\" value=\"rename\">Rename</button>\
<button class=\"danger\" name=\"action\" value=\"delete\">Delete organization</button></fieldset></form>",
            escaped(&organization.name),
        );
    }
    (organization.name.clone(), html)
}
