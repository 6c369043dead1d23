//! Whose an account was when: what it said belongs to who had it then, and an account can go from one organization to another
//! and back.

use chrono::{DateTime, Utc};
use infragpt_events::{OrganizationId, integration::IntegrationEvent};
use infragpt_nats::Claim;

/// A time in which an organization was connected to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenure {
    pub organization: OrganizationId,
    /// When it was connected.
    pub from: DateTime<Utc>,
    /// When it was disconnected; none while it is not.
    pub to: Option<DateTime<Utc>>,
}

/// A time in which what an account said is an organization's: after `since` and not after `until`, each without an end where it
/// is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

impl Window {
    /// As far as it lies before `time`, or at it.
    pub fn until(self, time: DateTime<Utc>) -> Self {
        Self {
            until: Some(self.until.map_or(time, |until| until.min(time))),
            ..self
        }
    }

    /// Whether what was stored at `time` is the organization's.
    pub fn covers(&self, time: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| time > since) && self.until.is_none_or(|until| time <= until)
    }
}

/// When `organization` was connected to `account`, from the history of one of its integrations.
pub(crate) fn tenures(
    organization: &OrganizationId,
    account: &str,
    history: &[(DateTime<Utc>, IntegrationEvent)],
) -> Vec<Tenure> {
    let mut tenures: Vec<Tenure> = Vec::new();
    let mut is_connected = false;
    for (stored, event) in history {
        match event {
            IntegrationEvent::Authorized(authorized) if authorized.account.id == account => {
                if !is_connected {
                    tenures.push(Tenure {
                        organization: organization.clone(),
                        from: *stored,
                        to: None,
                    });
                }
                is_connected = true;
            }
            IntegrationEvent::Authorized(_) | IntegrationEvent::Disconnected(_) if is_connected => {
                if let Some(last) = tenures.last_mut() {
                    last.to = Some(*stored);
                }
                is_connected = false;
            }
            _ => {}
        }
    }
    tenures
}

/// The times in which what an account said is `organization`'s. `all` is who was connected to it, in any order, and `claim` who
/// has it, or had it last. Where it is not known exactly when an account went from one to another, what lies between is left to
/// the other.
pub(crate) fn windows(organization: &OrganizationId, mut all: Vec<Tenure>, claim: Option<&Claim>) -> Vec<Window> {
    all.sort_by_key(|tenure| tenure.from);
    let is_ours = |tenure: &Tenure| tenure.organization == *organization;
    // The same organization again, with nobody between, is one time.
    let runs: Vec<&[Tenure]> = all.chunk_by(|one, next| is_ours(one) == is_ours(next)).collect();
    let is_claimed_by = |run: &[Tenure]| {
        let last = run.last();
        claim.filter(|claim| last.is_some_and(|last| last.organization == claim.organization))
    };
    let mut windows = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let ([first, ..], [.., last]) = (run, run) else {
            continue;
        };
        if !is_ours(first) {
            continue;
        }
        let is_last = index + 1 == runs.len();
        let since = match index {
            0 => None,
            _ if is_last => Some(is_claimed_by(run).and_then(|claim| claim.after).unwrap_or(first.from)),
            _ => Some(first.from),
        };
        let ended = last.to;
        let until = match runs.get(index + 1) {
            None => claim
                .filter(|claim| claim.organization != *organization)
                .map(|claim| claim.after.or(ended).unwrap_or(last.from)),
            Some(next) => {
                // The claim tells when the account was let go, if only its holder came after that.
                let holder = is_claimed_by(next).filter(|_| index + 2 == runs.len() && next.len() == 1);
                let known = holder.and_then(|claim| claim.after);
                Some(known.or(ended).unwrap_or(last.from))
            }
        };
        windows.push(Window { since, until });
    }
    windows
}

#[cfg(test)]
mod tests;
