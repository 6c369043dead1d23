-- Organizations, their members, people and proposed actions; an audit that holds every event; and a second wall between
-- organizations: the role `infragpt_api`, which owns nothing and sees one organization at a time.
--
-- What is new here is made of events that no build before wrote, except for the audit: it has a row for events of long ago.
-- So the stream EVENTS is projected again, from its start. Rows that are there already stay as they are, and are there all
-- the while, because every write is guarded by its place in the log; only the audit fills up again.

-- A projector of the build before would move that checkpoint without writing what is new. It can't make the one that is
-- gone, because it knows no shape: it waits until it is replaced.
ALTER TABLE projection_checkpoints ADD COLUMN shape smallint NOT NULL DEFAULT 3;
ALTER TABLE projection_checkpoints ALTER COLUMN shape DROP DEFAULT;
DELETE FROM projection_checkpoints WHERE stream = 'EVENTS';
DELETE FROM projection_heartbeats;
COMMENT ON COLUMN projection_checkpoints.shape IS 'The shape of the tables that its stream is projected into: a build that knows only an earlier one can''t make it';

CREATE TABLE organizations (
    organization_id text        PRIMARY KEY,
    name            text,
    slug            text,
    updated_at      timestamptz,
    profile         jsonb,
    profile_set_at  timestamptz,
    deleted_at      timestamptz,
    sequence        bigint      NOT NULL
);
COMMENT ON COLUMN organizations.name IS 'Absent where only members are known of it so far, and once it is deleted';
COMMENT ON COLUMN organizations.updated_at IS 'As of when its name and slug are, where they come from';
COMMENT ON COLUMN organizations.deleted_at IS 'Since when it is gone for good. The row stays, so that nothing of it comes back';

CREATE TABLE members (
    organization_id text        NOT NULL,
    membership_id   text        COLLATE "C" NOT NULL,
    user_id         text        COLLATE "C" NOT NULL,
    role            text        NOT NULL,
    since           timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    removed_at      timestamptz,
    sequence        bigint      NOT NULL,
    PRIMARY KEY (organization_id, membership_id)
);
CREATE INDEX members_of_organization ON members (organization_id, user_id, updated_at DESC, membership_id DESC)
    WHERE removed_at IS NULL;
CREATE INDEX members_by_user ON members (user_id);
COMMENT ON TABLE members IS 'Memberships. A person can have several in an organization for a while; the newest that did not end counts';
COMMENT ON COLUMN members.role IS 'member or admin';
COMMENT ON COLUMN members.removed_at IS 'When it ended; the row stays, so that an older event can''t bring it back';

CREATE TABLE users (
    user_id    text        COLLATE "C" PRIMARY KEY,
    name       text,
    email      text,
    updated_at timestamptz,
    deleted_at timestamptz,
    sequence   bigint      NOT NULL
);
COMMENT ON TABLE users IS 'People. They belong to organizations by their memberships';
COMMENT ON COLUMN users.deleted_at IS 'Since when they are gone for good. Nothing but the identifier stays, so that no membership comes back';

