//! How the list of what an integration may see is kept true.

use std::collections::BTreeSet;

use super::{
    event::{IntegrationEvent, Resource, ResourceGranted, ResourceKind, ResourceWithdrawn, Synchronized},
    state::Connected,
};

impl Connected {
    /// Grants those that are new or look different.
    pub(super) fn grant(&self, resources: Vec<Resource>) -> Vec<IntegrationEvent> {
        let news: Vec<Resource> = resources
            .into_iter()
            .filter(|resource| self.resources.get(&(resource.kind, resource.id.clone())) != Some(resource))
            .collect();
        if news.is_empty() {
            return vec![];
        }
        let granted = ResourceGranted {
            connector: self.connector.clone(),
            resources: news,
        };
        vec![granted.into()]
    }

    /// Withdraws those that are known.
    pub(super) fn withdraw(&self, kind: ResourceKind, resource_ids: Vec<String>) -> Vec<IntegrationEvent> {
        let known: Vec<String> = resource_ids
            .into_iter()
            .filter(|id| self.resources.contains_key(&(kind, id.clone())))
            .collect();
        if known.is_empty() {
            return vec![];
        }
        let withdrawn = ResourceWithdrawn {
            connector: self.connector.clone(),
            kind,
            resource_ids: known,
        };
        vec![withdrawn.into()]
    }

    /// Grants and withdraws until exactly `resources` are left of `kind`. Others' kinds among them are ignored.
    pub(super) fn synchronize(&self, kind: ResourceKind, mut resources: Vec<Resource>) -> Vec<IntegrationEvent> {
        resources.retain(|resource| resource.kind == kind);
        let there: BTreeSet<&str> = resources.iter().map(|resource| resource.id.as_str()).collect();
        let gone = self
            .resources
            .keys()
            .filter(|(known, id)| *known == kind && !there.contains(id.as_str()))
            .map(|(_, id)| id.clone())
            .collect();
        let count = there.len();
        let mut events = self.withdraw(kind, gone);
        events.extend(self.grant(resources));
        events.push(Synchronized { kind, count }.into());
        events
    }
}
