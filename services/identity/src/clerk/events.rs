//! Every webhook event of Clerk.

use infragpt_connectors::catalogue;

catalogue! {
    /// What a webhook is about, its `type`. <https://clerk.com/docs/webhooks/overview>
    pub enum EventType {
        EmailCreated = "email.created",
        InvitationAccepted = "invitation.accepted",
        InvitationCreated = "invitation.created",
        InvitationRevoked = "invitation.revoked",
        OrganizationCreated = "organization.created",
        OrganizationDeleted = "organization.deleted",
        OrganizationUpdated = "organization.updated",
        OrganizationDomainCreated = "organizationDomain.created",
        OrganizationDomainDeleted = "organizationDomain.deleted",
        OrganizationDomainUpdated = "organizationDomain.updated",
        OrganizationInvitationAccepted = "organizationInvitation.accepted",
        OrganizationInvitationCreated = "organizationInvitation.created",
        OrganizationInvitationRevoked = "organizationInvitation.revoked",
        OrganizationMembershipCreated = "organizationMembership.created",
        OrganizationMembershipDeleted = "organizationMembership.deleted",
        OrganizationMembershipUpdated = "organizationMembership.updated",
        PaymentAttemptCreated = "paymentAttempt.created",
        PaymentAttemptUpdated = "paymentAttempt.updated",
        PermissionCreated = "permission.created",
        PermissionDeleted = "permission.deleted",
        PermissionUpdated = "permission.updated",
        RoleCreated = "role.created",
        RoleDeleted = "role.deleted",
        RoleUpdated = "role.updated",
        SessionCreated = "session.created",
        SessionEnded = "session.ended",
        SessionPending = "session.pending",
        SessionRemoved = "session.removed",
        SessionRevoked = "session.revoked",
        SmsCreated = "sms.created",
        SubscriptionActive = "subscription.active",
        SubscriptionCreated = "subscription.created",
        SubscriptionPastDue = "subscription.pastDue",
        SubscriptionUpdated = "subscription.updated",
        SubscriptionItemAbandoned = "subscriptionItem.abandoned",
        SubscriptionItemActive = "subscriptionItem.active",
        SubscriptionItemCanceled = "subscriptionItem.canceled",
        SubscriptionItemCreated = "subscriptionItem.created",
        SubscriptionItemEnded = "subscriptionItem.ended",
        SubscriptionItemFreeTrialEnding = "subscriptionItem.freeTrialEnding",
        SubscriptionItemIncomplete = "subscriptionItem.incomplete",
        SubscriptionItemPastDue = "subscriptionItem.pastDue",
        SubscriptionItemUpcoming = "subscriptionItem.upcoming",
        SubscriptionItemUpdated = "subscriptionItem.updated",
        UserCreated = "user.created",
        UserDeleted = "user.deleted",
        UserUpdated = "user.updated",
        WaitlistEntryCreated = "waitlistEntry.created",
        WaitlistEntryUpdated = "waitlistEntry.updated",
    }
}

#[cfg(test)]
mod tests {
    use super::EventType;

    #[test]
    fn every_known_word_reads_and_writes_as_itself() {
        for word in EventType::WORDS {
            let kind = EventType::parse(word);
            assert_eq!(kind.as_str(), *word);
            assert_ne!(kind, EventType::Other((*word).to_owned()));
        }
    }

    #[test]
    fn an_unknown_word_is_kept() {
        assert_eq!(EventType::parse("user.cloned").to_string(), "user.cloned");
    }
}