CREATE TABLE actions (
    organization_id text        NOT NULL,
    id              uuid        NOT NULL,
    conversation_id uuid        NOT NULL,
    answer_id       uuid        NOT NULL,
    title           text        NOT NULL,
    tool            text        NOT NULL,
    arguments       jsonb       NOT NULL,
    reason          text        NOT NULL,
    state           text        NOT NULL,
    decided_by      text,
    decided_at      timestamptz,
    outcome         text,
    proposed_at     timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    sequence        bigint      NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX actions_of_organization ON actions (organization_id, proposed_at DESC, id DESC);
CREATE INDEX actions_by_state ON actions (organization_id, state, proposed_at DESC, id DESC);
COMMENT ON COLUMN actions.state IS 'proposed, approved, denied, expired, executed or failed';
COMMENT ON COLUMN actions.outcome IS 'What came of it, why it failed, or why it was denied';

DROP TABLE audit_records;
CREATE TABLE audit_records (
    organization_id text        NOT NULL,
    id              uuid        PRIMARY KEY,
    action          text        NOT NULL,
    subject_kind    text        NOT NULL,
    subject_id      text        NOT NULL,
    connector       text,
    purpose         text,
    outcome         text        NOT NULL,
    reason          text,
    count           bigint      NOT NULL,
    actor           text,
    address         text,
    request_id      text,
    correlation_id  text,
    first_at        timestamptz NOT NULL,
    last_at         timestamptz NOT NULL,
    sequence        bigint      NOT NULL
);
CREATE INDEX audit_records_of_organization ON audit_records (organization_id, last_at DESC, sequence DESC);
CREATE INDEX audit_records_by_action ON audit_records (organization_id, action, last_at DESC, sequence DESC);
CREATE INDEX audit_records_by_actor ON audit_records (organization_id, actor, last_at DESC, sequence DESC);
CREATE INDEX audit_records_not_done ON audit_records (organization_id, outcome, last_at DESC, sequence DESC)
    WHERE outcome <> 'done';
COMMENT ON TABLE audit_records IS 'Who did what, tried what and was refused what: every event but recorded changes and what people are called';
COMMENT ON COLUMN audit_records.organization_id IS 'The organization, or - where none is known';
COMMENT ON COLUMN audit_records.action IS 'aggregate.event, or what was done without changing anything: credential_read, access_refused and the like';
COMMENT ON COLUMN audit_records.purpose IS 'What a credential was opened for, or what was asked for and refused';
COMMENT ON COLUMN audit_records.outcome IS 'done, refused or failed';
COMMENT ON COLUMN audit_records.reason IS 'Why it was refused, failed, or done';
COMMENT ON COLUMN audit_records.count IS 'How often between first_at and last_at';
COMMENT ON COLUMN audit_records.address IS 'The network address that it was asked from, where somebody asked';

CREATE TABLE erased_facts (
    stream    text        NOT NULL,
    prefix    text        NOT NULL,
    sequences bigint[]    NOT NULL,
    until     timestamptz NOT NULL,
    sequence  bigint      NOT NULL,
    number    integer     NOT NULL,
    PRIMARY KEY (sequence, number)
);
COMMENT ON TABLE erased_facts IS 'Facts that were erased from their stream, so that what is still on its way from there is not indexed';

-- A change is read far more often than written, and always as a whole: so it is kept as the text that is shown. Beside it
-- stands what it is found by; what is looked for in any case, in lower case. An expression could not be an index condition
-- behind the wall: PostgreSQL computes lower() of a row only once it knows that the row may be seen.
ALTER TABLE changes RENAME TO former_changes;
CREATE TABLE changes (
    organization_id text        NOT NULL,
    id              uuid        NOT NULL,
    connector       text        NOT NULL,
    kind            text        NOT NULL,
    repository_key  text        NOT NULL,
    actor_id_key    text        NOT NULL,
    actor_name_key  text        NOT NULL,
    document        text        NOT NULL,
    occurred_at     timestamptz NOT NULL,
    sequence        bigint      NOT NULL
);
INSERT INTO changes
SELECT organization_id, id, connector, kind, lower(left(repository, 256)), lower(left(actor_id, 256)),
       lower(left(actor_name, 256)),
       concat(
           '{"id":"', id, '","kind":', to_json(kind), ',"repository":', to_json(repository), ',"title":', to_json(title),
           ',"url":', to_json(url), ',"actor":{"id":', to_json(actor_id), ',"name":', to_json(actor_name),
           ',"url":', coalesce(to_json(actor_url)::text, 'null'),
           '},"reference":', coalesce(to_json(reference)::text, 'null'),
           ',"revision":', coalesce(to_json(revision)::text, 'null'),
           ',"details":[', (SELECT string_agg(to_json(line)::text, ',' ORDER BY number)
                            FROM jsonb_array_elements_text(details) WITH ORDINALITY AS lines (line, number)),
           '],"occurred_at":"', to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'),
           CASE
               WHEN extract(microseconds FROM occurred_at)::bigint % 1000000 = 0 THEN ''
               WHEN extract(microseconds FROM occurred_at)::bigint % 1000 = 0 THEN to_char(occurred_at, '.MS')
               ELSE to_char(occurred_at, '.US')
           END,
           'Z"}'),
       occurred_at, sequence
FROM former_changes;
DROP TABLE former_changes;
ALTER TABLE changes ADD PRIMARY KEY (id);
CREATE INDEX changes_of_organization ON changes (organization_id, occurred_at DESC, sequence DESC);
CREATE INDEX changes_of_repository ON changes (organization_id, repository_key, occurred_at DESC, sequence DESC);
CREATE INDEX changes_of_kind ON changes (organization_id, kind, occurred_at DESC, sequence DESC);
CREATE INDEX changes_by_actor_id ON changes (organization_id, actor_id_key, occurred_at DESC, sequence DESC);
CREATE INDEX changes_by_actor_name ON changes (organization_id, actor_name_key, occurred_at DESC, sequence DESC);
COMMENT ON COLUMN changes.document IS 'The change as it is shown, in JSON';

-- Names and channels that pages are read by are kept short, which the builds before did not do. Such rows come back with the
-- log, shortened. They can't just be deleted: an index that is made in the same transaction holds them still.
ALTER TABLE resources RENAME TO former_resources;
CREATE TABLE resources (LIKE former_resources INCLUDING COMMENTS);
INSERT INTO resources SELECT * FROM former_resources WHERE octet_length(name) <= 512;
DROP TABLE former_resources;
ALTER TABLE resources ADD PRIMARY KEY (integration_id, kind, id);
CREATE INDEX resources_of_organization
    ON resources (organization_id, kind, name COLLATE "C", id COLLATE "C", integration_id) WHERE withdrawn_at IS NULL;

ALTER TABLE conversations RENAME TO former_conversations;
CREATE TABLE conversations (LIKE former_conversations INCLUDING COMMENTS);
INSERT INTO conversations SELECT * FROM former_conversations WHERE octet_length(channel_id) <= 512;
DROP TABLE former_conversations;
ALTER TABLE conversations ADD PRIMARY KEY (organization_id, id);
CREATE INDEX conversations_by_activity ON conversations (organization_id, active_at DESC, id DESC);
CREATE INDEX conversations_of_channel ON conversations (organization_id, channel_id, active_at DESC, id DESC);
CREATE INDEX conversation_messages_in_order ON conversation_messages (organization_id, conversation_id, received, answer_id);
CREATE INDEX conversation_messages_by_time ON conversation_messages (organization_id, sent_at);
CREATE INDEX conversation_messages_by_answer ON conversation_messages (organization_id, answered_at, answer_state);

-- The role belongs to the whole server, so another database may have made it already, or be making it now. Connections of the
-- API begin as whoever owns these tables, unless they are given a login of their own: so the owner has to be able to become
-- this role.
DO $$
DECLARE
    may_become boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'infragpt_api') THEN
        BEGIN
            CREATE ROLE infragpt_api NOLOGIN NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    -- Since PostgreSQL 16 whoever made a role is a member of it, and still may not become it.
    IF current_setting('server_version_num')::integer >= 160000 THEN
        may_become := pg_has_role(current_user, 'infragpt_api', 'SET');
    ELSE
        may_become := pg_has_role(current_user, 'infragpt_api', 'MEMBER');
    END IF;
    IF NOT may_become THEN
        EXECUTE format('GRANT infragpt_api TO %I', current_user);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO infragpt_api', current_schema());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION '% may neither make the role infragpt_api nor become it', current_user
        USING ERRCODE = 'insufficient_privilege',
              HINT = format('As a superuser: CREATE ROLE infragpt_api NOLOGIN NOINHERIT; GRANT infragpt_api TO %I;', current_user);
