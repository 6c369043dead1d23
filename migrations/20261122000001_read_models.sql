-- The read models: derived from the log alone, disposable, and the same rows after every rebuild. So no column
-- has a default that depends on when or where it is written.
--
-- `sequence` is the place in the stream EVENTS of the last event that shaped a row; writes are guarded by it.
-- Only keys that the product makes are unique: a strange event must not be able to stop the projector.

CREATE TABLE projection_checkpoints (
    stream       text PRIMARY KEY,
    sequence     bigint NOT NULL CHECK (sequence >= 0),
    published_at timestamptz
);
COMMENT ON TABLE projection_checkpoints IS 'How far each stream has been projected; advanced in the transaction that writes the rows';
COMMENT ON COLUMN projection_checkpoints.published_at IS 'When JetStream stored the last projected message';

CREATE TABLE projection_heartbeats (
    stream      text PRIMARY KEY,
    complete_at timestamptz NOT NULL
);
COMMENT ON TABLE projection_heartbeats IS 'When the active projector last saw that nothing of a stream was left to project';

CREATE TABLE integrations (
    organization_id text        NOT NULL,
    id              uuid        PRIMARY KEY,
    connector       text        NOT NULL,
    state           text        NOT NULL,
    reason          text,
    account_id      text        NOT NULL,
    account_name    text        NOT NULL,
    bot_user        text,
    scopes          jsonb       NOT NULL,
    authorized_at   timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    sequence        bigint      NOT NULL
);
CREATE INDEX integrations_of_organization ON integrations (organization_id, connector);
COMMENT ON COLUMN integrations.state IS 'active, suspended or disconnected';
COMMENT ON COLUMN integrations.reason IS 'Why it is suspended or disconnected';

CREATE TABLE resources (
    organization_id text        NOT NULL,
    integration_id  uuid        NOT NULL,
    kind            text        NOT NULL,
    id              text        NOT NULL,
    connector       text        NOT NULL,
    name            text        NOT NULL,
    url             text,
    private         boolean     NOT NULL,
    granted_at      timestamptz NOT NULL,
    withdrawn_at    timestamptz,
    sequence        bigint      NOT NULL,
    PRIMARY KEY (integration_id, kind, id)
);
CREATE INDEX resources_of_organization ON resources (organization_id, kind) WHERE withdrawn_at IS NULL;
COMMENT ON COLUMN resources.kind IS 'repository or channel';
COMMENT ON COLUMN resources.withdrawn_at IS 'Since when it may no longer be seen; the row stays, so that an older event can''t bring it back';

CREATE TABLE changes (
    organization_id text        NOT NULL,
    id              uuid        PRIMARY KEY,
    connector       text        NOT NULL,
    kind            text        NOT NULL,
    repository      text        NOT NULL,
    title           text        NOT NULL,
    url             text        NOT NULL,
    actor_id        text        NOT NULL,
    actor_name      text        NOT NULL,
    actor_url       text,
    reference       text,
    revision        text,
    details         jsonb       NOT NULL,
    occurred_at     timestamptz NOT NULL,
    sequence        bigint      NOT NULL
);
CREATE INDEX changes_of_organization ON changes (organization_id, occurred_at DESC, sequence DESC);
CREATE INDEX changes_of_repository ON changes (organization_id, lower(repository), occurred_at DESC, sequence DESC);

CREATE TABLE conversations (
    organization_id text        NOT NULL,
    id              uuid        NOT NULL,
    connector       text        NOT NULL,
    account_id      text        NOT NULL,
    channel_id      text        NOT NULL,
    thread_id       text        NOT NULL,
    started_at      timestamptz NOT NULL,
    active_at       timestamptz NOT NULL,
    sequence        bigint      NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX conversations_by_activity ON conversations (organization_id, active_at DESC, id);
COMMENT ON COLUMN conversations.active_at IS 'When something last happened in it';

CREATE TABLE conversation_messages (
    organization_id text        NOT NULL,
    conversation_id uuid        NOT NULL,
    answer_id       uuid        NOT NULL,
    message_id      text        NOT NULL,
    author_id       text        NOT NULL,
    author_name     text,
    text            text        NOT NULL,
    sent_at         timestamptz NOT NULL,
    received        bigint      NOT NULL,
    answer_state    text        NOT NULL,
    answer_text     text,
    answer_reason   text,
    posted_id       text,
    agent           text,
    answered_at     timestamptz,
    sequence        bigint      NOT NULL,
    PRIMARY KEY (organization_id, conversation_id, answer_id)
);
COMMENT ON COLUMN conversation_messages.received IS 'The place in EVENTS where the message entered the conversation: the order of reading';
COMMENT ON COLUMN conversation_messages.answer_state IS 'requested, posted or failed';
COMMENT ON COLUMN conversation_messages.posted_id IS 'What the chat calls the answer, or the sentence that says that there is none';

CREATE TABLE event_index (
    stream          text        NOT NULL,
    sequence        bigint      NOT NULL,
    subject         text        NOT NULL,
    event_id        text        NOT NULL,
    source          text        NOT NULL,
    type            text        NOT NULL,
    organization_id text,
    correlation_id  text,
    causation_id    text,
    actor           text,
    occurred_at     timestamptz,
    published_at    timestamptz NOT NULL,
    PRIMARY KEY (stream, sequence)
);
CREATE INDEX event_index_by_event ON event_index (event_id);
CREATE INDEX event_index_by_correlation ON event_index (correlation_id);
CREATE INDEX event_index_by_causation ON event_index (causation_id);
CREATE INDEX event_index_by_time ON event_index (published_at);
CREATE INDEX event_index_of_organization ON event_index (organization_id, published_at);
COMMENT ON TABLE event_index IS 'Where every fact and event stands, for tracing; its payload stays in the stream';
COMMENT ON COLUMN event_index.organization_id IS 'Absent on a fact that came from an account that nobody had connected';
