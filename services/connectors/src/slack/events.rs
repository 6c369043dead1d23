//! Every type that Slack delivers: the Events API, interactions and slash commands.

use crate::catalogue::catalogue;

catalogue! {
    /// What a payload from Slack is about. <https://docs.slack.dev/reference/events>
    pub enum EventType {
        AppDeleted = "app_deleted",
        AppHomeOpened = "app_home_opened",
        AppInstalled = "app_installed",
        AppMention = "app_mention",
        AppRateLimited = "app_rate_limited",
        AppRequested = "app_requested",
        AppUninstalled = "app_uninstalled",
        AppUninstalledTeam = "app_uninstalled_team",
        AssistantThreadContextChanged = "assistant_thread_context_changed",
        AssistantThreadStarted = "assistant_thread_started",
        CallRejected = "call_rejected",
        ChannelArchive = "channel_archive",
        ChannelCreated = "channel_created",
        ChannelDeleted = "channel_deleted",
        ChannelHistoryChanged = "channel_history_changed",
        ChannelIdChanged = "channel_id_changed",
        ChannelJoined = "channel_joined",
        ChannelLeft = "channel_left",
        ChannelRename = "channel_rename",
        ChannelShared = "channel_shared",
        ChannelUnarchive = "channel_unarchive",
        ChannelUnshared = "channel_unshared",
        DndUpdated = "dnd_updated",
        DndUpdatedUser = "dnd_updated_user",
        EmailDomainChanged = "email_domain_changed",
        EmojiChanged = "emoji_changed",
        EntityDetailsRequested = "entity_details_requested",
        FileChange = "file_change",
        FileCommentAdded = "file_comment_added",
        FileCommentDeleted = "file_comment_deleted",
        FileCommentEdited = "file_comment_edited",
        FileCreated = "file_created",
        FileDeleted = "file_deleted",
        FilePublic = "file_public",
        FileShared = "file_shared",
        FileUnshared = "file_unshared",
        FunctionExecuted = "function_executed",
        GridMigrationFinished = "grid_migration_finished",
        GridMigrationStarted = "grid_migration_started",
        GroupArchive = "group_archive",
        GroupClose = "group_close",
        GroupDeleted = "group_deleted",
        GroupHistoryChanged = "group_history_changed",
        GroupJoined = "group_joined",
        GroupLeft = "group_left",
        GroupOpen = "group_open",
        GroupRename = "group_rename",
        GroupUnarchive = "group_unarchive",
        ImClose = "im_close",
        ImCreated = "im_created",
        ImHistoryChanged = "im_history_changed",
        ImOpen = "im_open",
        InviteRequested = "invite_requested",
        LinkShared = "link_shared",
        MemberJoinedChannel = "member_joined_channel",
        MemberLeftChannel = "member_left_channel",
        Message = "message",
        MessageMetadataDeleted = "message_metadata_deleted",
        MessageMetadataPosted = "message_metadata_posted",
        MessageMetadataUpdated = "message_metadata_updated",
        PinAdded = "pin_added",
        PinRemoved = "pin_removed",
        ReactionAdded = "reaction_added",
        ReactionRemoved = "reaction_removed",
        ResourcesAdded = "resources_added",
        ResourcesRemoved = "resources_removed",
        ScopeDenied = "scope_denied",
        ScopeGranted = "scope_granted",
        SharedChannelInviteAccepted = "shared_channel_invite_accepted",
        SharedChannelInviteApproved = "shared_channel_invite_approved",
        SharedChannelInviteDeclined = "shared_channel_invite_declined",
        SharedChannelInviteReceived = "shared_channel_invite_received",
        SharedChannelInviteRequested = "shared_channel_invite_requested",
        StarAdded = "star_added",
        StarRemoved = "star_removed",
        SubteamCreated = "subteam_created",
        SubteamMembersChanged = "subteam_members_changed",
        SubteamSelfAdded = "subteam_self_added",
        SubteamSelfRemoved = "subteam_self_removed",
        SubteamUpdated = "subteam_updated",
        TeamAccessGranted = "team_access_granted",
        TeamAccessRevoked = "team_access_revoked",
        TeamDomainChange = "team_domain_change",
        TeamJoin = "team_join",
        TeamRename = "team_rename",
        TokensRevoked = "tokens_revoked",
        UrlVerification = "url_verification",
        UserChange = "user_change",
        UserHuddleChanged = "user_huddle_changed",
        UserProfileChanged = "user_profile_changed",
        UserResourceDenied = "user_resource_denied",
        UserResourceGranted = "user_resource_granted",
        UserResourceRemoved = "user_resource_removed",
        UserStatusChanged = "user_status_changed",
        WorkflowDeleted = "workflow_deleted",
        WorkflowPublished = "workflow_published",
        WorkflowStepDeleted = "workflow_step_deleted",
        WorkflowStepExecute = "workflow_step_execute",
        WorkflowUnpublished = "workflow_unpublished",
        BlockActions = "block_actions",
        BlockSuggestion = "block_suggestion",
        DialogCancellation = "dialog_cancellation",
        DialogSubmission = "dialog_submission",
        DialogSuggestion = "dialog_suggestion",
        InteractiveMessage = "interactive_message",
        MessageAction = "message_action",
        Shortcut = "shortcut",
        SlashCommands = "slash_commands",
        ViewClosed = "view_closed",
        ViewSubmission = "view_submission",
        WorkflowStepEdit = "workflow_step_edit",
    }
}

#[cfg(test)]
mod tests {
    use super::EventType;

    #[test]
    fn every_known_word_reads_and_writes_as_itself() {
        assert!(EventType::WORDS.len() >= 100);
        for word in EventType::WORDS {
            let kind = EventType::parse(word);
            assert_eq!(kind.as_str(), *word);
            assert_ne!(kind, EventType::Other((*word).to_owned()));
        }
    }

    #[test]
    fn an_unknown_word_is_kept() {
        let kind: EventType = serde_json::from_str("\"of_tomorrow\"").unwrap();
        assert_eq!(kind, EventType::Other("of_tomorrow".to_owned()));
        assert_eq!(kind.to_string(), "of_tomorrow");
    }
}