END
$$;

GRANT SELECT ON organizations, members, users, integrations, resources, changes, conversations, conversation_messages,
    actions, audit_records TO infragpt_api;
GRANT SELECT (stream, sequence) ON projection_checkpoints TO infragpt_api;

ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE integrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE resources ENABLE ROW LEVEL SECURITY;
ALTER TABLE changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversations ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversation_messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE actions ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE projection_checkpoints ENABLE ROW LEVEL SECURITY;

-- Without the setting there is no organization, and `-` is nobody's: no row equals NULL.
CREATE POLICY of_organization ON organizations FOR SELECT TO infragpt_api
    USING (organization_id = nullif(current_setting('infragpt.organization', true), '-'));
CREATE POLICY of_organization ON members FOR SELECT TO infragpt_api
    USING (organization_id = nullif(current_setting('infragpt.organization', true), '-'));
CREATE POLICY of_organization ON integrations FOR SELECT TO infragpt_api
    USING (organization_id = nullif(current_setting('infragpt.organization', true), '-'));
CREATE POLICY of_organization ON resources FOR SELECT TO infragpt_api
    USING (organization_id = nullif(current_setting('infragpt.organization', true), '-'));
CREATE POLICY of_organization ON changes FOR SELECT TO infragpt_api
    USING (organization_id = nullif(current_setting('infragpt.organization', true), '-'));
CREATE POLICY of_organization ON conversations FOR SELECT TO infragpt_api
    USING (organization_id = nullif(current_setting('infragpt.organization', true), '-'));
CREATE POLICY of_organization ON conversation_messages FOR SELECT TO infragpt_api
    USING (organization_id = nullif(current_setting('infragpt.organization', true), '-'));
CREATE POLICY of_organization ON actions FOR SELECT TO infragpt_api
    USING (organization_id = nullif(current_setting('infragpt.organization', true), '-'));
CREATE POLICY of_organization ON audit_records FOR SELECT TO infragpt_api
    USING (organization_id = nullif(current_setting('infragpt.organization', true), '-'));
-- Not EXISTS, for which PostgreSQL may read all members of the organization into memory first.
CREATE POLICY members_of_organization ON users FOR SELECT TO infragpt_api
    USING ((
        SELECT true FROM members
        WHERE members.organization_id = nullif(current_setting('infragpt.organization', true), '-')
              AND members.user_id = users.user_id AND members.removed_at IS NULL
        LIMIT 1
    ));
-- How far the log is projected is nobody's secret, and a reader of their own writes waits for it.
CREATE POLICY of_events ON projection_checkpoints FOR SELECT TO infragpt_api USING (stream = 'EVENTS');

-- Whoever reads names the organization first, once in a transaction, and hears what they may do there. Who may do nothing
-- there reads for nobody.
CREATE FUNCTION infragpt_enter(organization text, person text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found_role text;
BEGIN
    IF current_setting('infragpt.organization', true) <> '' THEN
        RAISE EXCEPTION 'this transaction reads for an organization already';
    END IF;
    -- Whoever owns the tables, or may pass by policies, would read for everybody.
    IF NOT row_security_active('members') THEN
        RAISE EXCEPTION 'role % reads past the wall between organizations: it has to be infragpt_api', current_user;
    END IF;
    organization := set_config('infragpt.organization', organization, true);
    SELECT role INTO found_role FROM members
        WHERE organization_id = organization AND user_id = person AND removed_at IS NULL
        ORDER BY updated_at DESC, membership_id DESC LIMIT 1;
    IF found_role IS NULL THEN
        organization := set_config('infragpt.organization', '', true);
    END IF;
    RETURN found_role;
END
$$;
REVOKE ALL ON FUNCTION infragpt_enter FROM PUBLIC;
GRANT EXECUTE ON FUNCTION infragpt_enter TO infragpt_api;
